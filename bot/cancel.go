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
	if err := t.recall(ctx, e); err != nil {
		return err
	}
	_, err = t.answer(ctx, reply.Update(reply.Withdrawn(v.to, v.spec, e.ID)))
	return err
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
	t.aside(func(ctx context.Context) {
		t.correct(ctx, e, func(v view) reply.Message { return reply.Withdrawn(v.to, v.spec, e.ID) })
	})
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

// recallWithin is how long a cancel waits for a job that is just being put into the line.
const recallWithin = 1500 * time.Millisecond

// recall takes a job back. The queue is asked first: only when nobody can post it any more may the ledger say so.
func (t *turn) recall(ctx context.Context, e store.Entry) error {
	ctx, cancel := context.WithTimeout(ctx, recallWithin)
	defer cancel()
	release, err := t.latches.hold(ctx, e.ID)
	if err != nil {
		return errReconnecting
	}
	defer release()
	if e, err = t.ledger.Find(ctx, e.ID); err != nil {
		return err
	}
	if terminal(e) {
		return errEnded
	}
	said, err := t.line.Cancel(ctx, e.ID, t.req.Person.ID)
	empty := errors.Is(err, queue.ErrEpoch) // the line is empty, and will be filled by what the ledger says
	if err != nil && !empty {
		t.log.Warn("a job could not be cancelled", "job", e.ID, "error", reply.Redact(err.Error()))
		return errReconnecting
	}
	if !empty && (said == queue.Posting || said == queue.Unknown && t.passedThrough(ctx, e)) {
		return errPosting
	}
	return t.takenBack(ctx, e.ID)
}

// passedThrough tells whether a job that the queue does not know any more was in this line: then it is over there, and
// only the ledger has not heard of it yet.
func (t *turn) passedThrough(ctx context.Context, e store.Entry) bool {
	epoch, err := t.ledger.CurrentEpoch(ctx, t.o.Pool)
	return err != nil || e.Epoch > 0 && e.Epoch == epoch
}

// takenBack writes a cancel down.
func (t *turn) takenBack(ctx context.Context, id string) error {
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
