package queue

import (
	"cmp"
	"container/heap"
	"math"
	"slices"
	"time"
)

// Estimate is when a job will probably be rendered.
type Estimate struct{ Start, End time.Time } // by Redis's clock, like Snapshot.At

// EstimateTimes estimates for each job of a snapshot when it will start and end, if these renderers go on and no job is
// added. A job that no renderer can take, or that is paused, is not in the answer.
//
// It simulates the queue by the rules of Reserve: start tags, limits, pauses, loaded models, batches. The jobs of one
// batch are rendered one after another.
func EstimateTimes(s Snapshot, renderers []Renderer) map[string]Estimate {
	f := &estimator{
		snapshot: s, queue: newFairQueue(s, true), now: s.At,
		passedOver: map[string]time.Time{}, estimates: map[string]Estimate{},
	}
	for _, r := range renderers {
		f.idle = append(f.idle, newRendererState(r, s.At))
	}
	for _, b := range f.idle {
		b.addLanes(s.Jobs)
	}
	f.addJobs()
	for f.assign(); len(f.due) > 0; f.assign() {
		f.now = f.due[0].at
		for len(f.due) > 0 && !f.due[0].at.After(f.now) {
			heap.Pop(&f.due).(futureEvent).run()
		}
	}
	return f.estimates
}

// estimator simulates a queue.
type estimator struct {
	snapshot   Snapshot
	queue      *fairQueue
	now        time.Time
	due        eventHeap
	idle       []*rendererState
	passedOver map[string]time.Time // lanes that were passed over, and since when
	estimates  map[string]Estimate
}

// rendererState is a renderer in the simulation.
type rendererState struct {
	slot      string
	lanes     []Lane // those that it announces, and then those with needs that it can serve
	addons    Addons
	speed     int64 // percent
	maxBatch  int
	busyUntil time.Time // zero or past: it is idle
}

func newRendererState(r Renderer, now time.Time) *rendererState {
	return &rendererState{
		slot: r.Slot, lanes: slices.Clone(r.Lanes), addons: r.AddonSet(), speed: int64(cmp.Or(r.Speed, 100)),
		maxBatch: cmp.Or(r.MaxBatch, 1), busyUntil: now,
	}
}

// addLanes adds the lanes with needs that the renderer can serve, each after the one that stands for it. Of a tie the
// first lane wins, as in lua/reserve.lua.
func (b *rendererState) addLanes(jobs []JobStatus) {
	needs := map[string][]string{}
	for _, j := range jobs {
		if len(j.Needs) > 0 {
			needs[j.Lane] = j.Needs
		}
	}
	if len(needs) == 0 {
		return
	}
	more := map[string][]Lane{}
	for lane, hashes := range needs {
		if base := baseLane(lane); b.addons.Have(hashes) {
			more[base] = append(more[base], Lane{Name: lane})
		}
	}
	var all []Lane
	for _, l := range b.lanes {
		variants := more[l.Name]
		slices.SortFunc(variants, func(x, y Lane) int { return cmp.Compare(escape(x.Name), escape(y.Name)) })
		all = append(all, l)
		for _, v := range variants {
			all = append(all, Lane{Name: v.Name, Load: l.Load})
		}
	}
	b.lanes = all
}

// renderTime is how long a renderer takes for a job.
func (b *rendererState) renderTime(cost int64) time.Duration {
	return time.Duration(max(cost, 1)*100/b.speed) * time.Millisecond
}

// addJobs adds every job of the snapshot in its state.
func (f *estimator) addJobs() {
	jobs := slices.Clone(f.snapshot.Jobs)
	slices.SortStableFunc(jobs, func(a, b JobStatus) int { return cmp.Compare(a.seq, b.seq) })
	busy := map[*rendererState]bool{}
	for i := range jobs {
		j := &jobs[i]
		switch {
		case j.leased():
			f.queue.addRunning(j)
			if b := f.addRunning(j); b != nil {
				busy[b] = true
			}
		case f.snapshot.isPaused(j):
		case j.State == StateDelayed:
			f.queue.count(j)
			f.schedule(j.due, func() { f.queue.insert(j, j.Lane) })
		default:
			f.queue.add(j, j.Lane)
		}
	}
	f.idle = slices.DeleteFunc(f.idle, func(b *rendererState) bool { return busy[b] })
	for b := range busy {
		f.schedule(b.busyUntil, func() { f.idle = append(f.idle, b) })
	}
}

// addRunning adds a job that is being rendered, and returns its renderer if that is known.
func (f *estimator) addRunning(j *JobStatus) *rendererState {
	b := newRendererState(Renderer{}, f.now)
	known := slices.IndexFunc(f.idle, func(b *rendererState) bool { return b.slot == j.Slot })
	if known >= 0 {
		b = f.idle[known]
	}
	left := b.renderTime(j.Cost)
	if !b.busyUntil.After(f.now) { // the first of its jobs
		left = remaining(j, left, f.now)
	}
	b.busyUntil = b.busyUntil.Add(left)
	f.recordEnd(j, j.Since, b.busyUntil)
	if known < 0 {
		return nil
	}
	return b
}

// remaining is what is left of a job: computed from its progress if that is far enough, else from the time spent.
func remaining(j *JobStatus, takes time.Duration, now time.Time) time.Duration {
	spent := now.Sub(j.Since)
	left := takes - spent
	if j.Percent >= 20 {
		left = spent * time.Duration(100-j.Percent) / time.Duration(j.Percent)
	}
	return max(left, takes/20)
}

// recordEnd stores the estimate of a job and schedules its end.
func (f *estimator) recordEnd(j *JobStatus, start, end time.Time) {
	f.estimates[j.ID] = Estimate{Start: start, End: end}
	f.schedule(end, func() { f.queue.remove(j) })
}

// assign gives jobs to the idle renderers; those that need not load a model ask first.
func (f *estimator) assign() {
	for _, warm := range []bool{true, false} {
		f.idle = slices.DeleteFunc(f.idle, func(b *rendererState) bool { return f.reserve(b, warm) })
	}
}

// reserve does what lua/reserve.lua does, for one renderer, and returns whether it got a job.
func (f *estimator) reserve(b *rendererState, warm bool) bool {
	s, at, least := f.choose(b)
	if at < 0 || warm && b.lanes[at].Load > 0 {
		return false
	}
	lane := b.lanes[at]
	f.notePassedOver(b, lane.Name)
	first := f.queue.start(s.nextUser(lane.Name), lane.Name, least)
	jobs := []*JobStatus{first}
	for len(jobs) < b.maxBatch && first.batchKey != "" {
		user := f.queue.userWithBatch(lane.Name, first.batchKey)
		if user == nil {
			break
		}
		jobs = append(jobs, f.queue.start(user, lane.Name, least))
	}
	b.load(at)
	b.busyUntil = f.now.Add(lane.Load)
	for _, j := range jobs {
		b.busyUntil = b.busyUntil.Add(b.renderTime(j.Cost))
		f.recordEnd(j, f.now, b.busyUntil)
	}
	f.schedule(b.busyUntil, func() { f.idle = append(f.idle, b) })
	return true
}

// choose returns the server that a renderer serves next, in which of its lanes (-1: none), and the least start tag of
// all servers that could be served.
func (f *estimator) choose(b *rendererState) (s *account, at int, least int64) {
	nearest := int64(math.MaxInt64)
	least = nearest
	for _, lane := range b.lanes {
		if first := f.queue.nextServer(lane.Name); first != nil {
			if v := first.startTag + f.bias(lane); v < nearest {
				s, nearest = first, v
			}
			least = min(least, first.startTag)
		}
	}
	if s == nil {
		return nil, -1, 0
	}
	return s, f.laneOf(b, s), least
}

// laneOf returns the lane of a server's next job: that of the user with the lowest start tag, then that of the oldest
// job.
func (f *estimator) laneOf(b *rendererState, s *account) (at int) {
	nearest, oldest := int64(math.MaxInt64), int64(0)
	for i, lane := range b.lanes {
		u := s.nextUser(lane.Name)
		if u == nil {
			continue
		}
		v, seq := u.startTag+f.bias(lane), u.head(lane.Name).seq
		if v < nearest || v == nearest && seq < oldest {
			at, nearest, oldest = i, v, seq
		}
	}
	return at
}

func (f *estimator) bias(lane Lane) int64 {
	if since, ok := f.passedOver[lane.Name]; ok && f.now.Sub(since).Milliseconds() > maxPassedOver {
		return 0
	}
	return ms(affinity * lane.Load)
}

// notePassedOver stores which lanes were passed over.
func (f *estimator) notePassedOver(b *rendererState, taken string) {
	for _, lane := range b.lanes {
		passed := lane.Name != taken && lane.Load > 0 && f.queue.nextServer(lane.Name) != nil
		if _, before := f.passedOver[lane.Name]; passed && !before {
			f.passedOver[lane.Name] = f.now
		} else if !passed {
			delete(f.passedOver, lane.Name)
		}
	}
}

// load loads the model of a lane. Loading any other one then takes at least as long, as far as is known.
func (b *rendererState) load(at int) {
	took := b.lanes[at].Load
	if took == 0 {
		return
	}
	model := modelOfLane(b.lanes[at].Name)
	for i, l := range b.lanes {
		b.lanes[i].Load = max(l.Load, took)
		if modelOfLane(l.Name) == model {
			b.lanes[i].Load = 0
		}
	}
}

func (f *estimator) schedule(t time.Time, run func()) { heap.Push(&f.due, futureEvent{t, run}) }

// eventHeap holds the future events by time.
type eventHeap []futureEvent

type futureEvent struct {
	at  time.Time
	run func()
}

// Len, Less, Swap, Push and Pop make it a heap.
func (e eventHeap) Len() int { return len(e) }

func (e eventHeap) Less(i, j int) bool { return e[i].at.Before(e[j].at) }

func (e eventHeap) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

func (e *eventHeap) Push(x any) { *e = append(*e, x.(futureEvent)) }

func (e *eventHeap) Pop() any {
	last := (*e)[len(*e)-1]
	*e = slices.Delete(*e, len(*e)-1, len(*e))
	return last
}
