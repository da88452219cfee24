package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// enlist brings a promised job into the line, from wherever it stands: input pictures that are missing are copied, the
// bytes are lent to the queue, the job is enqueued and its epoch noted. Doing it again does no harm. Every way into the
// queue is this one: a fresh request, a start of the bot, a lost enqueue, a wiped Redis.
//
// While some wait for room in a full queue a newcomer waits behind them: the relay takes the oldest first.
func (b *Bot) enqueue(ctx context.Context, e store.Job) error {
	if b.queueFull.Load() {
		return errBacklog
	}
	epoch, err := b.db.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return err
	}
	if epoch == 0 {
		return errNoEpoch
	}
	err = b.enqueueIn(ctx, epoch, e)
	if errors.Is(err, queue.ErrFull) {
		b.queueFull.Store(true)
	}
	return err
}

// errBacklog means that others have waited longer for room in the queue.
var errBacklog = errors.New("others wait for room in the queue")

// errNoEpoch means that the relay has not begun the queue yet.
var errNoEpoch = errors.New("the queue is not begun yet")

func (b *Bot) enqueueIn(ctx context.Context, epoch int64, e store.Job) error {
	if len(e.PendingInputs) > 0 {
		if _, busy := b.copying.LoadOrStore(e.ID, true); busy {
			return errCopying
		}
		defer b.copying.Delete(e.ID)
		full, err := b.attachInput(ctx, e)
		if err != nil {
			return err
		}
		e = full
	}
	if err := b.addToQueue(ctx, epoch, e, b.db.Policy); err != nil {
		return err
	}
	wake(b.positionsWake)
	marked, err := b.db.MarkEnqueued(ctx, e.ID, epoch)
	if err != nil || marked {
		return err
	}
	return b.removeEnded(ctx, []string{e.ID})
}

// enqueueTimeout is how long the queue may take to answer for one job. Enqueuing again does no harm, so the relay tries
// what was not heard of.
const enqueueTimeout = 3 * time.Second

// put puts a job into the line, unless the queue knows that somebody cancelled it. Whoever calls it notes the epoch, and
// takes the job out again if it ended meanwhile.
func (b *Bot) addToQueue(ctx context.Context, epoch int64, e store.Job, policy policyReader) error {
	if err := b.putInputs(ctx, e); err != nil {
		return err
	}
	p, err := policy(ctx, e.Server)
	if err != nil { // without it there would be no limit
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enqueueTimeout)
	defer cancel()
	r, err := b.queue.Enqueue(ctx, epoch, queueJob(e, p))
	if err == nil && r.Cancelled {
		return errJobEnded
	}
	return err
}

// errJobEnded means that a job ended on its way into the line: somebody cancelled it.
var errJobEnded = errors.New("the job ended meanwhile")

// passing tells whether an error of enlist asks for nothing more: somebody else has the job in hand, or it is over.
func needsNoRetry(err error) bool {
	return errors.Is(err, errCopying) || errors.Is(err, errGivenUp) || errors.Is(err, errJobEnded)
}

// errCopying means that somebody else is copying this job's input pictures.
var errCopying = errors.New("its input pictures are being copied")

// job copies what was written down into what the queue carries.
func queueJob(e store.Job, p store.Policy) queue.Job {
	return queue.Job{
		ID: e.ID, Lane: e.Lane, Server: e.Server, User: e.User, Cost: e.Cost, Spec: e.Spec, Address: rendererAddress(e),
		Inputs: e.Inputs, MaybePosted: e.WasLeased, WasRunning: e.State == store.Running, Pictures: e.Pictures,
		MaxRunning: p.RunningPerUser, Weight: e.Weight, BatchKey: batchKey(e), Crashes: e.Crashes,
	}
}

// address is where a renderer posts. Pictures that may stand in a message of their own it leaves in the tray, for it has
// no token: the bot alone can find that message.
func rendererAddress(e store.Job) json.RawMessage {
	to, err := message.DecodeAddress(e.Address)
	switch {
	case err != nil, !e.PostedSeparately && to.Message != "":
		return e.Address
	case !e.PostedSeparately:
		return completeAddress(to, e).Encode()
	}
	to.Token, to.Expires = "", time.Time{}
	return to.Encode()
}

// again is a job that may have been in a line that is gone: it may have been posted although nobody told the ledger,
// because this bot was down, or what was told was lost with the queue. This line knows by itself what was in it.
func (b *Bot) markMaybePosted(e store.Job) store.Job {
	e.WasLeased = e.Epoch > 0 || b.mayHaveRun(e)
	return e
}

// elsewhere tells whether a job may have been painted unknown to this bot, in a queue that was lost.
func (b *Bot) mayHaveRun(e store.Job) bool {
	since := time.Unix(0, b.epochBegan.Load())
	if b.o.Shared {
		since = since.Add(maxClockSkew)
	}
	return e.WasLeased || !e.Created.After(since)
}

// maxClockSkew is by how much the clocks of bots on one ledger may.
const maxClockSkew = 10 * time.Second

// batch names what pictures must have in common to be painted together: a renderer may take those of several people at
// once. Empty is alone.
func batchKey(e store.Job) string {
	s, err := picture.Decode(e.Spec)
	if err != nil || s.Init != nil || s.Hires != nil {
		return ""
	}
	alike := fmt.Sprintf("%dx%d %s %d", s.Width, s.Height, s.Sampler, s.Steps)
	if s.Tiling {
		alike += " tiling" // by a network of its own
	}
	return alike
}

// lend gives the queue the bytes of a job's input pictures.
func (b *Bot) putInputs(ctx context.Context, e store.Job) error {
	for _, sha := range e.Inputs {
		data, err := b.db.Input(ctx, sha)
		if errors.Is(err, store.ErrNotFound) {
			return b.giveUp(ctx, e, reasonInputGone, store.ErrInputGone)
		}
		if err != nil {
			return err
		}
		if err := b.queue.PutInput(ctx, sha, data); err != nil {
			return fmt.Errorf("lend input of job %s: %w", e.ID, err)
		}
	}
	return nil
}

// errGivenUp means that a job cannot be painted and that its owner was told so.
var errGivenUp = errors.New("the job was given up")

// giveUp ends a job that cannot be painted: in the ledger, then in its message. It returns errGivenUp with the cause.
func (b *Bot) giveUp(ctx context.Context, e store.Job, reason string, cause error) error {
	b.log.Warn("a job was given up before it was painted", "job", e.ID, "error", rest.Redact(cause.Error()))
	if _, err := b.db.Fail(ctx, e.ID, reason); err != nil {
		return errors.Join(cause, err)
	}
	b.inBackground(func(ctx context.Context) {
		b.correctUnended(ctx, e, func(v decodedJob) message.Message { return message.Failed(v.address, v.spec, e.ID, reason) })
	})
	return errors.Join(errGivenUp, cause)
}
