package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/render/picture"
	"darkroom/store"
)

const (
	// maxEventTries is how often one event is tried before it is skipped: a broken one must not hide all others.
	maxEventTries = 5
	// savePositionEvery is how often the position in the event stream is written down. Hearing an event twice does no
	// harm.
	savePositionEvery = 2 * time.Second
	// undeliveredAge is for how long a job must not have changed before its undelivered results are taken for lost: a job
	// that was just heard of may be in another epoch by now. The audit asks again.
	undeliveredAge = 30 * time.Second
)

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

// eventStore is what events are written into.
type eventStore interface {
	finder
	runStates
}

// eventQueue is where events come from.
type eventQueue interface {
	Watch(ctx context.Context, from string, hear func(queue.Event) error) error
	IsUndelivered(ctx context.Context, job string) (bool, error)
}

// events hears what becomes of jobs and writes it into SQL.
type events struct {
	queue       eventQueue
	db          eventStore
	endings     *endings
	corrections *corrector
	shown       *shownStates
	view        *queueView
	positions   *positions
	epochs      epochs
	learn       func(s picture.Spec, millis map[string]int64)
	now         func() time.Time
	log         *slog.Logger

	position position
	tries    int // of the event that failed last
}

// position is the position in the event stream.
type position struct {
	db      meta
	name    string // under which it is written down
	last    string // the last event that was dealt with
	savedAt time.Time
	log     *slog.Logger
}

func (p *position) load(ctx context.Context) {
	p.last = "0-0"
	if at, err := p.db.Meta(ctx, p.name); err == nil && at != "" {
		p.last = at
	}
}

func (p *position) save(ctx context.Context) {
	if err := p.db.SetMeta(ctx, p.name, p.last); err != nil {
		p.log.Warn("the position in the event stream was not written down", "error", err)
	}
}

// run hears events until ctx is done.
func (e *events) run(ctx context.Context) error {
	e.position.load(ctx)
	pause := backoff.New(200*time.Millisecond, 5*time.Second)
	for ctx.Err() == nil {
		err := e.queue.Watch(ctx, e.position.last, func(ev queue.Event) error {
			err := e.handle(ctx, ev)
			if err == nil {
				pause.Reset()
			}
			return err
		})
		if err != nil && ctx.Err() == nil {
			e.log.Warn("the queue's events are interrupted", "error", rest.Redact(err.Error()))
			_ = pause.Wait(ctx)
		}
	}
	e.position.save(context.WithoutCancel(ctx))
	return nil
}

// handle deals with one event. A database that cannot be reached, or whose disk is full, is waited for: that is no
// fault of the event.
func (e *events) handle(ctx context.Context, ev queue.Event) error {
	if err := e.apply(ctx, ev); err != nil && ctx.Err() == nil {
		if _, down := e.position.db.Meta(ctx, e.position.name); down == nil && !store.Full(err) {
			e.tries++
		}
		if e.tries < maxEventTries {
			return fmt.Errorf("event %s (%s of job %s): %w", ev.ID, ev.Kind, ev.Job, err)
		}
		e.log.Error("an event was skipped", "event", ev.ID, "kind", ev.Kind, "job", ev.Job, "error", err)
	} else if err != nil {
		return err
	}
	e.tries, e.position.last = 0, ev.ID
	if now := e.now(); now.Sub(e.position.savedAt) >= savePositionEvery {
		e.position.savedAt = now
		e.position.save(ctx)
	}
	return nil
}

// apply writes down one event. Events may come twice, and late.
func (e *events) apply(ctx context.Context, ev queue.Event) error {
	switch ev.Kind {
	case queue.JobLeased, queue.JobDone, queue.JobFailed, queue.JobCancelled:
		e.view.invalidateSmall()
		defer e.positions.wakeUp()
	}
	switch ev.Kind {
	case queue.JobQueued:
		return e.requeued(ctx, ev.Job)
	case queue.JobLeased:
		e.shown.setLeased(ev.Job)
		return ignoreNotFound(e.db.MarkLeased(ctx, ev.Job))
	case queue.JobCrashed:
		return ignoreNotFound(e.db.RecordCrashes(ctx, ev.Job, ev.Crashes))
	case queue.JobProgress:
		e.shown.setPercent(ev.Job, ev.Percent)
	case queue.JobDone:
		return e.done(ctx, ev)
	case queue.JobFailed:
		return e.failed(ctx, ev)
	case queue.JobCancelled:
		return e.cancelled(ctx, ev)
	case queue.EpochBegan:
		e.epochs.NoteEpoch(ctx)
	case queue.PausesChanged:
		e.positions.wakeUp()
	}
	return nil
}

// ignoreNotFound drops the error that says there is no such job: it belongs to another database.
func ignoreNotFound(_ bool, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// requeued notes that a job waits: since it was enqueued, or again after its renderer gave it back.
func (e *events) requeued(ctx context.Context, id string) error {
	defer e.positions.wakeUp()
	if g, seen := e.shown.get(id); seen && !g.leased {
		return nil
	}
	e.shown.setRequeued(id)
	return ignoreNotFound(e.db.MarkRequeued(ctx, id))
}

// find returns a job, readable or not; known is false if it belongs to another database.
func (e *events) find(ctx context.Context, id string) (j job.Job, readable, known bool, err error) {
	row, err := e.db.Find(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return job.Job{}, false, false, nil
	}
	if err != nil {
		return job.Job{}, false, false, err
	}
	j, rerr := job.Read(row)
	return j, rerr == nil, true, nil
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
