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
	longJobs    = 100_000
	maxRealTime = 50 * time.Minute // of real time
)

func TestMain(m *testing.M) {
	queue.SilenceRedisLog()
	os.Exit(m.Run())
}

// TestNothingIsLostOrDoubled lets a few towns live through all kinds of trouble; in the long form so many that
// they have longJobs promised pictures together, unless longest is over before.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	f := newReport()
	defer f.write(t)
	if os.Getenv(soakEnv) == "" {
		f.add(runSeed(t, seedOr(t, 1), shortRequests))
		return
	}
	first := seedOr(t, rand.Uint64()>>24)
	end := time.Now().Add(maxRealTime)
	var wg sync.WaitGroup
	var next atomic.Uint64
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			for f.needsMore() && time.Now().Before(end) {
				f.add(runSeed(t, first+next.Add(1)-1, 1000))
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

// runSeed is one town's life. It returns what the oracle found at its end.
func runSeed(t *testing.T, seed uint64, requests int) (v verdict) {
	t.Helper()
	dir, log := scratchDir(t), openLog(t, seed)
	began := time.Now()
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { v = runInBubble(t, seed, dir, log, requests) })
	})
	t.Logf("seed %d: %v of real time for %d jobs, %v", seed, time.Since(began).Round(time.Millisecond), v.Jobs, v.Ends)
	return v
}

// runInBubble lives one town's life inside a bubble.
func runInBubble(t *testing.T, seed uint64, dir string, log *slog.Logger, requests int) verdict {
	c := newCluster(t, seed, dir)
	c.log, c.failureRate = log, 0.03
	w := newWorkload(c, 8, 8)
	slots := []string{"north", "east", "south", "west", "attic", "cellar"}
	w.start(slots...)
	inj, stop, done := newFaultInjector(w, slots...), make(chan struct{}), make(chan struct{})
	go func() { defer close(done); inj.run(10*time.Second, stop) }()
	w.run(requests, 700*time.Millisecond)
	close(stop)
	<-done
	quietSince := time.Now()
	w.waitSettled(3 * time.Hour)
	v := w.check()
	v.Seed, v.Faults, v.Recovery = seed, inj.tried, time.Since(quietSince)-settleTime
	w.openInboxes()
	for what, list := range map[string][]string{"lost": v.Lost, "double": v.Double, "untrue": v.WrongMessages} {
		for _, s := range list[:min(len(list), 10)] {
			t.Errorf("seed %d: %s: %s", seed, what, s)
		}
	}
	return v
}

// scratchDir is a folder for a database, in memory where the machine has such a place.
func scratchDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "darkroom-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// openLog is where processes log to.
func openLog(t *testing.T, seed uint64) *slog.Logger {
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
