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

// The oracle plays the real scripts under a clock of its own: renderers that load and paint, people who ask. What it
// finds is measured against the fluid ideal of fluid_test.go and against the bound that no wait may pass.

// seed is a run's, from DARKROOM_SEED or at random; it is printed, so that a run can be had again.
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

// studio is a town of renderers and people.
type studio struct {
	*rig
	begun     time.Time
	arrivals  []arrival
	renderers []*painter
	batch     int                      // most jobs painted at once
	load      time.Duration            // to get a model ready
	delays    map[string]time.Duration // end less arrival and cost
	waits     map[string]time.Duration // lease less arrival
	arrived   func(Job)                // told after each enqueue
	served    func(Lease)              // told of each lease
}

// painter is one renderer.
type painter struct {
	slot string
	lane string // whose model is loaded
	free time.Duration
	hand []Lease
	each int64 // milliseconds each job in hand is charged
}

func newStudio(r *rig, renderers int, arrivals []arrival) *studio {
	s := &studio{rig: r, begun: r.clock.Now(), arrivals: arrivals, batch: 1, load: 15 * time.Second,
		delays: map[string]time.Duration{}, waits: map[string]time.Duration{},
		arrived: func(Job) {}, served: func(Lease) {}}
	for i := range renderers {
		s.renderers = append(s.renderers, &painter{slot: fmt.Sprint("w", i)})
	}
	return s
}

// play lets everything happen until all jobs are done.
func (s *studio) play() {
	s.Helper()
	for left := s.arrivals; len(s.delays) < len(s.arrivals); {
		now := s.next(left)
		s.clock.advance(s.begun.Add(now).Sub(s.clock.Now()))
		for _, p := range s.renderers {
			if len(p.hand) > 0 && p.free <= now {
				s.end(p, now)
			}
		}
		for len(left) > 0 && left[0].at <= now {
			if _, err := s.Enqueue(s.ctx, s.epoch, left[0].Job); err != nil {
				s.Fatal(err)
			}
			s.arrived(left[0].Job)
			left = left[1:]
		}
		for _, p := range s.idle() {
			s.begin(p, now)
		}
	}
}

// next is when the next thing happens.
func (s *studio) next(left []arrival) time.Duration {
	now := time.Duration(1 << 62)
	if len(left) > 0 {
		now = left[0].at
	}
	for _, p := range s.renderers {
		if len(p.hand) > 0 {
			now = min(now, p.free)
		}
	}
	if now == 1<<62 {
		s.Fatalf("%d of %d jobs are done and nothing happens", len(s.delays), len(s.arrivals))
	}
	return now
}

func (s *studio) idle() (idle []*painter) {
	for _, p := range s.renderers {
		if len(p.hand) == 0 {
			idle = append(idle, p)
		}
	}
	return idle
}

// begin has an idle renderer ask for work.
func (s *studio) begin(p *painter, now time.Duration) {
	o := Offer{Max: s.batch}
	for _, lane := range lanesOf {
		l := Lane{Name: lane}
		if lane != p.lane {
			l.Load = s.load
		}
		o.Lanes = append(o.Lanes, l)
	}
	slices.SortStableFunc(o.Lanes, func(a, b Lane) int { return int(a.Load - b.Load) })
	s.calls++
	hand, err := s.Reserve(s.ctx, p.slot, fmt.Sprint("n", s.calls), o)
	if err != nil {
		s.Fatal(err)
	}
	if len(hand) == 0 {
		return
	}
	p.hand = hand
	took := s.takes(hand)
	if hand[0].Job.Lane != p.lane {
		p.lane = hand[0].Job.Lane
		took += s.load.Milliseconds()
	}
	p.each, p.free = took/int64(len(hand)), now+time.Duration(took)*time.Millisecond
	for _, l := range hand {
		s.waits[l.Job.ID] = now - s.arrival(l).at
		s.served(l)
	}
}

// longest is what the longest render takes, in milliseconds; the shortest takes half of it.
const longest = 11_000

// lanesOf are the lanes of the simulations.
var lanesOf = []string{"one", "two", "three"}

// takes is how long a batch is painted: each job after the first adds a little less than half of itself.
func (s *studio) takes(hand []Lease) (took int64) {
	for i, l := range hand {
		if i == 0 {
			took += l.Job.Cost
		} else {
			took += l.Job.Cost * 45 / 100
		}
	}
	return took
}

func (s *studio) arrival(l Lease) arrival {
	i := slices.IndexFunc(s.arrivals, func(a arrival) bool { return a.ID == l.Job.ID })
	return s.arrivals[i]
}

func (s *studio) end(p *painter, now time.Duration) {
	for _, l := range p.hand {
		if v, err := s.Done(s.ctx, l, p.each, Outcome{}); v != OK || err != nil {
			s.Fatalf("done with %s: %v, %v", l.Job.ID, v, err)
		}
		s.delays[l.Job.ID] = now - s.arrival(l).at - time.Duration(l.Job.Cost)*time.Millisecond
	}
	p.hand = nil
}

// town is thirty small servers that ask for a job each five and a half seconds among them, for half an hour, and one
// that floods four hundred jobs after a minute. Within a server few users ask for most (Zipf); each server has a
// favourite of three models.
func town(random *rand.Rand, minutes int) (all []arrival) {
	zipf := rand.NewZipf(random, 1.5, 1, 9)
	add := func(at time.Duration, server string, favourite int) {
		lane := favourite
		if random.IntN(3) == 0 {
			lane = random.IntN(3)
		}
		all = append(all, arrival{at: at, Job: Job{
			ID: fmt.Sprint("j-", len(all)), Server: server, User: fmt.Sprint("u", zipf.Uint64()), Lane: lanesOf[lane],
			Cost: longest/2 + random.Int64N(longest/2), Batch: "512x512", Spec: []byte(`{}`), Reply: []byte(`{}`),
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

// TestSmallServersHardlyNoticeAFlood holds the waits of thirty small servers, while one floods, against the ideal. The
// ideal knows no loading and no batches, so what one render takes with them, and what a lane may stand back for its
// load, is allowed on top of twice the ideal.
func TestSmallServersHardlyNoticeAFlood(t *testing.T) {
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
			arrivals := town(rand.New(rand.NewPCG(1, n)), 30)
			s := newStudio(newRig(t, Options{Lease: time.Hour}, backends[c.backend]), 3, arrivals)
			s.load, s.batch = c.load, c.batch
			s.play()
			got, best := p95(arrivals, s.delays), p95(arrivals, ideal(arrivals, 3))
			render := c.load + time.Duration(float64(longest)*(1+0.45*float64(c.batch-1)))*time.Millisecond
			want := 2*best + render + affinity*c.load
			t.Logf("p95 of small servers: %v, ideal %v, allowed %v", got, best, want)
			f := &fact{Fault: "one server floods 400 jobs, thirty small ones ask now and then", Where: "fairness, real scripts in virtual time",
				Tries: len(arrivals), Note: fmt.Sprintf("loading %v, batches of %d: p95 of the small servers' waits %.1f s, of an ideal fluid scheduler without loading %.1f s",
					c.load, c.batch, got.Seconds(), best.Seconds()), Seed: n}
			defer f.write(t, fmt.Sprintf("flood %v %d %s", c.load, c.batch, c.backend))
			if got > want {
				t.Errorf("p95 of small servers is %v, ideal %v; want at most %v", got, best, want)
			}
		})
	}
}

// TestAUserOfAnotherLaneIsNotPassedOver proves that within one server too a user waits no longer than is fair, whatever
// model the renderer has loaded and whatever the others ask for.
func TestAUserOfAnotherLaneIsNotPassedOver(t *testing.T) {
	for name, load := range map[string]time.Duration{"loaded": 0, "to be loaded": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			each(t, Options{}, func(r *rig) {
				r.many(12, job("flood", "s", "eager"))
				other := job("other", "s", "calm")
				other.Lane = "b"
				r.many(1, other)
				for n := 1; ; n++ {
					l := r.reserve("w", Offer{Lanes: []Lane{{Name: "a"}, {Name: "b", Load: load}}})
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
