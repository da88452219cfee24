package sim

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
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
	logEnv   = "DARKROOM_SIM_LOG"  // the file for the log of every process, the town's seed is added to its name
)

const (
	longJobs = 100_000
	longest  = 50 * time.Minute // of real time
)

func TestMain(m *testing.M) {
	queue.Quiet()
	os.Exit(m.Run())
}

// TestNothingIsLostAndNothingIsDoubled lets a few towns live through all kinds of trouble; in the long form so many that
// they have longJobs promised pictures together, unless longest is over before.
func TestNothingIsLostAndNothingIsDoubled(t *testing.T) {
	t.Parallel()
	f := newFinding()
	defer f.write(t)
	if os.Getenv(soakEnv) == "" {
		f.add(lifetime(t, seedOr(t, 1), few))
		return
	}
	first := seedOr(t, rand.Uint64()>>24)
	end := time.Now().Add(longest)
	var wg sync.WaitGroup
	var next atomic.Uint64
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			for f.wants() && time.Now().Before(end) {
				f.add(lifetime(t, first+next.Add(1)-1, 1000))
			}
		})
	}
	wg.Wait()
}

// seedOr is the seed that is to be repeated, or another.
func seedOr(t *testing.T, other uint64) uint64 {
	t.Helper()
	text := os.Getenv(seedEnv)
	if text == "" {
		return other
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", seedEnv, text, err)
	}
	return seed
}

// lifetime is one town's life. It returns what the oracle found at its end.
func lifetime(t *testing.T, seed uint64, wishes int) (v verdict) {
	t.Helper()
	dir, log := scratch(t), journal(t, seed)
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
	calm := time.Now()
	l.settle(3 * time.Hour)
	v := l.judge()
	v.Seed, v.Tried, v.Calm = seed, tr.tried, time.Since(calm)-lastWords
	l.unwrap()
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
func journal(t *testing.T, seed uint64) *slog.Logger {
	t.Helper()
	path := os.Getenv(logEnv)
	if path == "" {
		return slog.New(slog.DiscardHandler)
	}
	f, err := os.Create(path + "." + strconv.FormatUint(seed, 10))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return slog.New(slog.NewTextHandler(f, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
