package queue

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// The simulation runs the real scripts with a clock of its own: renderers that load and render, people who ask. Its
// results are compared with the ideal of simulation_fluid_test.go and with the bound of simulation_bound_test.go.

// seed is the seed of a run, from DARKROOM_SEED or at random; it is printed, so that the run can be repeated.
func seed(t testing.TB) uint64 {
	n := rand.Uint64N(1e9)
	if text := os.Getenv("DARKROOM_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("again with DARKROOM_SEED=%d", n)
	return n
}

// simulation is a pool of renderers and people.
type simulation struct {
	*fixture
	started   time.Time
	arrivals  []arrival
	renderers []*simRenderer
	batch     int                      // limit of jobs rendered at once
	loadTime  time.Duration            // to load a model
	delays    map[string]time.Duration // end less arrival and cost
	waits     map[string]time.Duration // lease less arrival
	onEnqueue func(Job)                // called after each enqueue
	onLease   func(Lease)              // called after each lease
}

// simRenderer is one renderer.
type simRenderer struct {
	slot       string
	lane       string // whose model is loaded
	freeAt     time.Duration
	leases     []Lease
	millisEach int64 // milliseconds that each job of the batch is charged
}

func newSimulation(r *fixture, renderers int, arrivals []arrival) *simulation {
	s := &simulation{fixture: r, started: r.clock.Now(), arrivals: arrivals, batch: 1, loadTime: 15 * time.Second,
		delays: map[string]time.Duration{}, waits: map[string]time.Duration{},
		onEnqueue: func(Job) {}, onLease: func(Lease) {}}
	for i := range renderers {
		s.renderers = append(s.renderers, &simRenderer{slot: fmt.Sprint("w", i)})
	}
	return s
}

// simulate runs until all jobs are done.
func (s *simulation) simulate() {
	s.Helper()
	for left := s.arrivals; len(s.delays) < len(s.arrivals); {
		now := s.nextTime(left)
		s.clock.advance(s.started.Add(now).Sub(s.clock.Now()))
		for _, p := range s.renderers {
			if len(p.leases) > 0 && p.freeAt <= now {
				s.finishLeases(p, now)
			}
		}
		for len(left) > 0 && left[0].at <= now {
			if _, err := s.Enqueue(s.ctx, s.epoch, left[0].Job); err != nil {
				s.Fatal(err)
			}
			s.onEnqueue(left[0].Job)
			left = left[1:]
		}
		for _, p := range s.idle() {
			s.reserveFor(p, now)
		}
	}
}

// nextTime is when the next thing happens.
func (s *simulation) nextTime(left []arrival) time.Duration {
	now := time.Duration(1 << 62)
	if len(left) > 0 {
		now = left[0].at
	}
	for _, p := range s.renderers {
		if len(p.leases) > 0 {
			now = min(now, p.freeAt)
		}
	}
	if now == 1<<62 {
		s.Fatalf("%d of %d jobs are done and nothing happens", len(s.delays), len(s.arrivals))
	}
	return now
}

func (s *simulation) idle() (idle []*simRenderer) {
	for _, p := range s.renderers {
		if len(p.leases) == 0 {
			idle = append(idle, p)
		}
	}
	return idle
}

// reserveFor has an idle renderer ask for jobs.
func (s *simulation) reserveFor(p *simRenderer, now time.Duration) {
	o := Capacity{MaxJobs: s.batch}
	for _, lane := range simLanes {
		l := Lane{Name: lane}
		if lane != p.lane {
			l.Load = s.loadTime
		}
		o.Lanes = append(o.Lanes, l)
	}
	slices.SortStableFunc(o.Lanes, func(a, b Lane) int { return int(a.Load - b.Load) })
	s.calls++
	leases, err := s.Reserve(s.ctx, p.slot, fmt.Sprint("n", s.calls), o)
	if err != nil {
		s.Fatal(err)
	}
	if len(leases) == 0 {
		return
	}
	p.leases = leases
	took := s.renderMillis(leases)
	if leases[0].Job.Lane != p.lane {
		p.lane = leases[0].Job.Lane
		took += s.loadTime.Milliseconds()
	}
	p.millisEach, p.freeAt = took/int64(len(leases)), now+time.Duration(took)*time.Millisecond
	for _, l := range leases {
		s.waits[l.Job.ID] = now - s.arrivalOf(l).at
		s.onLease(l)
	}
}

// maxRenderMillis is what the longest job takes; the shortest takes half of it.
const maxRenderMillis = 11_000

// simLanes are the lanes of the simulations.
var simLanes = []string{"one", "two", "three"}

// renderMillis is how long a batch takes: each job after the first adds a little less than half of itself.
func (s *simulation) renderMillis(leases []Lease) (took int64) {
	for i, l := range leases {
		if i == 0 {
			took += l.Job.Cost
		} else {
			took += l.Job.Cost * 45 / 100
		}
	}
	return took
}

func (s *simulation) arrivalOf(l Lease) arrival {
	i := slices.IndexFunc(s.arrivals, func(a arrival) bool { return a.ID == l.Job.ID })
	return s.arrivals[i]
}

func (s *simulation) finishLeases(p *simRenderer, now time.Duration) {
	for _, l := range p.leases {
		if v, err := s.Done(s.ctx, l, p.millisEach, Outcome{}); v != OK || err != nil {
			s.Fatalf("done with %s: %v, %v", l.Job.ID, v, err)
		}
		s.delays[l.Job.ID] = now - s.arrivalOf(l).at - time.Duration(l.Job.Cost)*time.Millisecond
	}
	p.leases = nil
}

// floodWorkload is thirty small servers that together ask for a job every five and a half seconds, for half an hour,
// and one that floods four hundred jobs after a minute. Within a server few users ask for most (Zipf); each server has
// a favourite of three models.
func floodWorkload(random *rand.Rand, minutes int) (all []arrival) {
	zipf := rand.NewZipf(random, 1.5, 1, 9)
	add := func(at time.Duration, server string, favourite int) {
		lane := favourite
		if random.IntN(3) == 0 {
			lane = random.IntN(3)
		}
		all = append(all, arrival{at: at, Job: Job{
			ID: fmt.Sprint("j-", len(all)), Server: server, User: fmt.Sprint("u", zipf.Uint64()), Lane: simLanes[lane],
			Cost: maxRenderMillis/2 + random.Int64N(maxRenderMillis/2), BatchKey: "512x512",
			Spec: []byte(`{}`), Address: []byte(`{}`),
		}})
	}
	for at := time.Duration(0); at < time.Duration(minutes)*time.Minute; {
		at += time.Duration(random.ExpFloat64() / 0.18 * float64(time.Second))
		n := random.IntN(30)
		add(at, fmt.Sprint("small ", n), n%3)
	}
	for range 400 {
		add(time.Minute, "flood", 0)
	}
	slices.SortStableFunc(all, func(a, b arrival) int { return int(a.at - b.at) })
	return all
}

// p95 of the small servers' delays.
func p95(arrivals []arrival, delays map[string]time.Duration) time.Duration {
	var all []time.Duration
	for _, a := range arrivals {
		if a.Server != "flood" {
			all = append(all, delays[a.ID])
		}
	}
	slices.Sort(all)
	return all[len(all)*95/100]
}

// TestFloodDelaysSmallServersLittle compares the waits of thirty small servers, while one floods, with the ideal. The
// ideal knows no loading and no batches, so what one job takes with them, and the delay of a lane that is not loaded,
// is allowed on top of twice the ideal.
func TestFloodDelaysSmallServersLittle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		load    time.Duration
		batch   int
		backend string
	}{{0, 1, "redis"}, {4 * time.Second, 1, "embedded"}, {4 * time.Second, 1, "redis"}, {4 * time.Second, 4, "redis"},
		{15 * time.Second, 1, "redis"}, {15 * time.Second, 4, "redis"}} {
		t.Run(fmt.Sprintf("load %v, batch of %d, %s", c.load, c.batch, c.backend), func(t *testing.T) {
			t.Parallel()
			n := seed(t)
			arrivals := floodWorkload(rand.New(rand.NewPCG(1, n)), 30)
			s := newSimulation(newFixture(t, Options{Lease: time.Hour}, backends[c.backend]), 3, arrivals)
			s.loadTime, s.batch = c.load, c.batch
			s.simulate()
			got, best := p95(arrivals, s.delays), p95(arrivals, idealDelays(arrivals, 3))
			render := c.load + time.Duration(float64(maxRenderMillis)*(1+0.45*float64(c.batch-1)))*time.Millisecond
			want := 2*best + render + affinity*c.load
			t.Logf("p95 of small servers: %v, ideal %v, allowed %v", got, best, want)
			f := &fact{Fault: "one server floods 400 jobs, thirty small ones ask now and then",
				Where: "fairness, real scripts in virtual time",
				Tries: len(arrivals), Note: fmt.Sprintf("loading %v, batches of %d: p95 of the small servers' waits %.1f s, "+
					"of an ideal fluid scheduler without loading %.1f s",
					c.load, c.batch, got.Seconds(), best.Seconds()), Seed: n}
			defer f.write(t, fmt.Sprintf("flood %v %d %s", c.load, c.batch, c.backend))
			if got > want {
				t.Errorf("p95 of small servers is %v, ideal %v; want at most %v", got, best, want)
			}
		})
	}
}

// TestAUserOfAnotherLaneIsNotPassedOver checks that within one server too a user waits no longer than is fair, whatever
// model the renderer has loaded and whatever the others ask for.
func TestAUserOfAnotherLaneIsNotPassedOver(t *testing.T) {
	for name, load := range map[string]time.Duration{"loaded": 0, "to be loaded": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			onEachBackend(t, Options{}, func(r *fixture) {
				r.enqueueMany(12, job("flood", "s", "eager"))
				other := job("other", "s", "calm")
				other.Lane = "b"
				r.enqueueMany(1, other)
				for n := 1; ; n++ {
					l := r.reserve("w", Capacity{Lanes: []Lane{{Name: "a"}, {Name: "b", Load: load}}})
					if len(l) == 0 || n > 8 {
						r.Fatalf("the calm user waits after %d jobs of the eager one", n-1)
					}
					r.finish(l[0])
					if l[0].Job.User == "calm" {
						return
					}
				}
			})
		})
	}
}
