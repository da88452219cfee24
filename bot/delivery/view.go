package delivery

import (
	"context"
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
	fetched   time.Time
}

func newQueueView(q snapshots, now func() time.Time) *queueView {
	return &queueView{queue: q, now: now}
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
	v.snapshot, v.renderers, v.fetched = snapshot, renderers, v.now()
	return snapshot, renderers, nil
}

// add adds a job to the view, after a new look at the queue if the last was too long ago.
func (v *queueView) add(ctx context.Context, j queue.Job) (queue.Snapshot, []queue.Renderer, error) {
	v.mu.Lock()
	old := v.fetched.IsZero() || v.now().Sub(v.fetched) > queueViewAge
	v.mu.Unlock()
	if old {
		ctx, cancel := context.WithTimeout(ctx, queueViewTimeout)
		defer cancel()
		if _, _, err := v.refresh(ctx); err != nil {
			return queue.Snapshot{}, nil, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.snapshot.Waiting >= maxEstimated {
		v.snapshot.Waiting++
		return v.snapshot, nil, nil
	}
	v.snapshot = v.snapshot.WithJob(j)
	return v.snapshot, v.renderers, nil
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
