package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// undeliveredAge is for how long a job must not have changed before its undelivered results are taken for lost: a job
// that was just heard of may be in another epoch by now. The audit asks again.
const undeliveredAge = 30 * time.Second

// endings writes the ends of jobs.
type endings struct{ db ends }

// finish writes down what was made.
func (e *endings) finish(ctx context.Context, id string, out queue.Outcome) (bool, error) {
	text, err := json.Marshal(out)
	if err != nil {
		return false, fmt.Errorf("write down job %s: %w", id, err)
	}
	return e.db.Finish(ctx, id, out.Message, text)
}

// finishWithDelivery writes down what was made and what its owner must still get.
func (e *endings) finishWithDelivery(
	ctx context.Context, id string, out queue.Outcome, d store.Delivery, pictures []store.InboxPicture,
) error {
	text, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write down job %s: %w", id, err)
	}
	_, err = e.db.FinishWithDelivery(ctx, id, text, d, pictures)
	return err
}

// done ends a job with what was made. Undelivered results do not end it yet: see lostResults.
func (e *events) done(ctx context.Context, ev queue.Event) error {
	out := queue.Outcome{}
	if ev.Outcome != nil {
		out = *ev.Outcome
	}
	j, readable, known, err := e.find(ctx, ev.Job)
	if err != nil || !known {
		return err
	}
	g, seen := e.shown.get(j.ID)
	if err := e.writeDone(ctx, j, readable, out, g.edited); err != nil {
		return err
	}
	if readable && seen { // an end that is told again teaches nothing new
		e.learn(j.Spec, out.Millis)
	}
	e.shown.forget(j.ID)
	return nil
}

// writeDone writes down what was made, and has the message corrected if an edit of ours, the last of which was sent at
// edited, may have come after the images, or if another bot was faster to write the end down.
func (e *events) writeDone(ctx context.Context, j job.Job, readable bool, out queue.Outcome, edited time.Time) error {
	switch out.Delivered {
	case rest.DeliveredLater:
		return e.lostResults(ctx, j, out)
	case rest.DeliveredReoffer:
		return e.endings.finishWithDelivery(ctx, j.ID, out, store.Delivery{State: store.ReofferDue}, nil)
	}
	first, err := e.endings.finish(ctx, j.ID, out)
	late := e.now().Sub(edited) < editInFlight
	if err == nil && readable && (late || !first) {
		e.corrections.background.do(func(ctx context.Context) { e.corrections.reconcile(ctx, j, out, late) })
	}
	return err
}

// lostResults looks whether the results that a renderer left undelivered are still there: they end their job when
// they are delivered. If they were lost with the queue, an offer to render them again is due instead.
func (e *events) lostResults(ctx context.Context, j job.Job, out queue.Outcome) error {
	if e.now().Sub(j.Updated) < undeliveredAge {
		return nil
	}
	if kept, err := e.queue.IsUndelivered(ctx, j.ID); err != nil || kept {
		return err
	}
	out.Delivered = rest.DeliveredReoffer
	return e.endings.finishWithDelivery(ctx, j.ID, out, store.Delivery{State: store.ReofferDue}, nil)
}

// failed ends a job that was given up. Its renderer has told its owner if it still could; a message that still shows a
// Cancel button was left by one that could not.
func (e *events) failed(ctx context.Context, ev queue.Event) error {
	e.log.Warn("a job failed", "job", ev.Job, "reason", rest.Redact(ev.Reason))
	write := func() (bool, error) { return e.endings.db.Fail(ctx, ev.Job, ev.Reason) }
	return e.end(ctx, ev.Job, write, func(ctx context.Context, j job.Job) {
		e.corrections.correct(ctx, apology(j, ev.Reason))
	})
}

// cancelled ends a job that was cancelled. A renderer that was to look whether its images are there may have been
// refused.
func (e *events) cancelled(ctx context.Context, ev queue.Event) error {
	write := func() (bool, error) { return e.endings.db.Cancel(ctx, ev.Job) }
	return e.end(ctx, ev.Job, write, func(ctx context.Context, j job.Job) {
		say := message.Cancelled(j.Address, j.Spec, j.ID)
		e.corrections.correctUnended(ctx, j, say)
		if j.WasLeased {
			e.corrections.reconcile(ctx, j, queue.Outcome{}, false)
			again := e.now().Add(editInFlight) // its renderer's last edit may still be on its way
			e.corrections.retries.add(correction{job: j, message: say, notBefore: again})
		}
	})
}

// end writes an end down and has the message corrected.
func (e *events) end(
	ctx context.Context, id string, write func() (bool, error), say func(context.Context, job.Job),
) error {
	j, readable, known, err := e.find(ctx, id) // before its token is blanked
	if err != nil || !known {
		return err
	}
	if _, err := write(); err != nil {
		return err
	}
	e.shown.forget(id) // not before: what is unknown and still waits in SQL would be told its position again
	if j.State == store.Done {
		return nil // its results were delivered meanwhile: this event is about another run
	}
	if !readable {
		e.log.Error("a job cannot be read", "job", id)
		return nil
	}
	e.corrections.background.do(func(ctx context.Context) { say(ctx, j) })
	return nil
}
