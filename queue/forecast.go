package queue

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"
)

// Expected is when a job is thought to be painted.
type Expected struct{ Start, End time.Time } // by Redis's clock, as Snapshot.At

// Forecast tells for each job of a snapshot when it will start and end, if those renderers go on and nobody else asks. A
// job that none of them can take, or that is paused, is not in the answer.
//
// It plays the line through by the rule by which jobs are lent: who is owed what, limits, pauses, which models are
// loaded, batches. Jobs of one batch are painted in turn.
func Forecast(s Snapshot, up []Renderer) map[string]Expected {
	f := &forecast{s: s, line: newReplay(s, true), passed: map[string]time.Time{}, now: s.At, expected: map[string]Expected{}}
	for _, r := range up {
		f.idle = append(f.idle, newBench(r, s.At))
	}
	f.begin()
	for f.serve(); len(f.due) > 0; f.serve() {
		f.now = f.due[0].at
		for len(f.due) > 0 && !f.due[0].at.After(f.now) {
			heap.Pop(&f.due).(event).what()
		}
	}
	return f.expected
}

// forecast is a line that is played through.
type forecast struct {
	s        Snapshot
	line     *replay
	now      time.Time
	due      events
	idle     []*bench
	passed   map[string]time.Time // lanes that were passed over, since when
	expected map[string]Expected
}

// bench is a renderer in a forecast.
type bench struct {
	slot  string
	lanes []Lane
	speed int64 // percent
	batch int
	until time.Time // it is busy
}

func newBench(r Renderer, now time.Time) *bench {
	return &bench{slot: r.Slot, lanes: slices.Clone(r.Lanes), speed: int64(cmp.Or(r.Speed, 100)), batch: cmp.Or(r.Batch, 1), until: now}
}

// takes is how long a renderer paints at a job.
func (b *bench) takes(cost int64) time.Duration {
	return time.Duration(max(cost, 1)*100/b.speed) * time.Millisecond
}

// begin puts every job of the snapshot where it stands.
func (f *forecast) begin() {
	jobs := slices.Clone(f.s.Jobs)
	slices.SortStableFunc(jobs, func(a, b Standing) int { return cmp.Compare(a.seq, b.seq) })
	busy := map[*bench]bool{}
	for i := range jobs {
		j := &jobs[i]
		switch {
		case j.held():
			f.line.hold(j)
			if b := f.hold(j); b != nil {
				busy[b] = true
			}
		case f.s.pauses(j):
		case j.State == "delayed":
			f.line.count(j)
			f.at(j.due, func() { f.line.queue(j, j.Lane) })
		default:
			f.line.wait(j, j.Lane)
		}
	}
	f.idle = slices.DeleteFunc(f.idle, func(b *bench) bool { return busy[b] })
	for b := range busy {
		f.at(b.until, func() { f.idle = append(f.idle, b) })
	}
}

// hold has a job that is being painted end when its renderer, whom it returns, will be done with it.
func (f *forecast) hold(j *Standing) *bench {
	b := newBench(Renderer{}, f.now)
	known := slices.IndexFunc(f.idle, func(b *bench) bool { return b.slot == j.Slot })
	if known >= 0 {
		b = f.idle[known]
	}
	left := b.takes(j.Cost)
	if !b.until.After(f.now) { // the first in hand
		left = remaining(j, left, f.now)
	}
	b.until = b.until.Add(left)
	f.ends(j, j.Since, b.until)
	if known < 0 {
		return nil
	}
	return b
}

// remaining is what is left of a job that takes so long: by the part that is painted if that says enough, else by the
// clock.
func remaining(j *Standing, takes time.Duration, now time.Time) time.Duration {
	spent := now.Sub(j.Since)
	left := takes - spent
	if j.Percent >= 20 {
		left = spent * time.Duration(100-j.Percent) / time.Duration(j.Percent)
	}
	return max(left, takes/20)
}

// ends notes when a job will be over.
func (f *forecast) ends(j *Standing, start, end time.Time) {
	f.expected[j.ID] = Expected{Start: start, End: end}
	f.at(end, func() { f.line.end(j) })
}

// serve gives the idle renderers what they can have; those that need not load anything ask first.
func (f *forecast) serve() {
	for _, warm := range []bool{true, false} {
		f.idle = slices.DeleteFunc(f.idle, func(b *bench) bool { return f.reserve(b, warm) })
	}
}

// reserve does what lua/reserve.lua does, for one renderer, and tells whether it got something.
func (f *forecast) reserve(b *bench, warm bool) bool {
	s, at, least := f.choose(b)
	if at < 0 || warm && b.lanes[at].Load > 0 {
		return false
	}
	lane := b.lanes[at]
	f.pass(b, lane.Name)
	first := f.line.start(s.first(lane.Name), lane.Name, least)
	jobs := []*Standing{first}
	for len(jobs) < b.batch && first.batch != "" {
		mate := f.line.mate(lane.Name, first.batch)
		if mate == nil {
			break
		}
		jobs = append(jobs, f.line.start(mate, lane.Name, least))
	}
	b.load(at)
	b.until = f.now.Add(lane.Load)
	for _, j := range jobs {
		b.until = b.until.Add(b.takes(j.Cost))
		f.ends(j, f.now, b.until)
	}
	f.at(b.until, func() { f.idle = append(f.idle, b) })
	return true
}

// choose returns whom a renderer serves, in which of its lanes (-1: nobody), and the least v of all servers that could be
// served.
func (f *forecast) choose(b *bench) (s *account, at int, least int64) {
	nearest := int64(math.MaxInt64)
	least = nearest
	for _, lane := range b.lanes {
		if first := f.line.first(lane.Name); first != nil {
			if v := first.v + f.bias(lane); v < nearest {
				s, nearest = first, v
			}
			least = min(least, first.v)
		}
	}
	if s == nil {
		return nil, -1, 0
	}
	return s, f.laneOf(b, s), least
}

// laneOf returns which lane a server's next job comes from: that of the user who is owed most, then of the oldest job.
func (f *forecast) laneOf(b *bench, s *account) (at int) {
	nearest, oldest := int64(math.MaxInt64), int64(0)
	for i, lane := range b.lanes {
		u := s.first(lane.Name)
		if u == nil {
			continue
		}
		v, seq := u.v+f.bias(lane), u.head(lane.Name).seq
		if v < nearest || v == nearest && seq < oldest {
			at, nearest, oldest = i, v, seq
		}
	}
	return at
}

func (f *forecast) bias(lane Lane) int64 {
	if since, ok := f.passed[lane.Name]; ok && f.now.Sub(since).Milliseconds() > patience {
		return 0
	}
	return ms(affinity * lane.Load)
}

// pass notes which lanes were passed over for the one that was taken.
func (f *forecast) pass(b *bench, taken string) {
	for _, lane := range b.lanes {
		passed := lane.Name != taken && lane.Load > 0 && f.line.first(lane.Name) != nil
		if _, before := f.passed[lane.Name]; passed && !before {
			f.passed[lane.Name] = f.now
		} else if !passed {
			delete(f.passed, lane.Name)
		}
	}
}

// load gets a lane ready. The others then take as long to load as this one did, as far as can be told.
func (b *bench) load(at int) {
	took := b.lanes[at].Load
	if took == 0 {
		return
	}
	for i := range b.lanes {
		b.lanes[i].Load = max(b.lanes[i].Load, took)
	}
	b.lanes[at].Load = 0
}

func (f *forecast) at(t time.Time, what func()) { heap.Push(&f.due, event{t, what}) }

// events are what will happen, as a heap by time.
type events []event

type event struct {
	at   time.Time
	what func()
}

// Len, Less, Swap, Push and Pop make it a heap.
func (e events) Len() int { return len(e) }

func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }

func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *events) Push(x any) { *e = append(*e, x.(event)) }

func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = slices.Delete(*e, len(*e)-1, len(*e))
	return last
}
