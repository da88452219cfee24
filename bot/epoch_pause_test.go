package bot_test

import (
	"context"
	"sync/atomic"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// pauseCountingQueue notes what was paused when its epoch began. It says only after a few calls what is paused.
type pauseCountingQueue struct {
	bot.Queue
	failures atomic.Int32 // calls of Pauses that fail
	pauses   chan int     // pauses at each Begin
}

func (b *pauseCountingQueue) BeginEpoch(ctx context.Context, epoch int64) error {
	all, err := b.Queue.Pauses(ctx)
	if err != nil {
		return err
	}
	b.pauses <- len(all)
	return b.Queue.BeginEpoch(ctx, epoch)
}

func (b *pauseCountingQueue) Pauses(ctx context.Context) ([]queue.Paused, error) {
	if b.failures.Add(-1) >= 0 {
		return nil, errRefused
	}
	return b.Queue.Pauses(ctx)
}

func TestPausesAreSetBeforeEpochBegins(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	if err := h.db.Pause(h.ctx, store.Pause{Kind: "pool", Reason: "new paint"}); err != nil {
		t.Fatal(err)
	}
	q := &pauseCountingQueue{pauses: make(chan int, 10)}
	q.failures.Store(2)
	h.wrapQueue = func(l bot.Queue) bot.Queue { q.Queue = l; return q }
	h.startBot()
	select {
	case n := <-q.pauses:
		if n != 1 {
			t.Errorf("pauses when the line was begun: got %d, want one", n)
		}
	case <-h.ctx.Done():
		t.Fatalf("the line was not begun\n%s", h.log)
	}
}
