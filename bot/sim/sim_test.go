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

// Environment variables.
const (
	soakEnv  = "DARKROOM_SOAK"     // if set, the long form runs
	seedEnv  = "DARKROOM_SEED"     // the seed of a run to repeat
	jobsEnv  = "DARKROOM_SIM_JOBS" // the number of jobs of the long form; longJobs if empty
	factsEnv = "DARKROOM_FACTS"    // the folder for the reports, as JSON
	logEnv   = "DARKROOM_SIM_LOG"  // the file for the log of all processes; the seed is added to its name
)

// Limits of the long form: the number of jobs, and the real time after which no new cluster starts.
const (
	longJobs    = 100_000
	maxRealTime = 50 * time.Minute
)

func TestMain(m *testing.M) {
	queue.SilenceRedisLog()
	os.Exit(m.Run())
}

// TestNothingIsLostOrDoubled runs a cluster with random faults, and checks that no job is lost or doubled. The long
// form runs clusters until they have longJobs acknowledged jobs or maxRealTime has passed.
func TestNothingIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	f := newReport("virtual time", "sim-")
	defer f.write(t)
	if os.Getenv(soakEnv) == "" {
		v := runSeed(t, seedOr(t, 1), shortRequests)
		if f.add(v); v.Masked == 0 {
			t.Error("no image with a mask was made")
		}
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

// seedOr returns the seed of seedEnv, or another if it is empty.
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

// runSeed runs one cluster and returns what the oracle found.
func runSeed(t *testing.T, seed uint64, requests int) verdict {
	t.Helper()
	return runIn(t, runInBubble, seed, requests)
}

// runIn runs one cluster by a function that runs it inside a bubble.
func runIn(
	t *testing.T, bubble func(*testing.T, uint64, string, *slog.Logger, int) verdict, seed uint64, requests int,
) (v verdict) {
	t.Helper()
	dir, log := scratchDir(t), openLog(t, seed)
	began := time.Now()
	t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { v = bubble(t, seed, dir, log, requests) })
	})
	t.Logf("seed %d: %v of real time for %d jobs, %v", seed, time.Since(began).Round(time.Millisecond), v.Jobs, v.Ends)
	return v
}

// runInBubble runs one cluster with faults and users inside a bubble.
func runInBubble(t *testing.T, seed uint64, dir string, log *slog.Logger, requests int) verdict {
	c := newCluster(t, seed, dir)
	c.log, c.failureRate = log, 0.03
	w := newWorkload(c, 8, 8)
	slots := []string{"r1", "r2", "r3", "r4", "r5", "r6"}
	w.start(slots...)
	w.prefer()
	v := w.runWithFaults(newFaultInjector(w, slots...), requests)
	w.checkPreferences()
	return v
}

// runWithFaults runs users beside faults, waits until all is quiet, and returns what the oracle found.
func (w *workload) runWithFaults(inj *faultInjector, requests int) verdict {
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { defer close(done); inj.run(10*time.Second, stop) }()
	w.run(requests, 700*time.Millisecond)
	close(stop)
	<-done
	quietSince := time.Now()
	w.waitSettled(3 * time.Hour)
	v := w.check()
	v.Seed, v.Faults, v.Recovery = w.seed, inj.tried, time.Since(quietSince)-settleTime
	w.openInboxes()
	for what, list := range map[string][]string{"lost": v.Lost, "double": v.Double, "wrong message": v.WrongMessages} {
		for _, s := range list[:min(len(list), 10)] {
			w.t.Errorf("seed %d: %s: %s", w.seed, what, s)
		}
	}
	return v
}

// scratchDir returns a folder for a database, in memory if the machine has /dev/shm.
func scratchDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "darkroom-sim-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// openLog returns the logger of all processes of a cluster.
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
