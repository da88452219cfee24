package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// eventTries is how often one event is tried before it is passed over: a broken one must not hide all others.
	eventTries = 5
	// noteEvery is how often the position in the event stream is written down. Hearing an event twice does no harm.
	noteEvery = 2 * time.Second
	// inFlight is how long an edit of ours may still have been on its way when a renderer began to edit the message.
	inFlight = 30 * time.Second
)

// follow hears what becomes of jobs and writes it into the ledger.
func (b *Bot) follow(ctx context.Context) error {
	f := &follower{Bot: b, meta: "events:" + b.o.Pool, at: "0-0", pause: newBackoff(200*time.Millisecond, 5*time.Second)}
	if at, err := b.ledger.Meta(ctx, f.meta); err == nil && at != "" {
		f.at = at
	}
	for ctx.Err() == nil {
		err := b.line.Watch(ctx, f.at, func(e queue.Event) error { return f.take(ctx, e) })
		if err != nil && ctx.Err() == nil {
			b.log.Warn("the queue's events are interrupted", "error", reply.Redact(err.Error()))
			_ = f.pause.wait(ctx)
		}
	}
	f.note(context.WithoutCancel(ctx))
	return nil
}

// follower is a place in the event stream.
type follower struct {
	*Bot
	meta  string
	at    string // the last event that was dealt with
	noted time.Time
	tries int
	pause *backoff // before it is tried again
}

// take deals with one event. A ledger that cannot be reached is waited for: that is no fault of the event.
func (f *follower) take(ctx context.Context, e queue.Event) error {
	if err := f.heard(ctx, e); err != nil && ctx.Err() == nil {
		if _, down := f.ledger.Meta(ctx, f.meta); down == nil {
			f.tries++
		}
		if f.tries < eventTries {
			return fmt.Errorf("event %s (%s of job %s): %w", e.ID, e.Kind, e.Job, err)
		}
		f.log.Error("an event was passed over", "event", e.ID, "kind", e.Kind, "job", e.Job, "error", err)
	} else if err != nil {
		return err
	}
	f.tries, f.at = 0, e.ID
	f.pause.reset()
	if now := f.o.Now(); now.Sub(f.noted) >= noteEvery {
		f.noted = now
		f.note(ctx)
	}
	return nil
}

func (f *follower) note(ctx context.Context) {
	if err := f.ledger.SetMeta(ctx, f.meta, f.at); err != nil {
		f.log.Warn("the place in the event stream was not noted", "error", err)
	}
}

// heard deals with one event. Events may come twice, and late.
func (b *Bot) heard(ctx context.Context, e queue.Event) error {
	switch e.Kind {
	case queue.Leased, queue.Done, queue.Failed, queue.Gone:
		b.sight.moved()
	}
	switch e.Kind {
	case queue.Queued:
		return b.requeued(ctx, e.Job)
	case queue.Leased:
		b.watched.taken(e.Job)
		poke(b.moving)
		return known(b.ledger.Leased(ctx, e.Job))
	case queue.Progress:
		b.watched.percent(e.Job, e.Percent)
	case queue.Done:
		return b.done(ctx, e)
	case queue.Failed:
		return b.failed(ctx, e)
	case queue.Gone:
		return b.gone(ctx, e)
	case queue.NewEpoch:
		b.refilled.Store(b.o.Now().UnixNano())
		poke(b.owing)
	case queue.Pausing:
		poke(b.moving)
	}
	return nil
}

// known drops the error that says there is no such job: it belongs to another database.
func known(_ bool, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// requeued notes that a job waits: anew, or again after its renderer gave it back.
func (b *Bot) requeued(ctx context.Context, id string) error {
	defer poke(b.moving)
	if g, seen := b.watched.get(id); seen && !g.taken {
		return nil
	}
	b.watched.back(id)
	return known(b.ledger.Returned(ctx, id))
}

// done ends a job with what was made. Pictures in the tray are not delivered yet: see left.
func (b *Bot) done(ctx context.Context, ev queue.Event) error {
	defer poke(b.moving)
	out := queue.Outcome{}
	if ev.Outcome != nil {
		out = *ev.Outcome
	}
	e, err := b.ledger.Find(ctx, ev.Job)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	g, seen := b.watched.get(e.ID)
	b.watched.forget(e.ID)
	if v, err := see(e); err == nil && seen { // an end that is told again teaches nothing new
		b.costs.learn(v.spec, out.Millis)
	}
	switch out.Delivered {
	case reply.DeliveredTray:
		return b.left(ctx, e, out)
	case reply.DeliveredStranded:
		return b.finishOwing(ctx, e.ID, out, store.Delivery{State: store.Offer}, nil)
	}
	first, err := b.finish(ctx, e.ID, out)
	late := b.o.Now().Sub(g.told) < inFlight // an edit of ours may be
	if err == nil && (late || !first) {
		b.aside(func(ctx context.Context) { b.agree(ctx, e, out, late) })
	}
	return err
}

// left sees to pictures that a renderer left in the tray: they end their job when they are brought. If the tray was lost
// with them, an offer to paint them again is owed instead. A job that has just been heard of may be in another line by
// now: the audit comes back to it.
func (b *Bot) left(ctx context.Context, e store.Entry, out queue.Outcome) error {
	if b.o.Now().Sub(e.Updated) < stale {
		return nil
	}
	if lies, err := b.line.InTray(ctx, e.ID); err != nil || lies {
		return err
	}
	out.Delivered = reply.DeliveredStranded
	return b.finishOwing(ctx, e.ID, out, store.Delivery{State: store.Offer}, nil)
}

// agree has the message of a job that was posted say what the ledger says. Another bot may have written its end down, and
// a cancel may have been written down while its renderer was cut off from the line and posting: that stands, and the
// pictures go.
func (b *Bot) agree(ctx context.Context, e store.Entry, out queue.Outcome, late bool) {
	now, err := b.ledger.Find(ctx, e.ID)
	switch {
	case err != nil:
	case now.State == store.Cancelled:
		b.unpost(ctx, e)
	case now.State == store.Done && late:
		b.restore(ctx, e, out)
	}
}

// unpost takes pictures back that were posted although their cancel was written down before.
func (b *Bot) unpost(ctx context.Context, e store.Entry) {
	v, err := see(e)
	if err != nil {
		return // it was erased
	}
	if p, err := b.look(ctx, e, v); err != nil || !p.Has(remixButton(e.ID)) {
		return // they are not there, or out of reach
	}
	b.log.Warn("pictures of a cancelled job are taken back", "job", e.ID)
	b.correct(ctx, e, func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) })
}

// finish writes down what was made.
func (b *Bot) finish(ctx context.Context, id string, out queue.Outcome) (bool, error) {
	text, err := json.Marshal(out)
	if err != nil {
		return false, fmt.Errorf("write down job %s: %w", id, err)
	}
	return b.ledger.Finish(ctx, id, out.Message, text)
}

// failed ends a job that was given up. Its renderer has told its owner if it still could; a message that still shows a
// Cancel button was left by one that could not.
func (b *Bot) failed(ctx context.Context, ev queue.Event) error {
	defer poke(b.moving)
	b.log.Warn("a job failed", "job", ev.Job, "reason", reply.Redact(ev.Reason))
	return b.ended(ctx, ev.Job, func() (bool, error) { return b.ledger.Fail(ctx, ev.Job, ev.Reason) }, func(ctx context.Context, e store.Entry) {
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Sorry(v.to, v.spec, e.ID, reasonOf(ev.Reason)) })
	})
}

// reasonOf is why a job failed as its owner reads it.
func reasonOf(known string) string {
	if known == "" {
		return reasonGone
	}
	return known
}

// gone ends a job that was cancelled. A renderer that was to look whether its pictures are there may have been refused.
func (b *Bot) gone(ctx context.Context, ev queue.Event) error {
	defer poke(b.moving)
	return b.ended(ctx, ev.Job, func() (bool, error) { return b.ledger.Cancel(ctx, ev.Job) }, func(ctx context.Context, e store.Entry) {
		say := func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) }
		b.correctLiving(ctx, e, say)
		if e.Leased {
			b.agree(ctx, e, queue.Outcome{}, false)
			b.untold.keep(ending{job: e, say: say, due: b.o.Now().Add(inFlight)}) // its renderer's last edit may still be on its way
		}
	})
}

// ended writes an end down and has the message put right.
func (b *Bot) ended(ctx context.Context, id string, write func() (bool, error), say func(context.Context, store.Entry)) error {
	e, err := b.ledger.Find(ctx, id) // before its token is blanked
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b.watched.forget(id)
	if _, err := write(); err != nil {
		return err
	}
	if e.State == store.Done {
		return nil // it was brought meanwhile: what was told of it is about another painting
	}
	b.aside(func(ctx context.Context) { say(ctx, e) })
	return nil
}

// correctLiving corrects the message of an ended job if it still offers to cancel it. While Discord is in trouble it is
// tried again and again.
func (b *Bot) correctLiving(ctx context.Context, e store.Entry, say func(view) reply.Message) {
	err := b.tellEnd(ctx, ending{job: e, say: say})
	if err == nil || reply.Removed(err) {
		return
	}
	b.log.Warn("a message could not be corrected", "job", e.ID, "again", !reply.Final(err), "error", reply.Redact(err.Error()))
	if !reply.Final(err) {
		b.untold.keep(ending{job: e, say: say})
	}
}

// restore gives a finished message its text and buttons back, in case an edit of ours about its place in line arrived
// after the pictures.
func (b *Bot) restore(ctx context.Context, e store.Entry, out queue.Outcome) {
	b.correctLiving(ctx, e, func(v view) reply.Message {
		m := reply.Finished(v.to, v.spec, e.ID, nil, out.Files)
		m.Rows, m.Leave = reply.FinishedRows(v.spec, e.ID, len(out.Files)), true
		return m
	})
}

func remixButton(job string) string { return button.ID{Verb: button.Remix, Job: job}.String() }

func cancelButton(job string) string { return button.ID{Verb: button.Cancel, Job: job}.String() }
