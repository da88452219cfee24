package bot

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// repairSince is how far back the bot looks at its start for messages that no longer tell the truth.
	repairSince = 24 * time.Hour
	// maxRepaired is how many jobs it looks at.
	maxRepaired = 100
	// inputLife is how long a finished job's input pictures are kept for its buttons.
	inputLife = 30 * 24 * time.Hour
	// inboxLife is how long pictures wait in an inbox.
	inboxLife = 30 * 24 * time.Hour
)

// repair looks once, at the start, at the messages of jobs that ended lately: a bot that died between writing an end
// down and telling it left one that says "painting" for ever.
func (b *Bot) repair(ctx context.Context) error {
	ended, err := b.db.Ended(ctx, b.o.Now().Add(-repairSince), maxRepaired)
	if err != nil {
		b.log.Warn("messages could not be looked over", "error", err)
		return nil
	}
	for _, e := range ended {
		if ctx.Err() != nil {
			return nil
		}
		if e.Message != "" && e.State != store.Expired {
			b.repairMessage(ctx, e)
		}
	}
	return nil
}

// repairMessage makes an ended job's message say how it ended, if it still says that it lives.
func (b *Bot) repairMessage(ctx context.Context, e store.Job) {
	switch e.State {
	case store.Done:
		var out queue.Outcome
		if err := json.Unmarshal(e.Outcome, &out); err == nil && len(out.Files) > 0 {
			b.repairDone(ctx, e, out)
		}
	case store.Cancelled:
		b.correctUnended(ctx, e, func(v decodedJob) message.Message { return message.Cancelled(v.address, v.spec, e.ID) })
	case store.Failed:
		b.correctUnended(ctx, e, func(v decodedJob) message.Message {
			return message.Failed(v.address, v.spec, e.ID, failureReason(e.Reason))
		})
	}
}

func (b *Bot) repairDone(ctx context.Context, e store.Job, out queue.Outcome) {
	switch out.Delivered {
	case rest.DeliveredReoffer:
		b.correctUnended(ctx, e, func(v decodedJob) message.Message { return message.Reoffer(v.address, v.spec, e.ID) })
	case rest.DeliveredInbox:
		b.correctUnended(ctx, e, func(v decodedJob) message.Message { return message.InInbox(v.address, v.spec) })
	case rest.DeliveredPosted, rest.DeliveredFound:
		b.restore(ctx, e, out)
	}
}

// prune drops what nobody asks for any more.
func (b *Bot) prune(ctx context.Context) {
	_, inputs := b.db.PruneInputs(ctx, inputLife)
	err := errors.Join(inputs, b.db.PruneDeliveries(ctx, relistShownFor, inboxLife), b.db.PruneClaims(ctx), b.db.PruneQuestions(ctx, tokenLife))
	if err != nil && ctx.Err() == nil {
		b.log.Warn("what is over could not be dropped", "error", err)
	}
}

// expire settles jobs whose acknowledgement was never written down, and at the same pace tells the ends that could not be
// told before.
func (b *Bot) expire(ctx context.Context) error {
	pruned := b.o.Now()
	for {
		if err := b.resolveUnacknowledged(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("unacknowledged jobs could not be settled", "error", rest.Redact(err.Error()))
		}
		b.retryCorrections(ctx)
		if now := b.o.Now(); now.Sub(pruned) > time.Hour {
			pruned = now
			b.prune(ctx)
		}
		if sleep(ctx, b.o.Intervals.Expire) != nil {
			return nil
		}
	}
}
