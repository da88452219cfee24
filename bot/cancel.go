package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// stop is the Cancel button.
func (h *handler) cancelClicked(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	if !h.mayChange(e) {
		return errNotYours
	}
	if e.Message == "" { // it was never heard that Discord took the answer
		e.Message = h.req.Message
		if _, err := h.db.SetMessage(ctx, e.ID, e.Message); err != nil {
			return err
		}
	}
	if err := h.cancelJob(ctx, e); err != nil {
		return err
	}
	if _, err = h.respond(ctx, message.Update(message.Cancelled(v.address, v.spec, e.ID))); err != nil {
		h.showCancelled(e)
	}
	return err
}

// withdrawn says in a job's message that it was cancelled, soon or late.
func (h *handler) showCancelled(e store.Job) {
	h.inBackground(func(ctx context.Context) {
		h.correctUnended(ctx, e, func(v decodedJob) message.Message { return message.Cancelled(v.address, v.spec, e.ID) })
	})
}

// withdraw is /cancel: the job that was named, or one's newest.
func (h *handler) cancelCommand(ctx context.Context) error {
	e, err := h.jobToCancel(ctx)
	if err != nil {
		return err
	}
	if !h.mayChange(e) {
		return errNotYours
	}
	if err := h.cancelJob(ctx, e); err != nil {
		return err
	}
	h.showCancelled(e)
	return h.replyPrivately(ctx, message.Message{Content: "Cancelled: " + promptLine(e)})
}

func (h *handler) jobToCancel(ctx context.Context) (store.Job, error) {
	if id := h.req.Options["job"]; id != "" {
		e, err := h.db.Find(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return e, refusalText("I know no job called " + message.Escape(cut(id, 40)) + ".")
		}
		return e, err
	}
	mine, err := h.db.Unfinished(ctx, h.req.Person.ID)
	if err != nil {
		return store.Job{}, err
	}
	if len(mine) == 0 {
		return store.Job{}, errNothingToCancel
	}
	return mine[len(mine)-1], nil
}

const (
	// cancelTimeout is how long a cancel waits for a line that is just being filled again.
	cancelTimeout = 1500 * time.Millisecond
	// cancelRetry is how often it asks meanwhile.
	cancelRetry = 100 * time.Millisecond
)

// errQueueRebuilding means that a job was in a line that was emptied: it may be at a renderer that still posts it, and until it
// is in line again nobody can tell that renderer to stop.
var errQueueRebuilding = errors.New("the line is being filled again")

// recall takes a job back. The queue is asked first: only when nobody can post it any more may the ledger say so.
func (h *handler) cancelJob(ctx context.Context, e store.Job) error {
	within, cancel := context.WithTimeout(ctx, cancelTimeout)
	defer cancel()
	for {
		err := h.tryCancel(within, e.ID)
		if !errors.Is(err, errQueueRebuilding) {
			return err
		}
		wake(h.relayWake)
		if sleep(within, cancelRetry) != nil {
			return errReconnecting
		}
	}
}

func (h *handler) tryCancel(ctx context.Context, id string) error {
	e, err := h.db.Find(ctx, id)
	if err != nil {
		return err
	}
	if terminal(e) {
		return errEnded
	}
	epoch, err := h.agreedEpoch(ctx)
	if err == nil && epoch == 0 && e.Epoch > 0 {
		return errQueueRebuilding // what the queue holds may be of yesterday
	}
	answer := queue.CancelUnknown
	if err == nil {
		answer, err = h.queue.Cancel(ctx, id, h.req.Person.ID)
	}
	switch {
	case errors.Is(err, queue.ErrEpoch) && e.Epoch > 0:
		return errQueueRebuilding
	case errors.Is(err, queue.ErrEpoch): // it was never in line, and will not be: the ledger is asked before
	case err != nil:
		h.log.Warn("a job could not be cancelled", "job", id, "error", rest.Redact(err.Error()))
		return errReconnecting
	case answer == queue.CancelPosting, answer == queue.CancelUnknown && e.Epoch == epoch && epoch > 0:
		return errPosting // it was in this line and is over there: only the ledger has not heard of it yet
	case answer == queue.CancelUnclaimed, answer == queue.CancelUnknown && (e.WasLeased || e.Epoch > 0):
		return errQueueRebuilding
	}
	return h.recordCancel(ctx, id)
}

// recordCancel writes a cancel down.
func (h *handler) recordCancel(ctx context.Context, id string) error {
	h.queueView.invalidate() // the next to come stands in a shorter line
	cancelled, err := h.db.Cancel(ctx, id)
	if err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	if cancelled {
		return nil
	}
	now, err := h.db.Find(ctx, id)
	if err == nil && now.State == store.Cancelled {
		return nil // the queue's own word about it was faster
	}
	return errEnded
}
