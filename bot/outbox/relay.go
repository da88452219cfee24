package outbox

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/store"
)

// auditAge is for how long a job must not have changed before the regular audit asks about it.
const auditAge = 30 * time.Second

// relay brings into the queue every job that SQL holds and the queue does not. One query serves every case: the start
// of the bot, an enqueue that was lost, a Redis that was wiped, replaced or set back in time. Only the relay begins
// epochs.
func (o *Outbox) relay(ctx context.Context) error {
	healthy := true
	var audited time.Time
	for {
		err := o.relayOnce(ctx)
		if isSplitBrain(err) {
			o.log.Error("this bot stops", "error", err)
			return err
		}
		if !healthy && err == nil {
			o.health.reconnected()
		}
		o.health.settings(ctx)
		if now := o.opts.Now(); err == nil && now.Sub(audited) >= o.opts.Audit {
			audited = now
			err = o.audit(ctx, auditAge)
		}
		if err != nil && ctx.Err() == nil && healthy {
			o.log.Warn("the queue cannot be filled", "error", rest.Redact(err.Error()))
		}
		if err == nil && !healthy {
			o.log.Info("the queue is filled again")
		}
		healthy = err == nil
		select {
		case <-ctx.Done():
			return nil
		case <-o.wake:
		case <-time.After(o.opts.Relay):
		}
	}
}

// relayOnce begins an epoch if the queue needs one, brings its pauses up to date if it may not know them, looks
// whether it still has what was enqueued, and enqueues what is missing.
func (o *Outbox) relayOnce(ctx context.Context) error {
	epoch, err := o.epochs.recover(ctx)
	if err != nil {
		return err
	}
	if err := o.pauses.syncStale(ctx); err != nil {
		return err
	}
	lacks, err := o.health.data(ctx, epoch)
	if errors.Is(err, queue.ErrEpoch) {
		o.Wake() // to begin the next one
		return nil
	}
	if err == nil && lacks {
		err = o.audit(ctx, o.opts.Verify)
	}
	return errors.Join(err, o.enqueueUnqueued(ctx, epoch))
}

// audit enqueues jobs again that SQL believes to be in the queue and the queue does not show. Their end may have been
// told while nobody listened: a queue that knows a job tells its last event again. The audit also makes the queue's
// pauses those of SQL. It asks only about jobs that did not change for a while.
func (o *Outbox) audit(ctx context.Context, unchanged time.Duration) error {
	if err := o.pauses.sync(ctx); err != nil {
		return err
	}
	epoch, err := o.db.CurrentEpoch(ctx, o.opts.Pool)
	if err != nil {
		return err
	}
	unconfirmed, err := o.db.NotUpdatedSince(ctx, epoch, o.opts.Now().Add(-unchanged))
	if err != nil || len(unconfirmed) == 0 {
		return err
	}
	s, err := o.queue.Snapshot(ctx)
	if err != nil {
		return err
	}
	queued := map[string]bool{}
	for _, j := range s.Jobs {
		queued[j.ID] = true
	}
	for _, id := range unconfirmed {
		if queued[id] {
			continue
		}
		if err := o.auditJob(ctx, epoch, id); err != nil {
			return err
		}
	}
	return nil
}

func (o *Outbox) auditJob(ctx context.Context, epoch int64, id string) error {
	row, err := o.db.Find(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && row.State.Terminal() {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := o.single.enqueue(ctx, epoch, o.epochs.markMaybePosted(read(row)), o.db.Policy); err != nil &&
		!needsNoRetry(err) {
		return err
	}
	return nil
}

// read decodes a row. One that cannot be read is enqueued as it is: a renderer ends it with the reason.
func read(row store.Job) job.Job {
	j, _ := job.Read(row)
	return j
}

// reap returns jobs to the queue whose renderer was lost.
func (o *Outbox) reap(ctx context.Context) error {
	healthy := true
	for {
		n, err := o.queue.Reap(ctx)
		if errors.Is(err, queue.ErrEpoch) {
			err = nil // the relay is about to begin an epoch
		}
		if err != nil && ctx.Err() == nil && healthy {
			o.log.Warn("leases cannot be reaped", "error", err)
		}
		if healthy = err == nil; healthy && n > 0 {
			o.log.Info("the reaper moved jobs", "jobs", n)
		}
		if backoff.Sleep(ctx, o.opts.Reap) != nil {
			return nil
		}
	}
}
