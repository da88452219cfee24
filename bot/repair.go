package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// repairSince is how far back the bot looks at its start for messages that no longer tell the truth.
	repairSince = 24 * time.Hour
	// repairMost is how many jobs it looks at.
	repairMost = 100
	// keepInputs is how long a finished job's input pictures are kept for its buttons.
	keepInputs = 30 * 24 * time.Hour
	// keepInbox is how long pictures wait in an inbox.
	keepInbox = 30 * 24 * time.Hour
)

// repair looks once, at the start, at the messages of jobs that ended lately: a bot that died between writing an end
// down and telling it left one that says "painting" for ever.
func (b *Bot) repair(ctx context.Context) error {
	ended, err := b.ledger.Ended(ctx, b.o.Now().Add(-repairSince), repairMost)
	if err != nil {
		b.log.Warn("messages could not be looked over", "error", err)
		return nil
	}
	for _, e := range ended {
		if ctx.Err() != nil {
			return nil
		}
		if e.Message != "" && e.State != store.Expired {
			b.putRight(ctx, e)
		}
	}
	return nil
}

// putRight makes an ended job's message say how it ended, if it still says that it lives.
func (b *Bot) putRight(ctx context.Context, e store.Entry) {
	switch e.State {
	case store.Done:
		var out queue.Outcome
		if err := json.Unmarshal(e.Outcome, &out); err == nil && len(out.Files) > 0 {
			b.putDoneRight(ctx, e, out)
		}
	case store.Cancelled:
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) })
	case store.Failed:
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Sorry(v.to, v.spec, e.ID, reasonOf(e.Reason)) })
	}
}

func (b *Bot) putDoneRight(ctx context.Context, e store.Entry, out queue.Outcome) {
	switch out.Delivered {
	case reply.DeliveredStranded:
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Stranded(v.to, v.spec, e.ID) })
	case reply.DeliveredInbox:
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Shelved(v.to, v.spec) })
	case reply.DeliveredPosted, reply.DeliveredFound:
		b.restore(ctx, e, out)
	}
}

// prune drops what nobody asks for any more.
func (b *Bot) prune(ctx context.Context) {
	_, inputs := b.ledger.Prune(ctx, keepInputs)
	err := errors.Join(inputs, b.ledger.PruneDeliveries(ctx, inboxAgain, keepInbox), b.ledger.PruneClaims(ctx), b.ledger.PruneAsks(ctx, tokenLife))
	if err != nil && ctx.Err() == nil {
		b.log.Warn("what is over could not be dropped", "error", err)
	}
}

// expire settles jobs whose acknowledgement was never written down, and at the same pace tells the ends that could not be
// told before.
func (b *Bot) expire(ctx context.Context) error {
	pruned := b.o.Now()
	for {
		if err := b.settlePromises(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("unacknowledged jobs could not be settled", "error", reply.Redact(err.Error()))
		}
		b.retell(ctx)
		if now := b.o.Now(); now.Sub(pruned) > time.Hour {
			pruned = now
			b.prune(ctx)
		}
		if sleep(ctx, b.o.Pace.Expire) != nil {
			return nil
		}
	}
}
