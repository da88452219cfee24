package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/encode"
	"darkroom/store"
)

// enqueueTimeout is how long the queue may take to answer for one job. Enqueuing again does no harm, so the relay tries
// again when it got no answer.
const enqueueTimeout = 3 * time.Second

// failTimeout is how long the database may take to note that a job was given up.
const failTimeout = 5 * time.Second

var (
	// errBacklog means that others have waited longer for room in the queue.
	errBacklog = errors.New("others wait for room in the queue")
	// errNoEpoch means that the relay has not begun an epoch yet.
	errNoEpoch = errors.New("the queue has no epoch yet")
	// errCopying means that somebody else is copying this job's input images.
	errCopying = errors.New("its input images are being copied")
	// errJobEnded means that a job ended on its way into the queue: somebody cancelled it.
	errJobEnded = errors.New("the job ended meanwhile")
	// errGivenUp means that a job cannot be rendered and was given up.
	errGivenUp = errors.New("the job was given up")
)

// needsNoRetry tells whether an error of enqueue asks for nothing more: somebody else enqueues the job, or it is
// over.
func needsNoRetry(err error) bool {
	return errors.Is(err, errCopying) || errors.Is(err, errGivenUp) || errors.Is(err, errJobEnded)
}

// policyReader reads a server's policy.
type policyReader func(ctx context.Context, server string) (store.Policy, error)

// enqueuer brings single jobs into the queue.
type enqueuer struct {
	db       enqueueStore
	queue    jobQueue
	copier   *copier
	copying  sync.Map // ids of jobs whose input images are being copied
	failed   func(j job.Job, reason string)
	enqueued func()
	log      *slog.Logger
}

// enqueueStore is what enqueuing one job needs of the database.
type enqueueStore interface {
	Find(ctx context.Context, id string) (store.Job, error)
	Fail(ctx context.Context, id, reason string) (bool, error)
	Input(ctx context.Context, sha string) ([]byte, error)
	MarkEnqueued(ctx context.Context, id string, epoch int64) (bool, error)
}

// Enqueue brings a fresh job into the queue, under the policy by which it was accepted. read is how the mask of
// its start image was understood, if it has one. An error means that the relay
// has to do it; the caller should Wake it.
//
// While some wait for room in a full queue a newcomer waits behind them: the relay takes the oldest first.
func (o *Outbox) Enqueue(ctx context.Context, j job.Job, p store.Policy) (read *encode.MaskReading, err error) {
	if o.queueFull.Load() {
		return read, errBacklog
	}
	epoch, err := o.db.CurrentEpoch(ctx, o.opts.Pool)
	if err != nil {
		return read, err
	}
	if epoch == 0 {
		return read, errNoEpoch
	}
	read, err = o.single.enqueue(ctx, epoch, j, func(context.Context, string) (store.Policy, error) { return p, nil })
	if errors.Is(err, queue.ErrFull) {
		o.queueFull.Store(true)
	}
	if needsNoRetry(err) {
		return read, nil
	}
	return read, err
}

// enqueue brings a job into the queue, from any state: missing input images are copied, the queue gets their
// bytes, the job is enqueued and its epoch is noted. Doing it again does no harm. Every way into the queue comes
// through here or through add.
func (e *enqueuer) enqueue(
	ctx context.Context, epoch int64, j job.Job, policy policyReader,
) (read *encode.MaskReading, err error) {
	if len(j.PendingInputs) > 0 {
		if _, busy := e.copying.LoadOrStore(j.ID, true); busy {
			return read, errCopying
		}
		defer e.copying.Delete(j.ID)
		if j, read, err = e.attach(ctx, j); err != nil {
			return read, err
		}
	}
	if err := e.add(ctx, epoch, j, policy); err != nil {
		return read, err
	}
	e.enqueued()
	marked, err := e.db.MarkEnqueued(ctx, j.ID, epoch)
	if err != nil || marked {
		return read, err
	}
	return read, e.removeEnded(ctx, j.ID)
}

// add puts a job into the queue, unless the queue knows that somebody cancelled it. The caller notes the
// epoch, and takes the job out again if it ended meanwhile.
func (e *enqueuer) add(ctx context.Context, epoch int64, j job.Job, policy policyReader) error {
	if err := e.putInputs(ctx, j); err != nil {
		return err
	}
	p, err := policy(ctx, j.Server)
	if err != nil { // without it there would be no limit
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enqueueTimeout)
	defer cancel()
	r, err := e.queue.Enqueue(ctx, epoch, j.ForQueue(p))
	if err == nil && r.Cancelled {
		return errJobEnded
	}
	return err
}

// attach copies the input images of a job, or gives it up if that cannot be done.
func (e *enqueuer) attach(ctx context.Context, j job.Job) (job.Job, *encode.MaskReading, error) {
	complete, read, err := e.copier.attach(ctx, j)
	if lost, ok := errors.AsType[*lostInput](err); ok {
		return j, read, e.giveUp(ctx, j, lost.reason, lost.cause)
	}
	return complete, read, err
}

// putInputs gives the queue the bytes of a job's input images.
func (e *enqueuer) putInputs(ctx context.Context, j job.Job) error {
	for _, sha := range j.Inputs {
		data, err := e.db.Input(ctx, sha)
		if errors.Is(err, store.ErrNotFound) {
			return e.giveUp(ctx, j, message.ReasonInputGone, store.ErrInputGone)
		}
		if err != nil {
			return err
		}
		if err := e.queue.PutInput(ctx, sha, data); err != nil {
			return fmt.Errorf("put input of job %s: %w", j.ID, err)
		}
	}
	return nil
}

// removeEnded takes a job out of the queue if it has ended: it ended on its way in, or was delivered while the queue
// held it once more.
func (e *enqueuer) removeEnded(ctx context.Context, id string) error {
	row, err := e.db.Find(ctx, id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err == nil && !row.State.Terminal() {
		return nil // somebody else noted its epoch
	}
	_, err = e.queue.RemoveEnded(ctx, id)
	return err
}

// giveUp ends a job that cannot be rendered: in SQL, then in its message. It returns errGivenUp with the cause. It does
// not stop when the caller has no more time, or the job would seem to wait for ever.
func (e *enqueuer) giveUp(ctx context.Context, j job.Job, reason string, cause error) error {
	e.log.Warn("a job was given up before it was rendered", "job", j.ID, "error", rest.Redact(cause.Error()))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), failTimeout)
	defer cancel()
	if _, err := e.db.Fail(ctx, j.ID, reason); err != nil {
		return errors.Join(cause, err)
	}
	e.failed(j, reason)
	return errors.Join(errGivenUp, cause)
}
