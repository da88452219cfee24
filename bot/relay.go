package bot

import (
	"context"
	"errors"
	"time"

	"darkroom/bot/rest"
)

// relay brings into the queue whatever SQL owes it. One query serves every case: the start of the bot, an enqueue that
// was lost, a Redis that was wiped, replaced or set back in time. Only the relay begins epochs.
func (b *Bot) relay(ctx context.Context) error {
	healthy := true
	var audited time.Time
	for {
		err := b.relayOnce(ctx)
		if errors.Is(err, errSplitBrain) {
			b.log.Error(err.Error())
			return err
		}
		if now := b.o.Now(); err == nil && now.Sub(audited) >= b.o.Intervals.Audit {
			audited = now
			err = b.audit(ctx)
		}
		if err != nil && ctx.Err() == nil && healthy {
			b.log.Warn("the queue cannot be filled", "error", rest.Redact(err.Error()))
		}
		if err == nil && !healthy {
			b.log.Info("the queue is filled again")
		}
		healthy = err == nil
		select {
		case <-ctx.Done():
			return nil
		case <-b.relayWake:
		case <-time.After(b.o.Intervals.Relay):
		}
	}
}

// settle begins an epoch if the queue needs one, tells it what is stopped if it may not know, and enqueues what is owed.
func (b *Bot) relayOnce(ctx context.Context) error {
	epoch, err := b.recoverEpoch(ctx)
	if err != nil {
		return err
	}
	if b.pausesStale.Swap(false) {
		if err := b.syncPauses(ctx); err != nil {
			b.pausesStale.Store(true)
			return err
		}
	}
	return b.enqueueUnqueued(ctx, epoch)
}

// stale is how long a job must have been left untouched before the audit asks after it.
const auditAge = 30 * time.Second

// audit asks the queue again about jobs that the ledger believes to be there and the line does not show: their end may
// have been told while nobody listened, and a queue that knows one tells its last event again. It also sees to it that
// the queue has stopped what should be stopped, and nothing else.
func (b *Bot) audit(ctx context.Context) error {
	if err := b.syncPauses(ctx); err != nil {
		return err
	}
	epoch, err := b.db.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return err
	}
	unconfirmed, err := b.db.NotUpdatedSince(ctx, epoch, b.o.Now().Add(-auditAge))
	if err != nil || len(unconfirmed) == 0 {
		return err
	}
	s, err := b.queue.Snapshot(ctx)
	if err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, j := range s.Jobs {
		shown[j.ID] = true
	}
	for _, id := range unconfirmed {
		if shown[id] {
			continue
		}
		if err := b.auditJob(ctx, epoch, id); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) auditJob(ctx context.Context, epoch int64, id string) error {
	e, err := b.db.Find(ctx, id)
	if err != nil || terminal(e) {
		return ignoreNotFound(false, err)
	}
	if err := b.enqueueIn(ctx, epoch, b.markMaybePosted(e)); err != nil && !needsNoRetry(err) {
		return err
	}
	return nil
}
