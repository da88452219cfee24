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

// order is one picture that somebody asked for in a quiet town.
type order struct {
	server int
	asked  time.Time
	began  time.Time
	ended  time.Time
}

// books are kept of every order, and of what was foretold about it.
type books struct {
	*life
	mu     sync.Mutex
	orders map[string]*order // by job
	told   []foretold
}

type foretold struct {
	job     string
	at, end time.Time
}

func newBooks(w *town, servers, each int) *books {
	b := &books{orders: map[string]*order{}}
	w.tell = b.heard
	b.life = newLife(w, servers, each)
	return b
}

func (b *books) heard(job string, over bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.orders[job]
	if o == nil {
		return
	}
	if o.ended = time.Now(); !over {
		o.began = o.ended
	}
}

// ask has a server's n-th person ask for a picture of so many steps.
func (b *books) ask(server, n, steps int) {
	b.life.mu.Lock()
	place := b.places[server]
	b.life.mu.Unlock()
	who := b.people[server*len(b.people)/len(b.places)+n]
	at := time.Now()
	i, err := b.Command(who.ID, place, "imagine", sandbox.With("prompt", "a red boat"), sandbox.With("steps", steps), sandbox.With("count", 4))
	if err != nil {
		b.t.Fatal(err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, i.ID)
	b.orders[i.ID+"-0"] = &order{server: server, asked: at}
}

// foretell notes what is foretold of every waiting job, every so often, until stop is closed.
func (b *books) foretell(every time.Duration, stop <-chan struct{}) {
	line := b.redis.queueBy(b.street.gate(), lineOptions)
	defer func() { _ = line.Close() }()
	for {
		select {
		case <-stop:
			return
		case <-time.After(every):
		}
		ctx := context.Background()
		s, err := line.Snapshot(ctx)
		if err != nil {
			continue
		}
		up, err := line.Renderers(ctx)
		if err != nil {
			continue
		}
		now := time.Now()
		b.mu.Lock()
		for job, e := range queue.Forecast(s, up) {
			b.told = append(b.told, foretold{job, now, now.Add(e.End.Sub(s.At))})
		}
		b.mu.Unlock()
	}
}

// errors are how far off each foretelling was, as a part of the time that was left.
func (b *books) errors(least time.Duration) (off []float64) {
	for _, f := range b.told {
		o := b.orders[f.job]
		if o == nil || o.ended.Sub(f.at) < least {
			continue
		}
		off = append(off, math.Abs(f.end.Sub(o.ended).Seconds())/o.ended.Sub(f.at).Seconds())
	}
	return off
}

// waits are how long the jobs of servers other than one waited, really and in a fluid that is shared ideally.
func (b *books) waits(but, renderers int) (real, ideal []float64, longest float64) {
	var all []*order
	for _, o := range b.orders {
		all = append(all, o)
	}
	slices.SortFunc(all, func(x, y *order) int { return x.asked.Compare(y.asked) })
	ends := fluid(all, float64(renderers))
	for i, o := range all {
		took := o.ended.Sub(o.began).Seconds()
		longest = max(longest, took)
		if o.server == but {
			continue
		}
		real = append(real, o.began.Sub(o.asked).Seconds())
		ideal = append(ideal, max(0, ends[i]-o.asked.Sub(all[0].asked).Seconds()-took))
	}
	return real, ideal, longest
}

// fluid shares renderers out continuously, equally among the servers that have something to paint, each of whose jobs can
// use one renderer at most; a server's jobs are served in their order. It returns when each ends, in seconds from the
// first. This is generalised processor sharing, which no line of whole pictures can better.
func fluid(jobs []*order, renderers float64) []float64 {
	const dt = 0.05
	ends, left := make([]float64, len(jobs)), make([]float64, len(jobs))
	for i, o := range jobs {
		left[i] = o.ended.Sub(o.began).Seconds()
	}
	for now, open := 0.0, len(jobs); open > 0; now += dt {
		at := map[int][]int{}
		for i, o := range jobs {
			if ends[i] == 0 && o.asked.Sub(jobs[0].asked).Seconds() <= now {
				at[o.server] = append(at[o.server], i)
			}
		}
		for _, mine := range shares(at, renderers) {
			for k, i := range mine.jobs {
				left[i] -= dt * min(1, max(0, mine.rate-float64(k)))
				if left[i] <= 0 {
					ends[i] = now + dt
					open--
				}
			}
		}
	}
	return ends
}

// portion is what a server gets.
type portion struct {
	jobs []int
	rate float64
}

// shares fills the servers evenly, none beyond the number of its jobs.
func shares(at map[int][]int, renderers float64) []portion {
	var all []portion
	for _, jobs := range at {
		all = append(all, portion{jobs: jobs})
	}
	slices.SortFunc(all, func(x, y portion) int { return len(x.jobs) - len(y.jobs) })
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

// TestAFloodKeepsNobodyWaiting has one server ask for very much at once while many small ones ask now and then.
func TestAFloodKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	flood, small := few/2, few/2
	if os.Getenv(soakEnv) != "" {
		flood, small = 400, 400
	}
	dir, log := scratch(t), journal(t, 5)
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, 5, dir)
		w.log = log
		b := newBooks(w, 31, 8)
		b.opens("north", "east", "south")
		for range small {
			pause(b.dice, 5500*time.Millisecond)
			b.ask(1+b.dice.IntN(30), b.dice.IntN(8), 10+b.dice.IntN(15))
			for ; flood > 0 && len(b.orders) > 5; flood-- {
				b.ask(0, flood%8, 10+b.dice.IntN(15))
			}
		}
		b.settle(3 * time.Hour)
		real, ideal, render := b.waits(0, 3)
		got, bound := percentile(real, 0.95), percentile(ideal, 0.95)
		t.Logf("small servers waited %.1f s at p50 and %.1f s at p95; a fluid ideal gives %.1f s and %.1f s, one render takes up to %.1f s",
			percentile(real, 0.5), got, percentile(ideal, 0.5), bound, render)
		if got > 2*bound+render {
			t.Errorf("p95 of the small servers' waits is %.1f s, want at most twice the ideal %.1f s and one render of %.1f s", got, bound, render)
		}
	})
}

// TestForecastsComeTrue compares what was foretold about waiting jobs with what came.
func TestForecastsComeTrue(t *testing.T) {
	t.Parallel()
	wishes := 25
	if os.Getenv(soakEnv) != "" {
		wishes = 200
	}
	dir, log := scratch(t), journal(t, 6)
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, 6, dir)
		w.log = log
		b := newBooks(w, 10, 4)
		b.opens("north", "east", "south")
		b.ask(0, 0, 12) // from which the bot learns how long a step takes
		time.Sleep(time.Minute)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() { defer close(stopped); b.foretell(10*time.Second, stop) }()
		for range wishes { // people ask for some at once, and then for none for a while
			pause(b.dice, 12*time.Second)
			server, n := b.dice.IntN(10), b.dice.IntN(4)
			for range 1 + b.dice.IntN(7) {
				b.ask(server, n, 10+b.dice.IntN(15))
			}
		}
		b.settle(3 * time.Hour)
		close(stop)
		<-stopped
		off := b.errors(5 * time.Second)
		half, most := percentile(off, 0.5), percentile(off, 0.9)
		t.Logf("%d forecasts: off by %.0f %% at p50, %.0f %% at p90", len(off), 100*half, 100*most)
		if len(off) < wishes || most >= 0.35 {
			t.Errorf("p90 of the error of %d forecasts is %.0f %%, want less than 35 %%", len(off), 100*most)
		}
	})
}

// opens opens a town: these renderers, a bot, and a while for all of them to know of each other.
func (l *life) opens(slots ...string) {
	for _, s := range slots {
		l.startRenderer(s)
	}
	l.startBot()
	l.ready()
	time.Sleep(10 * time.Second)
}
