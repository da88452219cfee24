package bot_test

import (
	"context"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// noEventsQueue is a gatedQueue whose events nobody hears.
type noEventsQueue struct{ gatedQueue }

func (*noEventsQueue) Watch(ctx context.Context, _ string, _ func(queue.Event) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestCancelWaitsUntilQueueIsRebuilt(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	q := &noEventsQueue{gatedQueue{arrived: make(chan string, 10), release: make(chan struct{}, 1)}}
	h.wrapQueue = func(l bot.Queue) bot.Queue { q.Queue = l; return q }
	h.startBot()
	h.waitReady()
	q.release <- struct{}{}
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "in the queue")
	h.pollUntil("it to be in the queue", func() bool { return h.job(i).Epoch == 1 })
	if err := h.queue.BeginEpoch(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("the next epoch", func() bool { n, err := h.db.CurrentEpoch(h.ctx, "main"); return err == nil && n == 8 })
	// A renderer that nobody heard of may be posting it.
	h.waitText(h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "queue cannot be reached")
	if e := h.job(i); e.State != store.Waiting {
		t.Errorf("state: got %s, want waiting", e.State)
	}
}
