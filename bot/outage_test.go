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
	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestRestart(t *testing.T) {
	t.Parallel()
	t.Run("buttons work after a restart", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		stop := h.startBot()
		h.startRenderer()
		h.waitReady()
		first := h.command("imagine", sandbox.With("prompt", "a red boat"))
		grid := h.waitPictures(first, 4)
		stop()
		h.startBot()
		for _, button := range []string{"1:reroll:J:0", "1:vary:J:4"} {
			h.waitPictures(h.click(h.defaults.Member.ID, grid.ID, strings.Replace(button, "J", first.ID+"-0", 1)), 4)
		}
		h.waitPictures(h.click(h.defaults.Member.ID, grid.ID, "1:single:"+first.ID+"-0:2"), 1)
	})
	t.Run("a waiting job is painted although bot and queue were lost", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		stop := h.startBot()
		h.waitReady()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitText(i, "#1 in the queue")
		stop()
		_ = h.queue.Close()
		h.newQueue()
		h.startBot()
		h.startRenderer()
		h.waitPictures(i, 4)
		h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
		if e := h.job(i); e.Epoch != 2 {
			t.Errorf("epoch: got %d, want the second", e.Epoch)
		}
	})
	t.Run("a job that Discord acknowledged and SQL did not is painted", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		db := &noAcknowledgeStore{}
		h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
		db.down.Store(true)
		stop := h.startBot()
		h.waitReady()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitText(i, "in the queue")
		stop()
		db.down.Store(false)
		h.clock.advance(11 * time.Second)
		h.startBot()
		h.pollUntil("it to be acknowledged", func() bool {
			e := h.job(i)
			return e.State == store.Waiting && e.Message != ""
		})
		h.startRenderer()
		h.waitPictures(i, 4)
	})
	t.Run("an answer that is not the job's message does not count", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		stop := h.startBot()
		h.waitReady()
		i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
		stop()
		e := h.job(i)
		e.ID = i.ID + "-1" // the same interaction, whose answer shows another job
		if err := h.db.Accept(h.ctx, []store.Job{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		h.clock.advance(11 * time.Second)
		h.startBot()
		h.pollUntil("it to expire", func() bool {
			e, err := h.db.Find(h.ctx, e.ID)
			return err == nil && e.State == store.Expired
		})
	})
	t.Run("a job that nobody acknowledged expires", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		stop := h.startBot()
		h.waitReady()
		stop()
		to := message.Address{
			Application: h.sandbox.AppID(), Token: "sandbox.nothing", Message: message.Original,
			Expires: time.Now().Add(time.Hour),
		}
		e := store.Job{ID: "900-0", Server: "1", User: "2", Spec: []byte(`{}`), Address: to.Encode(), Pictures: 1, Lane: "x"}
		if err := h.db.Accept(h.ctx, []store.Job{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		h.clock.advance(11 * time.Second)
		h.startBot()
		h.pollUntil("it to expire", func() bool {
			e, err := h.db.Find(h.ctx, e.ID)
			return err == nil && e.State == store.Expired
		})
	})
}

// noAcknowledgeStore notes the message of an answer and no acknowledgement, as a bot of an earlier version left it that
// died between the two. crashingStore is for a bot that notes both or neither.
type noAcknowledgeStore struct {
	bot.Store
	down atomic.Bool
}

func (f *noAcknowledgeStore) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	if f.down.Load() {
		_, err := f.SetMessage(ctx, id, message)
		return false, errors.Join(errors.New("the disk is full"), err)
	}
	return f.Store.Acknowledge(ctx, id, message)
}

// brokenQueue can be cut off, or made to never answer.
type brokenQueue struct {
	bot.Queue
	down, hang   atomic.Bool
	runningLimit atomic.Value // string: the last running limit it was told, and of which server
}

// fault is what a call meets at once, or when it has waited long enough.
func (b *brokenQueue) fault(ctx context.Context) error {
	if b.hang.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if b.down.Load() {
		return errRefused
	}
	return nil
}

var errRefused = errors.New("connection refused")

func (b *brokenQueue) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.EnqueueResult, error) {
	if err := b.fault(ctx); err != nil {
		return queue.EnqueueResult{}, err
	}
	return b.Queue.Enqueue(ctx, epoch, j)
}

func (b *brokenQueue) Snapshot(ctx context.Context) (queue.Snapshot, error) {
	if err := b.fault(ctx); err != nil {
		return queue.Snapshot{}, err
	}
	return b.Queue.Snapshot(ctx)
}

func (b *brokenQueue) Renderers(ctx context.Context) ([]queue.Renderer, error) {
	if err := b.fault(ctx); err != nil {
		return nil, err
	}
	return b.Queue.Renderers(ctx)
}

func (b *brokenQueue) LimitRunning(ctx context.Context, server string, pictures int) error {
	if err := b.fault(ctx); err != nil {
		return err
	}
	b.runningLimit.Store(fmt.Sprint(server, " ", pictures))
	return b.Queue.LimitRunning(ctx, server, pictures)
}

func (b *brokenQueue) Cancel(ctx context.Context, id, by string) (queue.CancelResult, error) {
	if b.down.Load() {
		return queue.CancelUnknown, errRefused
	}
	return b.Queue.Cancel(ctx, id, by)
}

func (b *brokenQueue) Epoch(ctx context.Context) (int64, bool, error) {
	if b.down.Load() {
		return 0, false, errRefused
	}
	return b.Queue.Epoch(ctx)
}

// startClusterWithBrokenQueue starts a cluster whose queue can be broken, with a bot and no renderer.
func startClusterWithBrokenQueue(t *testing.T) (*cluster, *brokenQueue) {
	h, broken := newCluster(t, sandbox.Options{}), &brokenQueue{}
	h.wrapQueue = func(l bot.Queue) bot.Queue { broken.Queue = l; return broken }
	h.startBot()
	return h, broken
}

func TestRedisDown(t *testing.T) {
	t.Parallel()
	h, broken := startClusterWithBrokenQueue(t)
	h.startRenderer()
	h.waitReady()
	broken.down.Store(true)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "being rebuilt")
	h.pollUntil("the job to be written down", func() bool { return h.job(i).State == store.Waiting })
	h.waitText(h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "queue cannot be reached")
	h.waitText(h.command("queue"), "queue cannot be reached")
	broken.down.Store(false)
	h.waitPictures(i, 4)
}

func TestHangingRedisBlocksNobody(t *testing.T) {
	t.Parallel()
	h, broken := startClusterWithBrokenQueue(t)
	h.startRenderer()
	h.waitReady()
	broken.hang.Store(true)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitText(i, "being rebuilt")
	h.pollUntil("the job to be written down", func() bool { return h.job(i).State == store.Waiting })
	asked := time.Now()
	h.waitText(h.command("queue"), "queue cannot be reached")
	if d := time.Since(asked); d > 3*time.Second {
		t.Errorf("answered after %v, want it within Discord's three seconds", d)
	}
	broken.hang.Store(false)
	h.waitPictures(i, 4)
}

func TestRunningLimitReachesTheQueue(t *testing.T) {
	t.Parallel()
	h, broken := startClusterWithBrokenQueue(t)
	h.waitReady()
	limits := func(sub string, options ...sandbox.Option) sandbox.Interaction {
		return h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits "+sub, options...)
	}
	h.waitText(limits("set", sandbox.With("running", 2)), "Generated at once per person: 2 images")
	if got, want := broken.runningLimit.Load(), h.defaults.Guild.ID+" 2"; got != want {
		t.Errorf("the queue was told %v, want %q", got, want)
	}
	h.waitText(limits("reset"), "Generated at once per person: no limit")
	if got, want := broken.runningLimit.Load(), h.defaults.Guild.ID+" 0"; got != want {
		t.Errorf("the queue was told %v, want %q", got, want)
	}
	broken.down.Store(true)
	h.waitText(limits("set", sandbox.With("running", 1)), "The queue cannot be reached")
}
