package sim

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/queue"
)

// What the environment says.
const (
	soakEnv  = "DARKROOM_SOAK"     // asks for the long form
	seedEnv  = "DARKROOM_SEED"     // repeats one run
	jobsEnv  = "DARKROOM_SIM_JOBS" // how many jobs the long form has; longJobs
	factsEnv = "DARKROOM_FACTS"    // the folder for what was found, as JSON
	logEnv   = "DARKROOM_SIM_LOG"  // the file for every process's log
)

const longJobs = 100_000

func TestMain(m *testing.M) {
	queue.Quiet()
	os.Exit(m.Run())
}

// TestNothingIsLostAndNothingIsDoubled lets a few towns live through all kinds of trouble.
func TestNothingIsLostAndNothingIsDoubled(t *testing.T) {
	f := &fact{Fault: "everything at once, in virtual time", Where: "whole system"}
	defer f.write(t)
	wishes := 120
	if os.Getenv(soakEnv) != "" {
		wishes = 1000
	}
	for _, seed := range seeds(t) {
		if v := lifetime(t, seed, wishes); !f.add(seed, v) {
			return
		}
	}
}

// seeds are the towns to live through: a few, or as many as the long form takes.
func seeds(t *testing.T) func(func(int, uint64) bool) {
	t.Helper()
	return func(yield func(int, uint64) bool) {
		if text := os.Getenv(seedEnv); text != "" {
			seed, err := strconv.ParseUint(text, 10, 64)
			if err != nil {
				t.Fatalf("%s=%s: %v", seedEnv, text, err)
			}
			yield(0, seed)
			return
		}
		if os.Getenv(soakEnv) == "" {
			for i := range 3 {
				if !yield(i, uint64(i+1)) {
					return
				}
			}
			return
		}
		for i := 0; ; i++ {
			if !yield(i, rand.Uint64()>>24) {
				return
			}
		}
	}
}

// lifetime is one town's life. It returns what the oracle found at its end.
func lifetime(t *testing.T, seed uint64, wishes int) (v verdict) {
	t.Helper()
	dir, log := scratch(t), journal(t)
	began := time.Now()
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { v = through(t, seed, dir, log, wishes) })
	})
	t.Logf("seed %d: %v of real time for %d jobs, %v", seed, time.Since(began).Round(time.Millisecond), v.Jobs, v.Ends)
	return v
}

// through lives one town's life inside a bubble.
func through(t *testing.T, seed uint64, dir string, log *slog.Logger, wishes int) verdict {
	w := newTown(t, seed, dir)
	w.log, w.chaos = log, 0.03
	l := newLife(w, 8, 8)
	slots := []string{"north", "east", "south", "west", "attic", "cellar"}
	l.opens(slots...)
	tr, stop, done := newTrouble(l, slots...), make(chan struct{}), make(chan struct{})
	go func() { defer close(done); tr.reign(10*time.Second, stop) }()
	l.live(wishes, 700*time.Millisecond)
	close(stop)
	<-done
	l.settle(3 * time.Hour)
	v := l.judge()
	for what, list := range map[string][]string{"lost": v.Lost, "double": v.Double, "untrue": v.Untrue} {
		for _, s := range list[:min(len(list), 10)] {
			t.Errorf("seed %d: %s: %s", seed, what, s)
		}
	}
	return v
}

// scratch is a folder for a database, in memory where the machine has such a place.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "darkroom-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// journal is where processes log to.
func journal(t *testing.T) *slog.Logger {
	t.Helper()
	path := os.Getenv(logEnv)
	if path == "" {
		return slog.New(slog.DiscardHandler)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// fact is what the soak program reads.
type fact struct {
	Fault    string `json:"fault"`
	Where    string `json:"where"`
	Tries    int    `json:"tries"`
	Lost     int    `json:"lost"`
	Double   int    `json:"double"`
	Recovery int64  `json:"recovery_ms"`
	Note     string `json:"note"`
	Seed     uint64 `json:"seed"`
}

// add counts a town in; it tells whether to go on.
func (f *fact) add(seed uint64, v verdict) bool {
	f.Tries, f.Lost, f.Double, f.Seed = f.Tries+v.Jobs, f.Lost+len(v.Lost), f.Double+len(v.Double), seed
	return os.Getenv(soakEnv) == "" || f.Tries < wanted() && f.Lost+f.Double == 0
}

func wanted() int {
	if n, err := strconv.Atoi(os.Getenv(jobsEnv)); err == nil {
		return n
	}
	return longJobs
}

func (f *fact) write(t *testing.T) {
	t.Helper()
	dir := os.Getenv(factsEnv)
	if dir == "" {
		return
	}
	b, err := json.Marshal(f)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "simulation.json"), b, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
