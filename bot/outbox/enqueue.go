package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/store"
)

// enqueueTimeout is how long the queue may take to answer for one job. Enqueuing again does no harm, so the relay tries
// again when it got no answer.
const enqueueTimeout = 3 * time.Second

var (
	// errBacklog means that others have waited longer for room in the queue.
	errBacklog = errors.New("others wait for room in the queue")
	// errNoEpoch means that the relay has not begun an epoch yet.
	errNoEpoch = errors.New("the queue has no epoch yet")
	// errCopying means that somebody else is copying this job's input pictures.
	errCopying = errors.New("its input pictures are being copied")
	// errJobEnded means that a job ended on its way into the queue: somebody cancelled it.
	errJobEnded = errors.New("the job ended meanwhile")
	// errGivenUp means that a job cannot be painted and was given up.
	errGivenUp = errors.New("the job was given up")
)

// needsNoRetry tells whether an error of enqueueIn asks for nothing more: somebody else enqueues the job, or it is over.
func needsNoRetry(err error) bool {
	return errors.Is(err, errCopying) || errors.Is(err, errGivenUp) || errors.Is(err, errJobEnded)
}

// policyReader reads a server's policy.
type policyReader func(ctx context.Context, server string) (store.Policy, error)

// Enqueue brings a fresh job into the queue, under the policy by which it was accepted. An error means that the relay has
// to do it; the caller should Wake it.
//
// While some wait for room in a full queue a newcomer waits behind them: the relay takes the oldest first.
func (o *Outbox) Enqueue(ctx context.Context, j job.Job, p store.Policy) error {
	if o.queueFull.Load() {
		return errBacklog
	}
	epoch, err := o.db.CurrentEpoch(ctx, o.opts.Pool)
	if err != nil {
		return err
	}
	if epoch == 0 {
		return errNoEpoch
	}
	err = o.enqueueIn(ctx, epoch, j, func(context.Context, string) (store.Policy, error) { return p, nil })
	if errors.Is(err, queue.ErrFull) {
		o.queueFull.Store(true)
	}
	if needsNoRetry(err) {
		return nil
	}
	return err
}

// enqueueIn brings a job into the queue, from any state: missing input pictures are copied, the queue gets their bytes, the
// job is enqueued and its epoch is noted. Doing it again does no harm. Every way into the queue comes through here or
// through addToQueue.
func (o *Outbox) enqueueIn(ctx context.Context, epoch int64, j job.Job, policy policyReader) error {
	if len(j.PendingInputs) > 0 {
		if _, busy := o.copying.LoadOrStore(j.ID, true); busy {
			return errCopying
		}
		defer o.copying.Delete(j.ID)
		complete, err := o.attachInput(ctx, j)
		if err != nil {
			return err
		}
		j = complete
	}
	if err := o.addToQueue(ctx, epoch, j, policy); err != nil {
		return err
	}
	o.opts.Enqueued()
	marked, err := o.db.MarkEnqueued(ctx, j.ID, epoch)
	if err != nil || marked {
		return err
	}
	return o.RemoveEnded(ctx, j.ID)
}

// addToQueue puts a job into the queue, unless the queue knows that somebody cancelled it. The caller notes the epoch, and
// takes the job out again if it ended meanwhile.
func (o *Outbox) addToQueue(ctx context.Context, epoch int64, j job.Job, policy policyReader) error {
	if err := o.putInputs(ctx, j); err != nil {
		return err
	}
	p, err := policy(ctx, j.Server)
	if err != nil { // without it there would be no limit
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enqueueTimeout)
	defer cancel()
	r, err := o.queue.Enqueue(ctx, epoch, j.ForQueue(p))
	if err == nil && r.Cancelled {
		return errJobEnded
	}
	return err
}

// putInputs gives the queue the bytes of a job's input pictures.
func (o *Outbox) putInputs(ctx context.Context, j job.Job) error {
	for _, sha := range j.Inputs {
		data, err := o.db.Input(ctx, sha)
		if errors.Is(err, store.ErrNotFound) {
			return o.giveUp(ctx, j, message.ReasonInputGone, store.ErrInputGone)
		}
		if err != nil {
			return err
		}
		if err := o.queue.PutInput(ctx, sha, data); err != nil {
			return fmt.Errorf("put input of job %s: %w", j.ID, err)
		}
	}
	return nil
}

// RemoveEnded takes a job out of the queue if it has ended: it ended on its way in, or was delivered while the queue held
// it once more.
func (o *Outbox) RemoveEnded(ctx context.Context, id string) error {
	row, err := o.db.Find(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && !row.State.Terminal() {
		return nil // somebody else noted its epoch
	}
	_, err = o.queue.Cancel(ctx, id, "it ended on its way")
	return err
}

// giveUp ends a job that cannot be painted: in SQL, then in its message. It returns errGivenUp with the cause.
func (o *Outbox) giveUp(ctx context.Context, j job.Job, reason string, cause error) error {
	o.log.Warn("a job was given up before it was rendered", "job", j.ID, "error", rest.Redact(cause.Error()))
	if _, err := o.db.Fail(ctx, j.ID, reason); err != nil {
		return errors.Join(cause, err)
	}
	o.opts.Failed(j, reason)
	return errors.Join(errGivenUp, cause)
}
