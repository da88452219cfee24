package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

const (
	// maxEventTries is how often one event is tried before it is passed over: a broken one must not hide all others.
	maxEventTries = 5
	// savePositionEvery is how often the position in the event stream is written down. Hearing an event twice does no harm.
	savePositionEvery = 2 * time.Second
	// editInFlight is how long an edit of ours may still have been on its way when a renderer began to edit the message.
	editInFlight = 30 * time.Second
)

// follow hears what becomes of jobs and writes it into the ledger.
func (b *Bot) follow(ctx context.Context) error {
	f := &follower{Bot: b, metaName: "events:" + b.o.Pool, lastEvent: "0-0", backoff: newBackoff(200*time.Millisecond, 5*time.Second)}
	if at, err := b.db.Meta(ctx, f.metaName); err == nil && at != "" {
		f.lastEvent = at
	}
	for ctx.Err() == nil {
		err := b.queue.Watch(ctx, f.lastEvent, func(e queue.Event) error { return f.handleEvent(ctx, e) })
		if err != nil && ctx.Err() == nil {
			b.log.Warn("the queue's events are interrupted", "error", rest.Redact(err.Error()))
			_ = f.backoff.wait(ctx)
		}
	}
	f.savePosition(context.WithoutCancel(ctx))
	return nil
}

// follower is a place in the event stream.
type follower struct {
	*Bot
	metaName  string
	lastEvent string // the last event that was dealt with
	savedAt   time.Time
	tries     int
	backoff   *backoff // before it is tried again
}

// take deals with one event. A ledger that cannot be reached is waited for: that is no fault of the event.
func (f *follower) handleEvent(ctx context.Context, e queue.Event) error {
	if err := f.handleQueueEvent(ctx, e); err != nil && ctx.Err() == nil {
		if _, down := f.db.Meta(ctx, f.metaName); down == nil {
			f.tries++
		}
		if f.tries < maxEventTries {
			return fmt.Errorf("event %s (%s of job %s): %w", e.ID, e.Kind, e.Job, err)
		}
		f.log.Error("an event was passed over", "event", e.ID, "kind", e.Kind, "job", e.Job, "error", err)
	} else if err != nil {
		return err
	}
	f.tries, f.lastEvent = 0, e.ID
	f.backoff.reset()
	if now := f.o.Now(); now.Sub(f.savedAt) >= savePositionEvery {
		f.savedAt = now
		f.savePosition(ctx)
	}
	return nil
}

func (f *follower) savePosition(ctx context.Context) {
	if err := f.db.SetMeta(ctx, f.metaName, f.lastEvent); err != nil {
		f.log.Warn("the place in the event stream was not noted", "error", err)
	}
}

// heard deals with one event. Events may come twice, and late.
func (b *Bot) handleQueueEvent(ctx context.Context, e queue.Event) error {
	switch e.Kind {
	case queue.JobLeased, queue.JobDone, queue.JobFailed, queue.JobCancelled:
		b.queueView.invalidateSmall()
	}
	switch e.Kind {
	case queue.JobQueued:
		return b.jobRequeued(ctx, e.Job)
	case queue.JobLeased:
		b.shown.setLeased(e.Job)
		wake(b.positionsWake)
		return ignoreNotFound(b.db.MarkLeased(ctx, e.Job))
	case queue.JobCrashed:
		return ignoreNotFound(b.db.RecordCrashes(ctx, e.Job, e.Crashes))
	case queue.JobProgress:
		b.shown.setPercent(e.Job, e.Percent)
	case queue.JobDone:
		return b.jobDone(ctx, e)
	case queue.JobFailed:
		return b.jobFailed(ctx, e)
	case queue.JobCancelled:
		return b.jobCancelled(ctx, e)
	case queue.EpochBegan:
		b.epochBegan.Store(b.o.Now().UnixNano())
		wake(b.relayWake)
	case queue.PausesChanged:
		wake(b.positionsWake)
	}
	return nil
}

// known drops the error that says there is no such job: it belongs to another database.
func ignoreNotFound(_ bool, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// requeued notes that a job waits: anew, or again after its renderer gave it back.
func (b *Bot) jobRequeued(ctx context.Context, id string) error {
	defer wake(b.positionsWake)
	if g, seen := b.shown.get(id); seen && !g.leased {
		return nil
	}
	b.shown.setRequeued(id)
	return ignoreNotFound(b.db.MarkRequeued(ctx, id))
}

// done ends a job with what was made. Pictures in the tray are not delivered yet: see left.
func (b *Bot) jobDone(ctx context.Context, ev queue.Event) error {
	defer wake(b.positionsWake)
	out := queue.Outcome{}
	if ev.Outcome != nil {
		out = *ev.Outcome
	}
	e, err := b.db.Find(ctx, ev.Job)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	g, seen := b.shown.get(e.ID)
	b.shown.forget(e.ID)
	if v, err := decodeJob(e); err == nil && seen { // an end that is told again teaches nothing new
		b.costs.learn(v.spec, out.Millis)
	}
	switch out.Delivered {
	case rest.DeliveredLater:
		return b.jobUndelivered(ctx, e, out)
	case rest.DeliveredReoffer:
		return b.finishWithDelivery(ctx, e.ID, out, store.Delivery{State: store.ReofferDue}, nil)
	}
	first, err := b.finish(ctx, e.ID, out)
	late := b.o.Now().Sub(g.edited) < editInFlight // an edit of ours may be
	if err == nil && (late || !first) {
		b.inBackground(func(ctx context.Context) { b.reconcile(ctx, e, out, late) })
	}
	return err
}

// left sees to pictures that a renderer left in the tray: they end their job when they are brought. If the tray was lost
// with them, an offer to paint them again is owed instead. A job that has just been heard of may be in another line by
// now: the audit comes back to it.
func (b *Bot) jobUndelivered(ctx context.Context, e store.Job, out queue.Outcome) error {
	if b.o.Now().Sub(e.Updated) < auditAge {
		return nil
	}
	if kept, err := b.queue.IsUndelivered(ctx, e.ID); err != nil || kept {
		return err
	}
	out.Delivered = rest.DeliveredReoffer
	return b.finishWithDelivery(ctx, e.ID, out, store.Delivery{State: store.ReofferDue}, nil)
}

// agree has the message of a job that was posted say what the ledger says. Another bot may have written its end down, and
// a cancel may have been written down while its renderer was cut off from the line and posting: that stands, and the
// pictures go.
func (b *Bot) reconcile(ctx context.Context, e store.Job, out queue.Outcome, late bool) {
	now, err := b.db.Find(ctx, e.ID)
	switch {
	case err != nil:
	case now.State == store.Cancelled:
		b.retract(ctx, e)
	case now.State == store.Done && late:
		b.restore(ctx, e, out)
	}
}

// unpost takes pictures back that were posted although their cancel was written down before.
func (b *Bot) retract(ctx context.Context, e store.Job) {
	v, err := decodeJob(e)
	if err != nil {
		return // it was erased
	}
	if p, err := b.fetchMessage(ctx, e, v); err != nil || !p.Has(remixButton(e.ID)) {
		return // they are not there, or out of reach
	}
	b.log.Warn("pictures of a cancelled job are taken back", "job", e.ID)
	b.correct(ctx, e, func(v decodedJob) message.Message { return message.Cancelled(v.address, v.spec, e.ID) })
}

// finish writes down what was made.
func (b *Bot) finish(ctx context.Context, id string, out queue.Outcome) (bool, error) {
	text, err := json.Marshal(out)
	if err != nil {
		return false, fmt.Errorf("write down job %s: %w", id, err)
	}
	return b.db.Finish(ctx, id, out.Message, text)
}

// failed ends a job that was given up. Its renderer has told its owner if it still could; a message that still shows a
// Cancel button was left by one that could not.
func (b *Bot) jobFailed(ctx context.Context, ev queue.Event) error {
	defer wake(b.positionsWake)
	b.log.Warn("a job failed", "job", ev.Job, "reason", rest.Redact(ev.Reason))
	return b.jobEnded(ctx, ev.Job, func() (bool, error) { return b.db.Fail(ctx, ev.Job, ev.Reason) }, func(ctx context.Context, e store.Job) {
		b.correctUnended(ctx, e, func(v decodedJob) message.Message {
			return message.Failed(v.address, v.spec, e.ID, failureReason(ev.Reason))
		})
	})
}

// failureReason is why a job failed as its owner reads it.
func failureReason(reason string) string {
	if reason == "" {
		return reasonRetriesUsed
	}
	return reason
}

// gone ends a job that was cancelled. A renderer that was to look whether its pictures are there may have been refused.
func (b *Bot) jobCancelled(ctx context.Context, ev queue.Event) error {
	defer wake(b.positionsWake)
	return b.jobEnded(ctx, ev.Job, func() (bool, error) { return b.db.Cancel(ctx, ev.Job) }, func(ctx context.Context, e store.Job) {
		say := func(v decodedJob) message.Message { return message.Cancelled(v.address, v.spec, e.ID) }
		b.correctUnended(ctx, e, say)
		if e.WasLeased {
			b.reconcile(ctx, e, queue.Outcome{}, false)
			b.retries.add(correction{job: e, message: say, notBefore: b.o.Now().Add(editInFlight)}) // its renderer's last edit may still be on its way
		}
	})
}

// ended writes an end down and has the message put right.
func (b *Bot) jobEnded(ctx context.Context, id string, write func() (bool, error), say func(context.Context, store.Job)) error {
	e, err := b.db.Find(ctx, id) // before its token is blanked
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	b.shown.forget(id)
	if _, err := write(); err != nil {
		return err
	}
	if e.State == store.Done {
		return nil // it was brought meanwhile: what was told of it is about another painting
	}
	b.inBackground(func(ctx context.Context) { say(ctx, e) })
	return nil
}

// correctUnended corrects the message of an ended job if it still offers to cancel it. While Discord is in trouble it is
// tried again and again.
func (b *Bot) correctUnended(ctx context.Context, e store.Job, say func(decodedJob) message.Message) {
	err := b.applyCorrection(ctx, correction{job: e, message: say})
	if err == nil || rest.Removed(err) {
		return
	}
	b.log.Warn("a message could not be corrected", "job", e.ID, "again", !rest.Final(err), "error", rest.Redact(err.Error()))
	if !rest.Final(err) {
		b.retries.add(correction{job: e, message: say})
	}
}

// restore gives a finished message its text and buttons back, in case an edit of ours about its place in line arrived
// after the pictures.
func (b *Bot) restore(ctx context.Context, e store.Job, out queue.Outcome) {
	b.correctUnended(ctx, e, func(v decodedJob) message.Message {
		m := message.Finished(v.address, v.spec, e.ID, nil, out.Files)
		m.Rows, m.KeepFiles = message.FinishedRows(v.spec, e.ID, len(out.Files)), true
		return m
	})
}

func remixButton(job string) string { return button.ID{Verb: button.Remix, Job: job}.String() }

func cancelButton(job string) string { return button.ID{Verb: button.Cancel, Job: job}.String() }
