package sim

import (
	"math/rand/v2"
	"sync"
	"time"
)

// faultInjector makes random faults in a cluster.
type faultInjector struct {
	*workload
	rng   *rand.Rand
	slots []string
	kinds []fault
	wg    sync.WaitGroup

	mu          sync.Mutex
	busy        map[string]bool // the components and slots that have a fault now
	tried       map[string]int  // how often each fault was tried
	redisBackup []keyValue      // a copy of the data of Redis, for rollBack
}

func newFaultInjector(w *workload, slots ...string) *faultInjector {
	return &faultInjector{
		workload: w,
		rng:      rand.New(rand.NewPCG(w.seed, 4)),
		slots:    slots,
		kinds:    faults,
		busy:     map[string]bool{},
		tried:    map[string]int{},
	}
}

// run makes faults, on average at this interval, until stop is closed. It returns when all faults are over.
func (f *faultInjector) run(every time.Duration, stop <-chan struct{}) {
	for over := false; !over; {
		select {
		case <-stop:
			over = true
		case <-time.After(f.drawDuration(every)):
			f.injectRandom()
		}
	}
	f.wg.Wait()
}

// drawDuration draws a duration with this mean.
func (f *faultInjector) drawDuration(mean time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return drawExp(f.rng, mean)
}

// drawInt draws a number from 0 to n-1.
func (f *faultInjector) drawInt(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rng.IntN(n)
}

// injectRandom draws a fault, by weight, and makes it.
func (f *faultInjector) injectRandom() {
	sum := 0
	for _, one := range f.kinds {
		sum += one.weight
	}
	n := f.drawInt(sum)
	duration := min(f.drawDuration(8*time.Second), time.Minute)
	for _, one := range f.kinds {
		if n -= one.weight; n < 0 {
			f.inject(one, duration)
			return
		}
	}
}

// inject starts a fault, unless its component has a fault already.
func (f *faultInjector) inject(one fault, duration time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.component != "" && f.busy[one.component] {
		return
	}
	f.tried[one.name]++
	f.busy[one.component] = true
	if f.rng.IntN(3) == 0 {
		f.redisBackup = f.redis.copy()
	}
	f.wg.Go(func() {
		f.log.Info("a fault starts", "fault", one.name, "duration", duration)
		one.do(f, duration)
		f.log.Info("a fault ends", "fault", one.name)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.busy[one.component] = false
	})
}
