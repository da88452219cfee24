package outbox

import (
	"context"
	"errors"
	"fmt"
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

// syncPauses makes the queue's pauses those of SQL: a queue that was wiped has lost its own, and one that could not be
// reached does not know the latest.
func (o *Outbox) syncPauses(ctx context.Context) error {
	want, err := o.db.Pauses(ctx)
	if err != nil {
		return err
	}
	has, err := o.queue.Pauses(ctx)
	if errors.Is(err, queue.ErrEpoch) {
		return nil // the relay is about to begin an epoch
	}
	if err != nil {
		return err
	}
	paused := map[queue.Scope]string{}
	for _, p := range has {
		paused[p.Scope] = p.Reason
	}
	for _, p := range want {
		reason, there := paused[PauseScope(p)]
		delete(paused, PauseScope(p))
		if there && reason == p.Reason {
			continue
		}
		if err := o.queue.Pause(ctx, PauseScope(p), p.Reason); err != nil {
			return fmt.Errorf("pause: %w", err)
		}
	}
	for s := range paused {
		if err := o.queue.Resume(ctx, s); err != nil {
			return fmt.Errorf("resume: %w", err)
		}
	}
	return nil
}

// applyTimeout is how long the queue may take to hear of a new policy: the person is still unanswered.
const applyTimeout = time.Second

// ApplyPolicy has a changed policy hold for jobs that already wait. A queue that is empty is filled by the new policy, and
// the relay tells a queue that does not answer of a pause later.
func (o *Outbox) ApplyPolicy(ctx context.Context, server string, p store.Policy) error {
	ctx, cancel := context.WithTimeout(ctx, applyTimeout)
	defer cancel()
	err := o.queue.LimitRunning(ctx, server, p.RunningPerUser)
	if errors.Is(err, queue.ErrEpoch) {
		err = nil
	}
	if err == nil {
		err = o.syncPauses(ctx)
	}
	if err != nil {
		o.pausesStale.Store(true)
		o.Wake()
	}
	return err
}
