package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"darkroom/bot/reply"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

// enlist brings a promised job into the line, from wherever it stands: input pictures that are missing are copied, the
// bytes are lent to the queue, the job is enqueued and its epoch noted. Doing it again does no harm. Every way into the
// queue is this one: a fresh request, a start of the bot, a lost enqueue, a wiped Redis.
//
// While some wait for room in a full queue a newcomer waits behind them: the relay takes the oldest first.
func (b *Bot) enlist(ctx context.Context, e store.Entry) error {
	if b.full.Load() {
		return errBehind
	}
	epoch, err := b.ledger.CurrentEpoch(ctx, b.o.Pool)
	if err != nil {
		return err
	}
	if epoch == 0 {
		return errNoEpoch
	}
	err = b.enlistIn(ctx, epoch, e)
	if errors.Is(err, queue.ErrFull) {
		b.full.Store(true)
	}
	return err
}

// errBehind means that others have waited longer for room in the queue.
var errBehind = errors.New("others wait for room in the queue")

// errNoEpoch means that the relay has not begun the queue yet.
var errNoEpoch = errors.New("the queue is not begun yet")

func (b *Bot) enlistIn(ctx context.Context, epoch int64, e store.Entry) error {
	if len(e.Pending) > 0 {
		if _, busy := b.copying.LoadOrStore(e.ID, true); busy {
			return errCopying
		}
		defer b.copying.Delete(e.ID)
		full, err := b.attach(ctx, e)
		if err != nil {
			return err
		}
		e = full
	}
	if err := b.put(ctx, epoch, e, b.ledger.Policy); err != nil {
		return err
	}
	poke(b.moving)
	noted, err := b.ledger.Enqueued(ctx, e.ID, epoch)
	if err != nil || noted {
		return err
	}
	return b.takeOut(ctx, []string{e.ID})
}

// enqueueWithin is how long the queue may take to answer for one job. Enqueuing again does no harm, so the relay tries
// what was not heard of.
const enqueueWithin = 3 * time.Second

// put puts a job into the line, unless the queue knows that somebody cancelled it. Whoever calls it notes the epoch, and
// takes the job out again if it ended meanwhile.
func (b *Bot) put(ctx context.Context, epoch int64, e store.Entry, policy policyOf) error {
	if err := b.lend(ctx, e); err != nil {
		return err
	}
	p, err := policy(ctx, e.Server)
	if err != nil { // without it there would be no limit
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, enqueueWithin)
	defer cancel()
	r, err := b.line.Enqueue(ctx, epoch, job(e, p))
	if err == nil && r.Cancelled {
		return errOver
	}
	return err
}

// errOver means that a job ended on its way into the line: somebody cancelled it.
var errOver = errors.New("the job ended meanwhile")

// passing tells whether an error of enlist asks for nothing more: somebody else has the job in hand, or it is over.
func passing(err error) bool {
	return errors.Is(err, errCopying) || errors.Is(err, errGivenUp) || errors.Is(err, errOver)
}

// errCopying means that somebody else is copying this job's input pictures.
var errCopying = errors.New("its input pictures are being copied")

// job copies what was written down into what the queue carries.
func job(e store.Entry, p store.Policy) queue.Job {
	return queue.Job{
		ID: e.ID, Lane: e.Lane, Server: e.Server, User: e.User, Cost: e.Cost, Spec: e.Spec, Reply: address(e),
		Inputs: e.Inputs, Look: e.Leased, Held: e.State == store.Running, Pictures: e.Pictures,
		MaxRunning: p.RunningPerUser, Weight: e.Weight, Batch: batch(e),
	}
}

// address is where a renderer posts. Pictures that may stand in a message of their own it leaves in the tray, for it has
// no token: the bot alone can find that message.
func address(e store.Entry) json.RawMessage {
	to, err := reply.Decode(e.Reply)
	switch {
	case err != nil, !e.Sent && to.Message != "":
		return e.Reply
	case !e.Sent:
		return addressed(to, e).Encode()
	}
	to.Token, to.Expires = "", time.Time{}
	return to.Encode()
}

// again is a job that may have been in a line that is gone: it may have been posted although nobody told the ledger,
// because this bot was down, or what was told was lost with the queue. This line knows by itself what was in it.
func (b *Bot) again(e store.Entry) store.Entry {
	e.Leased = e.Epoch > 0 || b.elsewhere(e)
	return e
}

// elsewhere tells whether a job may have been painted unknown to this bot, in a queue that was lost.
func (b *Bot) elsewhere(e store.Entry) bool {
	since := time.Unix(0, b.refilled.Load())
	if b.o.Shared {
		since = since.Add(clocksDiffer)
	}
	return e.Leased || !e.Created.After(since)
}

// clocksDiffer is by how much the clocks of bots on one ledger may.
const clocksDiffer = 10 * time.Second

// batch names what pictures must have in common to be painted together: a renderer may take those of several people at
// once. Empty is alone.
func batch(e store.Entry) string {
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
func (b *Bot) lend(ctx context.Context, e store.Entry) error {
	for _, sha := range e.Inputs {
		data, err := b.ledger.Input(ctx, sha)
		if errors.Is(err, store.ErrNotFound) {
			return b.giveUp(ctx, e, reasonNoInput, store.ErrInputGone)
		}
		if err != nil {
			return err
		}
		if err := b.line.LendInput(ctx, sha, data); err != nil {
			return fmt.Errorf("lend input of job %s: %w", e.ID, err)
		}
	}
	return nil
}

// errGivenUp means that a job cannot be painted and that its owner was told so.
var errGivenUp = errors.New("the job was given up")

// giveUp ends a job that cannot be painted: in the ledger, then in its message. It returns errGivenUp with the cause.
func (b *Bot) giveUp(ctx context.Context, e store.Entry, reason string, cause error) error {
	b.log.Warn("a job was given up before it was painted", "job", e.ID, "error", reply.Redact(cause.Error()))
	if _, err := b.ledger.Fail(ctx, e.ID, reason); err != nil {
		return errors.Join(cause, err)
	}
	b.aside(func(ctx context.Context) {
		b.correctLiving(ctx, e, func(v view) reply.Message { return reply.Sorry(v.to, v.spec, e.ID, reason) })
	})
	return errors.Join(errGivenUp, cause)
}
