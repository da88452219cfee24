package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/store"
)

// stop is the Cancel button.
func (t *turn) stop(ctx context.Context) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	if !t.may(e) {
		return errNotYours
	}
	if e.Message == "" { // it was never heard that Discord took the answer
		e.Message = t.req.Message
		if _, err := t.ledger.Answered(ctx, e.ID, e.Message); err != nil {
			return err
		}
	}
	if err := t.recall(ctx, e); err != nil {
		return err
	}
	if _, err = t.answer(ctx, reply.Update(reply.Withdrawn(v.to, v.spec, e.ID))); err != nil {
		t.withdrawn(e)
	}
	return err
}

// withdrawn says in a job's message that it was cancelled, soon or late.
func (t *turn) withdrawn(e store.Entry) {
	t.aside(func(ctx context.Context) {
		t.correctLiving(ctx, e, func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) })
	})
}

// withdraw is /cancel: the job that was named, or one's newest.
func (t *turn) withdraw(ctx context.Context) error {
	e, err := t.chosen(ctx)
	if err != nil {
		return err
	}
	if !t.may(e) {
		return errNotYours
	}
	if err := t.recall(ctx, e); err != nil {
		return err
	}
	t.withdrawn(e)
	return t.tell(ctx, reply.Message{Content: "Cancelled: " + promptLine(e)})
}

func (t *turn) chosen(ctx context.Context) (store.Entry, error) {
	if id := t.req.Options["job"]; id != "" {
		e, err := t.ledger.Find(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return e, no("I know no job called " + reply.Escape(cut(id, 40)) + ".")
		}
		return e, err
	}
	mine, err := t.ledger.Unfinished(ctx, t.req.Person.ID)
	if err != nil {
		return store.Entry{}, err
	}
	if len(mine) == 0 {
		return store.Entry{}, errNothingToCancel
	}
	return mine[len(mine)-1], nil
}

const (
	// recallWithin is how long a cancel waits for a line that is just being filled again.
	recallWithin = 1500 * time.Millisecond
	// recallAgain is how often it asks meanwhile.
	recallAgain = 100 * time.Millisecond
)

// errRefilling means that a job was in a line that was emptied: it may be at a renderer that still posts it, and until it
// is in line again nobody can tell that renderer to stop.
var errRefilling = errors.New("the line is being filled again")

// recall takes a job back. The queue is asked first: only when nobody can post it any more may the ledger say so.
func (t *turn) recall(ctx context.Context, e store.Entry) error {
	within, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	for {
		err := t.recallNow(within, e.ID)
		if !errors.Is(err, errRefilling) {
			return err
		}
		poke(t.owing)
		if sleep(within, recallAgain) != nil {
			return errReconnecting
		}
	}
}

func (t *turn) recallNow(ctx context.Context, id string) error {
	e, err := t.ledger.Find(ctx, id)
	if err != nil {
		return err
	}
	if terminal(e) {
		return errEnded
	}
	epoch, err := t.sound(ctx)
	if err == nil && epoch == 0 && e.Epoch > 0 {
		return errRefilling // what the queue holds may be of yesterday
	}
	said := queue.Unknown
	if err == nil {
		said, err = t.line.Cancel(ctx, id, t.req.Person.ID)
	}
	switch {
	case errors.Is(err, queue.ErrEpoch) && e.Epoch > 0:
		return errRefilling
	case errors.Is(err, queue.ErrEpoch): // it was never in line, and will not be: the ledger is asked before
	case err != nil:
		t.log.Warn("a job could not be cancelled", "job", id, "error", reply.Redact(err.Error()))
		return errReconnecting
	case said == queue.Posting, said == queue.Unknown && e.Epoch == epoch && epoch > 0:
		return errPosting // it was in this line and is over there: only the ledger has not heard of it yet
	case said == queue.Away, said == queue.Unknown && (e.Leased || e.Epoch > 0):
		return errRefilling
	}
	return t.takenBack(ctx, id)
}

// takenBack writes a cancel down.
func (t *turn) takenBack(ctx context.Context, id string) error {
	t.sight.forget() // the next to come stands in a shorter line
	cancelled, err := t.ledger.Cancel(ctx, id)
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	if cancelled {
		return nil
	}
	now, err := t.ledger.Find(ctx, id)
	if err == nil && now.State == store.Cancelled {
		return nil // the queue's own word about it was faster
	}
	return errEnded
}
