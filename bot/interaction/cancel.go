package interaction

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/queue/backoff"
	"darkroom/store"
)

const (
	// cancelTimeout is how long a cancel waits while the queue is being filled again.
	cancelTimeout = 1500 * time.Millisecond
	// cancelRetry is how often it asks during that time.
	cancelRetry = 100 * time.Millisecond
)

// cancellations is what cancelling needs of the database.
type cancellations interface {
	finder
	unfinished
	SetMessage(ctx context.Context, id, message string) (bool, error)
	Cancel(ctx context.Context, id string) (bool, error)
}

// unfinished lists the jobs of a person that have not ended, the oldest first.
type unfinished interface {
	Unfinished(ctx context.Context, user string) ([]store.Job, error)
}

// cancelQueue takes jobs out of the queue.
type cancelQueue interface {
	Cancel(ctx context.Context, id, by string) (queue.CancelResult, error)
}

// epochs knows the epoch in which queue and SQL agree, and can start filling the queue at once.
type epochs interface {
	AgreedEpoch(ctx context.Context) (int64, error)
	Wake()
}

// cancelMessages shows that jobs were cancelled.
type cancelMessages interface {
	ShowCancelled(j job.Job)
	JobRemoved()
}

// canceller cancels jobs.
type canceller struct {
	clicks   *clicks
	db       cancellations
	queue    cancelQueue
	outbox   epochs
	delivery cancelMessages
	log      *slog.Logger
}

// button is the Cancel button.
func (c *canceller) button(ctx context.Context, r *responder) error {
	j, err := c.clicks.own(ctx, r)
	if err != nil {
		return err
	}
	if j.Message == "" { // Discord's answer to the first message never arrived
		j = j.WithMessage(r.req.Message)
		if _, err := c.db.SetMessage(ctx, j.ID, j.Message); err != nil {
			return err
		}
	}
	err = c.cancel(ctx, r, j.ID)
	if errors.Is(err, message.ErrEnded) && r.req.Ephemeral {
		return c.showEnd(ctx, r, j.ID)
	}
	if err != nil {
		return err
	}
	to := j.Address
	to.Card = r.req.Card // what Discord shows is certain
	if _, err = r.respond(ctx, message.Update(message.Cancelled(to, j.Spec, j.ID))); err != nil {
		c.delivery.ShowCancelled(j)
	}
	return err
}

// showEnd makes a private message say how its job ended. It may have waited still, because nothing but the token of a
// click can edit it once it is old.
func (c *canceller) showEnd(ctx context.Context, r *responder, id string) error {
	row, err := c.db.Find(ctx, id)
	if err != nil {
		return err
	}
	j, err := job.Read(row)
	if err != nil {
		return err
	}
	to, out := j.Address, j.Outcome()
	to.Card = r.req.Card
	var say message.Message
	switch {
	case j.State == store.Failed:
		say = message.Failed(to, j.Spec, j.ID, message.FailureReason(j.Reason))
	case j.State == store.Cancelled:
		say = message.Cancelled(to, j.Spec, j.ID)
	case out.Delivered == rest.DeliveredInbox:
		say = message.InInbox(to, j.Spec)
	case out.Delivered == rest.DeliveredReoffer:
		say = message.Reoffer(to, j.Spec, j.ID)
	case out.Message != "" && out.Channel != to.Channel:
		say = message.InDirect(to, j.Spec, message.Link{Channel: out.Channel, Message: out.Message})
	default:
		return message.ErrEnded
	}
	_, err = r.respond(ctx, message.Update(say))
	return err
}

// command is /cancel: it cancels the named job, or the person's newest.
func (c *canceller) command(ctx context.Context, r *responder) error {
	row, err := c.named(ctx, r)
	if err != nil {
		return err
	}
	j, _ := job.Read(row) // a job that cannot be read can be cancelled too
	if !mayChange(r, j) {
		return message.ErrNotYours
	}
	if err := c.cancel(ctx, r, j.ID); err != nil {
		return err
	}
	c.delivery.ShowCancelled(j)
	title := j.Title()
	if j.Address.Private() && j.User != r.req.Person.ID {
		title = j.ID // its prompt is nobody else's
	}
	return r.say(ctx, message.CancelledJob(r.req.Language, title))
}

func (c *canceller) named(ctx context.Context, r *responder) (store.Job, error) {
	if id := r.req.Options["job"]; id != "" {
		row, err := c.db.Find(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return row, message.ErrUnknownJob(id)
		}
		return row, err
	}
	mine, err := c.db.Unfinished(ctx, r.req.Person.ID)
	if err != nil {
		return store.Job{}, err
	}
	if len(mine) == 0 {
		return store.Job{}, message.ErrNothingToCancel
	}
	return mine[len(mine)-1], nil
}

// all cancels all unfinished jobs of the person, and returns how many could not be cancelled. If the queue does not
// answer, it is asked once.
func (c *canceller) all(ctx context.Context, r *responder) (left int, err error) {
	open, err := c.db.Unfinished(ctx, r.req.Person.ID)
	if err != nil {
		return 0, err
	}
	for i, row := range open {
		switch err := c.cancel(ctx, r, row.ID); {
		case errors.Is(err, message.ErrReconnecting):
			return left + len(open) - i, nil
		case err == nil:
			j, _ := job.Read(row)
			c.delivery.ShowCancelled(j)
		case !errors.Is(err, message.ErrEnded):
			left++
		}
	}
	return left, nil
}

// errQueueRebuilding means that a job was in a queue that was emptied. A renderer may still post it, and nothing can
// stop that renderer until the job is in the queue again.
var errQueueRebuilding = errors.New("the queue is being filled again")

// cancel cancels a job. The queue is asked first: SQL may say "cancelled" only when no renderer can post the job any
// more.
func (c *canceller) cancel(ctx context.Context, r *responder, id string) error {
	within, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	for rebuilding := false; ; rebuilding = true {
		err := c.try(within, r, id)
		if rebuilding && errors.Is(err, context.DeadlineExceeded) {
			return message.ErrReconnecting // the time was over in the middle of a try
		}
		if !errors.Is(err, errQueueRebuilding) {
			return err
		}
		c.outbox.Wake()
		if backoff.Sleep(within, cancelRetry) != nil {
			return message.ErrReconnecting
		}
	}
}

func (c *canceller) try(ctx context.Context, r *responder, id string) error {
	row, err := c.db.Find(ctx, id)
	if err != nil {
		return err
	}
	if row.State.Terminal() {
		return message.ErrEnded
	}
	epoch, err := c.outbox.AgreedEpoch(ctx)
	if err == nil && epoch == 0 && row.Epoch > 0 {
		return errQueueRebuilding // what the queue holds may be out of date
	}
	answer := queue.CancelUnknown
	if err == nil {
		answer, err = c.queue.Cancel(ctx, id, r.req.Person.ID)
	}
	switch {
	case errors.Is(err, queue.ErrEpoch) && row.Epoch > 0:
		return errQueueRebuilding
	case errors.Is(err, queue.ErrEpoch): // it was never in the queue and will not be: SQL is asked before
	case err != nil:
		c.log.Warn("a job could not be cancelled", "job", id, "error", rest.Redact(err.Error()))
		return message.ErrReconnecting
	case answer == queue.CancelPosting, answer == queue.CancelUnknown && row.Epoch == epoch && epoch > 0:
		return message.ErrPosting // it ended in this queue, and SQL does not know yet
	case answer == queue.CancelUnclaimed, answer == queue.CancelUnknown && (row.WasLeased || row.Epoch > 0):
		return errQueueRebuilding
	}
	return c.record(ctx, id)
}

// record stores a cancel.
func (c *canceller) record(ctx context.Context, id string) error {
	c.delivery.JobRemoved()
	cancelled, err := c.db.Cancel(ctx, id)
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	if cancelled {
		return nil
	}
	now, err := c.db.Find(ctx, id)
	if err == nil && now.State == store.Cancelled {
		return nil // the queue's event was faster
	}
	return message.ErrEnded
}
