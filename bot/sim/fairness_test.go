package sim

import (
	"context"
	"math"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// loggedJob is one job, and when it was asked for and rendered.
type loggedJob struct {
	server int
	asked  time.Time
	began  time.Time
	ended  time.Time
}

// fairnessLog is a workload that records every job and the estimates of when it ends.
type fairnessLog struct {
	*workload
	mu        sync.Mutex
	jobs      map[string]*loggedJob // by id
	estimates []loggedEstimate
}

type loggedEstimate struct {
	job     string
	at, end time.Time
}

func newFairnessLog(c *cluster, servers, each int) *fairnessLog {
	l := &fairnessLog{jobs: map[string]*loggedJob{}}
	c.onRender = l.onRender
	l.workload = newWorkload(c, servers, each)
	return l
}

func (l *fairnessLog) onRender(job string, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.jobs[job]
	if o == nil {
		return
	}
	if o.ended = time.Now(); !over {
		o.began = o.ended
	}
}

// ask runs /imagine as a server's n-th user, with this number of steps.
func (l *fairnessLog) ask(server, n, steps int) {
	l.workload.mu.Lock()
	channel := l.channels[server]
	l.workload.mu.Unlock()
	who := l.users[server*len(l.users)/len(l.channels)+n]
	at := time.Now()
	i, err := l.Command(who.ID, channel, "imagine",
		sandbox.With("prompt", "a red boat"), sandbox.With("steps", steps), sandbox.With("count", 4))
	if err != nil {
		l.t.Fatal(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.interactions = append(l.interactions, i.ID)
	l.jobs[i.ID+"-0"] = &loggedJob{server: server, asked: at}
}

// recordEstimates records the estimate of every waiting job at this interval, until stop is closed.
func (l *fairnessLog) recordEstimates(every time.Duration, stop <-chan struct{}) {
	q := l.redis.openQueue(l.network.gate(), queueOptions)
	defer func() { _ = q.Close() }()
	for {
		select {
		case <-stop:
			return
		case <-time.After(every):
		}
		ctx := context.Background()
		s, err := q.Snapshot(ctx)
		if err != nil {
			continue
		}
		renderers, err := q.Renderers(ctx)
		if err != nil {
			continue
		}
		now := time.Now()
		l.mu.Lock()
		for job, e := range queue.EstimateTimes(s, renderers) {
			l.estimates = append(l.estimates, loggedEstimate{job, now, now.Add(e.End.Sub(s.At))})
		}
		l.mu.Unlock()
	}
}

// estimateErrors returns the error of each estimate as a fraction of the time that was left, if at least this much was
// left. Those of undisturbed are also apart: no later request was rendered before that job, as fairness may demand.
func (l *fairnessLog) estimateErrors(least time.Duration) (all, undisturbed []float64) {
	for _, f := range l.estimates {
		o := l.jobs[f.job]
		if o == nil || o.ended.Sub(f.at) < least {
			continue
		}
		off := math.Abs(f.end.Sub(o.ended).Seconds()) / o.ended.Sub(f.at).Seconds()
		all = append(all, off)
		if !l.overtaken(o, f.at) {
			undisturbed = append(undisturbed, off)
		}
	}
	return all, undisturbed
}

// overtaken tells whether a job that was asked for after this time began before the job.
func (l *fairnessLog) overtaken(job *loggedJob, after time.Time) bool {
	for _, o := range l.jobs {
		if o.asked.After(after) && o.began.Before(job.began) {
			return true
		}
	}
	return false
}

// waits returns how long the jobs of all servers but one waited, actually and in an ideally fair system, and the
// longest time that a render took; in seconds.
func (l *fairnessLog) waits(except, renderers int) (actual, ideal []float64, longest float64) {
	var all []*loggedJob
	for _, o := range l.jobs {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y *loggedJob) int { return x.asked.Compare(y.asked) })
	ends := idealFinishTimes(all, float64(renderers))
	for i, o := range all {
		took := o.ended.Sub(o.began).Seconds()
		longest = max(longest, took)
		if o.server == except {
			continue
		}
		actual = append(actual, o.began.Sub(o.asked).Seconds())
		ideal = append(ideal, max(0, ends[i]-o.asked.Sub(all[0].asked).Seconds()-took))
	}
	return actual, ideal, longest
}

// idealFinishTimes returns when each job ends, in seconds after the first request, under generalized processor sharing:
// the servers with jobs share the renderers equally and continuously, a job uses one renderer at most, and a server's
// jobs start in their order. No queue of whole jobs can be fairer.
func idealFinishTimes(jobs []*loggedJob, renderers float64) []float64 {
	const dt = 0.05
	ends, left := make([]float64, len(jobs)), make([]float64, len(jobs))
	for i, o := range jobs {
		left[i] = o.ended.Sub(o.began).Seconds()
	}
	for now, open := 0.0, len(jobs); open > 0; now += dt {
		waiting := map[int][]int{} // the jobs of each server
		for i, o := range jobs {
			if ends[i] == 0 && o.asked.Sub(jobs[0].asked).Seconds() <= now {
				waiting[o.server] = append(waiting[o.server], i)
			}
		}
		for _, s := range shares(waiting, renderers) {
			for k, i := range s.jobs {
				left[i] -= dt * min(1, max(0, s.rate-float64(k)))
				if left[i] <= 0 {
					ends[i] = now + dt
					open--
				}
			}
		}
	}
	return ends
}

// share is what one server gets: its rate, in renderers.
type share struct {
	jobs []int
	rate float64
}

// shares divides the renderers equally among the servers. No server gets more renderers than it has jobs.
func shares(waiting map[int][]int, renderers float64) []share {
	var all []share
	for _, jobs := range waiting {
		all = append(all, share{jobs: jobs})
	}
	slices.SortFunc(all, func(x, y share) int { return len(x.jobs) - len(y.jobs) })
	for i := range all {
		all[i].rate = min(float64(len(all[i].jobs)), renderers/float64(len(all)-i))
		renderers -= all[i].rate
	}
	return all
}

func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	return values[min(len(values)-1, int(p*float64(len(values))))]
}

// TestFloodDoesNotDelayOthers checks the waits of many small servers while one server asks for very many pictures.
func TestFloodDoesNotDelayOthers(t *testing.T) {
	t.Parallel()
	flood, small := shortRequests/2, shortRequests/2
	if os.Getenv(soakEnv) != "" {
		flood, small = 400, 400
	}
	dir, log := scratchDir(t), openLog(t, 5)
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 5, dir)
		c.log = log
		l := newFairnessLog(c, 31, 8)
		l.start("r1", "r2", "r3")
		for range small {
			sleepExp(l.rng, 5500*time.Millisecond)
			l.ask(1+l.rng.IntN(30), l.rng.IntN(8), 10+l.rng.IntN(15))
			for ; flood > 0 && len(l.jobs) > 5; flood-- {
				l.ask(0, flood%8, 10+l.rng.IntN(15))
			}
		}
		l.waitSettled(3 * time.Hour)
		actual, ideal, render := l.waits(0, 3)
		got, bound := percentile(actual, 0.95), percentile(ideal, 0.95)
		t.Logf("small servers waited %.1f s at p50 and %.1f s at p95; ideal are %.1f s and %.1f s; "+
			"a render takes up to %.1f s", percentile(actual, 0.5), got, percentile(ideal, 0.5), bound, render)
		if got > 2*bound+render {
			t.Errorf("p95 of the small servers' waits is %.1f s, want at most twice the ideal %.1f s and one render "+
				"of %.1f s", got, bound, render)
		}
	})
}

// TestEstimateAccuracy compares the estimates for waiting jobs with the times at which they ended.
func TestEstimateAccuracy(t *testing.T) {
	t.Parallel()
	requests, bound := 25, 0.1 // some six estimates decide
	if os.Getenv(soakEnv) != "" {
		requests, bound = 200, 0.05
	}
	dir, log := scratchDir(t), openLog(t, 6)
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, 6, dir)
		c.log = log
		l := newFairnessLog(c, 10, 4)
		l.start("r1", "r2", "r3")
		l.ask(0, 0, 12) // the queue learns from it how long a step takes
		time.Sleep(time.Minute)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { defer close(stopped); l.recordEstimates(10*time.Second, stop) }()
		for range requests { // users ask in bursts, with pauses between them
			sleepExp(l.rng, 12*time.Second)
			server, n := l.rng.IntN(10), l.rng.IntN(4)
			for range 1 + l.rng.IntN(7) {
				l.ask(server, n, 10+l.rng.IntN(15))
			}
		}
		l.waitSettled(3 * time.Hour)
		close(stop)
		<-stopped
		all, undisturbed := l.estimateErrors(5 * time.Second)
		most := percentile(undisturbed, 0.9)
		t.Logf("%d estimates: off by %.0f %% at p50, %.0f %% at p90; the %d whose job nobody overtook by %.0f %% at p50, "+
			"%.0f %% at p90", len(all), 100*percentile(all, 0.5), 100*percentile(all, 0.9),
			len(undisturbed), 100*percentile(undisturbed, 0.5), 100*most)
		if len(undisturbed) < requests || most >= bound {
			t.Errorf("p90 of the error of %d estimates is %.0f %%, want less than %.0f %%",
				len(undisturbed), 100*most, 100*bound)
		}
	})
}

// start starts these renderers and a bot, and waits until they know each other.
func (w *workload) start(slots ...string) {
	for _, s := range slots {
		w.startRenderer(s)
	}
	w.startBot()
	w.ready()
	time.Sleep(10 * time.Second)
}
