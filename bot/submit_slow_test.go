package bot_test

import (
	"context"
	"sync"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// halting is a ledger that halts after it has noted an acknowledgement.
type haltingStore struct {
	bot.Store
	release chan struct{}
}

func (l *haltingStore) Acknowledge(ctx context.Context, id string) (bool, error) {
	done, err := l.Store.Acknowledge(ctx, id)
	select {
	case <-l.release:
	case <-ctx.Done():
	}
	return done, err
}

// noting is a line that notes how jobs came.
type recordingQueue struct {
	bot.Queue
	mu          sync.Mutex
	maybePosted []bool // Look of each job that was enqueued
}

func (n *recordingQueue) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.EnqueueResult, error) {
	r, err := n.Queue.Enqueue(ctx, epoch, j)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.maybePosted = append(n.maybePosted, j.MaybePosted)
	return r, err
}

func (n *recordingQueue) all() []bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]bool(nil), n.maybePosted...)
}

func TestSlowHandlerMarksJobMaybePosted(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db, q := &haltingStore{release: make(chan struct{})}, &recordingQueue{}
	h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
	h.wrapQueue = func(l bot.Queue) bot.Queue { q.Queue = l; return q }
	h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.pollUntil("the relay to bring it in", func() bool { return len(q.all()) > 0 })
	if err := h.queue.BeginEpoch(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("it to be in the next line", func() bool { return h.job(i).Epoch == 8 })
	before := len(q.all())
	close(db.release)
	h.pollUntil("the turn to enqueue it", func() bool { return len(q.all()) > before })
	if flags := q.all(); !flags[len(flags)-1] {
		t.Errorf("Look of each enqueue: got %v, want true at the end", flags)
	}
}
