package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"darkroom/queue"
	"darkroom/store"
)

// PauseScope is a pause as the queue names it.
func PauseScope(p store.Pause) queue.Scope {
	switch p.Kind {
	case "server":
		return queue.Scope{Server: p.Name}
	case "lane":
		return queue.Scope{Lane: p.Name}
	}
	return queue.Scope{}
}

// pauseSync keeps the queue's pauses as SQL has them.
type pauseSync struct {
	db    policies
	queue pauses
	stale atomic.Bool // the queue may not know what is paused

	synced atomic.Pointer[[]store.Pause] // what SQL had when the queue was last made to agree
}

// sync makes the queue's pauses those of SQL: a queue that was wiped has lost its own, and one that could not be
// reached does not know the latest.
func (p *pauseSync) sync(ctx context.Context) error {
	want, err := p.db.Pauses(ctx)
	if err != nil {
		return err
	}
	has, err := p.queue.Pauses(ctx)
	if errors.Is(err, queue.ErrEpoch) {
		return nil // the relay is about to begin an epoch
	}
	if err != nil {
		return err
	}
	paused := map[queue.Scope]string{}
	for _, h := range has {
		paused[h.Scope] = h.Reason
	}
	for _, w := range want {
		scope := PauseScope(w)
		reason, there := paused[scope]
		delete(paused, scope)
		if there && reason == w.Reason {
			continue
		}
		if err := p.queue.Pause(ctx, scope, w.Reason); err != nil {
			return fmt.Errorf("pause: %w", err)
		}
	}
	for s := range paused {
		if err := p.queue.Resume(ctx, s); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	}
	p.synced.Store(&want)
	return nil
}

// changed tells whether SQL has other pauses than when the queue was last made to agree.
func (p *pauseSync) changed(ctx context.Context) (bool, error) {
	want, err := p.db.Pauses(ctx)
	if err != nil {
		return false, err
	}
	synced := p.synced.Load()
	return synced == nil || !slices.EqualFunc(*synced, want, func(a, b store.Pause) bool {
		return a.Kind == b.Kind && a.Name == b.Name && a.Reason == b.Reason
	}), nil
}

// syncStale does so if the queue may not know what is paused, or if SQL has other pauses than before: another process,
// such as `darkroom queue pause`, changed them.
func (p *pauseSync) syncStale(ctx context.Context) error {
	changed, err := p.changed(ctx)
	if err != nil {
		return err
	}
	if !p.stale.Swap(false) && !changed {
		return nil
	}
	err = p.sync(ctx)
	if err != nil {
		p.stale.Store(true)
	}
	return err
}

// applyTimeout is how long the queue may take to hear of a new policy: the person is still unanswered.
const applyTimeout = time.Second

// ApplyPolicy has a changed policy hold for jobs that already wait. A queue that is empty is filled by the new
// policy, and the relay tells a queue that does not answer of a pause later.
func (o *Outbox) ApplyPolicy(ctx context.Context, server string, p store.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	err := o.queue.LimitRunning(ctx, server, p.RunningPerUser)
	if errors.Is(err, queue.ErrEpoch) {
		err = nil
	}
	if err == nil {
		err = o.pauses.sync(ctx)
	}
	if err != nil {
		o.pauses.stale.Store(true)
		o.Wake()
	}
	return err
}
