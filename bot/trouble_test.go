package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	t.Run("buttons work after the bot was started anew", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		stop := h.start()
		h.bench()
		h.ready()
		first := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		grid := h.painted(first, 4)
		stop()
		h.start()
		for _, button := range []string{"1:reroll:J:0", "1:vary:J:4"} {
			h.painted(h.click(h.home.Member.ID, grid.ID, strings.Replace(button, "J", first.ID+"-0", 1)), 4)
		}
		h.painted(h.click(h.home.Member.ID, grid.ID, "1:single:"+first.ID+"-0:2"), 1)
	})
	t.Run("a waiting job is painted although bot and queue were lost", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		stop := h.start()
		h.ready()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		h.says(i, "#1 in line")
		stop()
		_ = h.line.Close()
		h.fresh()
		h.start()
		h.bench()
		h.painted(i, 4)
		h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
		if e := h.entry(i); e.Epoch != 2 {
			t.Errorf("epoch: got %d, want the second", e.Epoch)
		}
	})
	t.Run("a job that Discord acknowledged and the ledger did not is painted", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		forgets := &forgetful{}
		h.ledgerFor = func(l bot.Ledger) bot.Ledger { forgets.Ledger = l; return forgets }
		forgets.down.Store(true)
		stop := h.start()
		h.ready()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		h.says(i, "in line")
		stop()
		forgets.down.Store(false)
		h.clock.forward(11 * time.Second)
		h.start()
		h.poll("it to be acknowledged", func() bool { e := h.entry(i); return e.State == store.Waiting && e.Message != "" })
		h.bench()
		h.painted(i, 4)
	})
	t.Run("an answer that is not the job's message promises nothing", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		stop := h.start()
		h.ready()
		i := h.queued(sandbox.With("prompt", "a red boat"))
		stop()
		e := h.entry(i)
		e.ID = i.ID + "-1" // the same interaction, whose answer shows another job
		if err := h.ledger.Accept(h.ctx, []store.Entry{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		h.clock.forward(11 * time.Second)
		h.start()
		h.poll("it to expire", func() bool {
			e, err := h.ledger.Find(h.ctx, e.ID)
			return err == nil && e.State == store.Expired
		})
	})
	t.Run("a job that nobody acknowledged expires", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		stop := h.start()
		h.ready()
		stop()
		to := reply.To{Application: h.box.AppID(), Token: "sandbox.nothing", Message: reply.Original, Expires: time.Now().Add(time.Hour)}
		e := store.Entry{ID: "900-0", Server: "1", User: "2", Spec: []byte(`{}`), Reply: to.Encode(), Pictures: 1, Lane: "x"}
		if err := h.ledger.Accept(h.ctx, []store.Entry{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		h.clock.forward(11 * time.Second)
		h.start()
		h.poll("it to expire", func() bool {
			e, err := h.ledger.Find(h.ctx, e.ID)
			return err == nil && e.State == store.Expired
		})
	})
}

// forgetful is a ledger that cannot note acknowledgements.
type forgetful struct {
	bot.Ledger
	down atomic.Bool
}

func (f *forgetful) Acknowledged(ctx context.Context, id string) (bool, error) {
	if f.down.Load() {
		return false, errors.New("the disk is full")
	}
	return f.Ledger.Acknowledged(ctx, id)
}

// broken is a line that can be cut, or made to never answer.
type broken struct {
	bot.Line
	down, hang atomic.Bool
	limited    atomic.Value // string: the last running limit it was told, and of which server
}

// fault is what a call meets at once, or when it has waited long enough.
func (b *broken) fault(ctx context.Context) error {
	if b.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if b.down.Load() {
		return errCut
	}
	return nil
}

var errCut = errors.New("connection refused")

func (b *broken) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.Receipt, error) {
	if err := b.fault(ctx); err != nil {
		return queue.Receipt{}, err
	}
	return b.Line.Enqueue(ctx, epoch, j)
}

func (b *broken) Snapshot(ctx context.Context) (queue.Snapshot, error) {
	if err := b.fault(ctx); err != nil {
		return queue.Snapshot{}, err
	}
	return b.Line.Snapshot(ctx)
}

func (b *broken) Renderers(ctx context.Context) ([]queue.Renderer, error) {
	if err := b.fault(ctx); err != nil {
		return nil, err
	}
	return b.Line.Renderers(ctx)
}

func (b *broken) LimitRunning(ctx context.Context, server string, pictures int) error {
	if err := b.fault(ctx); err != nil {
		return err
	}
	b.limited.Store(fmt.Sprint(server, " ", pictures))
	return b.Line.LimitRunning(ctx, server, pictures)
}

func (b *broken) Cancel(ctx context.Context, id, by string) (queue.CancelAnswer, error) {
	if b.down.Load() {
		return queue.Unknown, errCut
	}
	return b.Line.Cancel(ctx, id, by)
}

func (b *broken) Epoch(ctx context.Context) (int64, bool, error) {
	if b.down.Load() {
		return 0, false, errCut
	}
	return b.Line.Epoch(ctx)
}

// severable is a house whose line can be broken, with a bot and no renderer.
func severable(t *testing.T) (*house, *broken) {
	h, cut := build(t, sandbox.Options{}), &broken{}
	h.wrap = func(l bot.Line) bot.Line { cut.Line = l; return cut }
	h.start()
	return h, cut
}

func TestRedisDown(t *testing.T) {
	t.Parallel()
	h, cut := severable(t)
	h.bench()
	h.ready()
	cut.down.Store(true)
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "being put together again")
	h.poll("the promise to be written down", func() bool { return h.entry(i).State == store.Waiting })
	h.says(h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "scheduler is reconnecting")
	h.says(h.ask("queue"), "scheduler is reconnecting")
	cut.down.Store(false)
	h.painted(i, 4)
}

func TestARedisThatNeverAnswersKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	h, cut := severable(t)
	h.bench()
	h.ready()
	cut.hang.Store(true)
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.says(i, "being put together again")
	h.poll("the promise to be written down", func() bool { return h.entry(i).State == store.Waiting })
	asked := time.Now()
	h.says(h.ask("queue"), "scheduler is reconnecting")
	if d := time.Since(asked); d > 3*time.Second {
		t.Errorf("answered after %v, want it within Discord's three seconds", d)
	}
	cut.hang.Store(false)
	h.painted(i, 4)
}

func TestARunningLimitReachesTheQueueOrThatIsSaid(t *testing.T) {
	t.Parallel()
	h, cut := severable(t)
	h.ready()
	limits := func(sub string, options ...sandbox.Option) sandbox.Interaction {
		return h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "limits "+sub, options...)
	}
	h.says(limits("set", sandbox.With("running", 2)), "Painted at once per person: 2 pictures")
	if got, want := cut.limited.Load(), h.home.Guild.ID+" 2"; got != want {
		t.Errorf("the queue was told %v, want %q", got, want)
	}
	h.says(limits("reset"), "Painted at once per person: no limit")
	if got, want := cut.limited.Load(), h.home.Guild.ID+" 0"; got != want {
		t.Errorf("the queue was told %v, want %q", got, want)
	}
	cut.down.Store(true)
	h.says(limits("set", sandbox.With("running", 1)), "The queue does not answer")
}
