package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	"darkroom/queue"
)

const (
	// queueViewAge is how old the view may be by which a newcomer's position is told. It includes the jobs added since.
	queueViewAge = 2 * time.Second
	// queueViewTimeout is how long the queue may take to show itself: the person is still unanswered.
	queueViewTimeout = 300 * time.Millisecond
	// maxEstimated is up to how many waiting jobs a newcomer's ETA is estimated. Beyond it the first answer says the worst
	// position, and the true one follows.
	maxEstimated = 2000
	// estimatePause is how many times as long as an estimate took none is made, so that estimates of a short queue take
	// at most a fifth of a processor; maxRoundPause is how long a newcomer waits for that at most. It decides most of the
	// slowest answers: see docs/benchmarks.md.
	estimatePause = 4
	maxRoundPause = 25 * time.Millisecond
	// smallQueue is up to how many jobs a queue is looked at again whenever one of them was leased or ended: one position
	// matters there, and a look costs little.
	smallQueue = 100
)

// queueView is the queue as it was seen last.
type queueView struct {
	queue snapshots
	now   func() time.Time

	mu        sync.Mutex
	snapshot  queue.Snapshot
	renderers []queue.Renderer
	abilities queue.Abilities // of the renderers
	fetched   time.Time
	newcomers []*newcomer // that wait for the next round

	// round holds a value while newcomers are added. It is no mutex: a round sleeps and asks Redis, and the simulation's
	// virtual time stands still while somebody waits for a mutex.
	round     chan struct{}
	nextRound time.Time // by the clock of this process, not by now; guarded by round
}

func newQueueView(q snapshots, now func() time.Time) *queueView {
	return &queueView{queue: q, now: now, round: make(chan struct{}, 1)}
}

// refresh looks at the queue again.
func (v *queueView) refresh(ctx context.Context) (queue.Snapshot, []queue.Renderer, error) {
	snapshot, err := v.queue.Snapshot(ctx)
	if err != nil {
		return snapshot, nil, err
	}
	renderers, err := v.queue.Renderers(ctx)
	if err != nil {
		return snapshot, nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.snapshot, v.renderers, v.abilities, v.fetched = snapshot, renderers, queue.AbilitiesOf(renderers), v.now()
	return snapshot, renderers, nil
}

// canTake tells whether a renderer has everything for a job, as far as is known: while none is online, nobody knows
// what the next one has.
func (v *queueView) canTake(j queue.JobStatus) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.renderers) == 0 || v.abilities.CanTake(j)
}

// newcomer is a job that is just being accepted, and what the view says about it.
type newcomer struct {
	job queue.Job

	asked     bool // the rest holds an answer
	snapshot  queue.Snapshot
	status    queue.JobStatus // of the job; its ID is empty if the queue is too long for an estimate
	estimates map[string]queue.Estimate
	err       error
}

// add adds a job to the view, after a new look at the queue if the last was too long ago.
//
// Position and ETA come from a replay of the whole queue, so they are found for all newcomers of a moment together: the
// more people ask, the less each one costs.
func (v *queueView) add(ctx context.Context, j queue.Job) *newcomer {
	n := &newcomer{job: j}
	v.mu.Lock()
	v.newcomers = append(v.newcomers, n)
	v.mu.Unlock()
	v.round <- struct{}{}
	defer func() { <-v.round }()
	if n.asked { // by the round of another one
		return n
	}
	time.Sleep(min(time.Until(v.nextRound), maxRoundPause))
	v.mu.Lock()
	all := v.newcomers
	v.newcomers = nil
	v.mu.Unlock()
	began := time.Now()
	v.addAll(ctx, all)
	v.nextRound = time.Now().Add(estimatePause * time.Since(began))
	return n
}

// addAll adds jobs to the view, and notes for each what the view says about it.
func (v *queueView) addAll(ctx context.Context, all []*newcomer) {
	err := v.refreshOld(context.WithoutCancel(ctx)) // it is not for one of them alone
	v.mu.Lock()
	defer v.mu.Unlock()
	byID := map[string]*newcomer{}
	var jobs []queue.Job
	for _, n := range all {
		n.asked, n.err = true, err
		byID[n.job.ID], jobs = n, append(jobs, n.job)
	}
	if err != nil {
		return
	}
	if v.snapshot.Waiting >= maxEstimated {
		for _, n := range all {
			v.snapshot.Waiting++
			n.snapshot = v.snapshot
		}
		return
	}
	v.snapshot = v.snapshot.WithJobs(jobs...)
	estimates := queue.EstimateTimes(v.snapshot, v.renderers)
	for _, j := range v.snapshot.Jobs {
		if n := byID[j.ID]; n != nil {
			n.snapshot, n.status, n.estimates = v.snapshot, j, estimates
		}
	}
}

// foretell returns how long it would take until the last of these jobs has ended, if they were added now. known is
// false if the view cannot tell: the queue does not answer or is too long, it is paused, or no renderer takes one of
// them.
func (v *queueView) foretell(ctx context.Context, jobs []queue.Job) (longest time.Duration, known bool) {
	if err := v.refreshOld(ctx); err != nil {
		return 0, false
	}
	v.mu.Lock()
	snapshot, renderers := v.snapshot, v.renderers
	v.mu.Unlock()
	if snapshot.Waiting >= maxEstimated {
		return 0, false
	}
	snapshot = snapshot.WithJobs(jobs...)
	estimates := queue.EstimateTimes(snapshot, renderers)
	for _, j := range jobs {
		i := slices.IndexFunc(snapshot.Jobs, func(s queue.JobStatus) bool { return s.ID == j.ID })
		e, estimated := estimates[j.ID]
		if !estimated || snapshot.Jobs[i].Paused {
			return 0, false
		}
		longest = max(longest, e.End.Sub(snapshot.At))
	}
	return longest, true
}

// refreshOld looks at the queue again if the last look was too long ago.
func (v *queueView) refreshOld(ctx context.Context) error {
	v.mu.Lock()
	old := v.fetched.IsZero() || v.now().Sub(v.fetched) > queueViewAge
	v.mu.Unlock()
	if !old {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, queueViewTimeout)
	defer cancel()
	_, _, err := v.refresh(ctx)
	return err
}

// invalidate has the next add look at the queue again: it has changed.
func (v *queueView) invalidate() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.fetched = time.Time{}
}

// invalidateSmall does so if the queue is a short one: one of its jobs was leased or ended.
func (v *queueView) invalidateSmall() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.snapshot.Jobs) <= smallQueue {
		v.fetched = time.Time{}
	}
}
