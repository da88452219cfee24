package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
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
)

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
