package bot_test

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// haltingStore halts after it has noted an acknowledgement.
type haltingStore struct {
	bot.Store
	release chan struct{}
}

func (l *haltingStore) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	done, err := l.Store.Acknowledge(ctx, id, message)
	select {
	case <-l.release:
	case <-ctx.Done():
	}
	return done, err
}

// recordingQueue notes how jobs came.
type recordingQueue struct {
	bot.Queue
	mu          sync.Mutex
	maybePosted []bool // MaybePosted of each job that was enqueued
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
	h.pollUntil("it to be in the next epoch", func() bool { return h.job(i).Epoch == 8 })
	before := len(q.all())
	close(db.release)
	h.pollUntil("the handler to enqueue it", func() bool { return len(q.all()) > before })
	if flags := q.all(); !flags[len(flags)-1] {
		t.Errorf("MaybePosted of each enqueue: got %v, want true at the end", flags)
	}
}

// watchingStore halts after it has noted an acknowledgement, and notes which jobs were marked as requeued.
type watchingStore struct {
	haltingStore
	mu       sync.Mutex
	requeued []string
}

func (w *watchingStore) MarkRequeued(ctx context.Context, id string) (bool, error) {
	w.mu.Lock()
	w.requeued = append(w.requeued, id)
	w.mu.Unlock()
	return w.haltingStore.Store.MarkRequeued(ctx, id)
}

func (w *watchingStore) all() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requeued)
}

// countingQueue counts how often the positions loop looked at it.
type countingQueue struct {
	recordingQueue
	rounds atomic.Int32
}

func (c *countingQueue) Counts(ctx context.Context) (waiting, running int, err error) {
	c.rounds.Add(1)
	return c.recordingQueue.Queue.Counts(ctx)
}

// TestRelayFasterThanHandlerKeepsPosition has the relay enqueue a job, and the loops hear of it, while the handler that
// accepted it has not gone on after the acknowledgement. What the first message shows was noted before it was sent, so
// nobody takes it for unknown and edits it, and the handler does not write an older position over a newer one.
func TestRelayFasterThanHandlerKeepsPosition(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db, q := &watchingStore{haltingStore: haltingStore{release: make(chan struct{})}}, &countingQueue{}
	h.wrapStore = func(s bot.Store) bot.Store { db.haltingStore.Store = s; return db }
	h.wrapQueue = func(s bot.Queue) bot.Queue { q.recordingQueue.Queue = s; return q }
	h.startBot()
	h.waitReady()
	edits, open := make(chan struct{}, 1), make(chan struct{})
	close(open)
	h.sandbox.Fail(
		sandbox.Fault{
			Method: http.MethodPatch, Path: regexp.MustCompile("/messages/"), Times: -1, Hold: open, Matched: edits,
		},
	)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("steps", 100)) // its ETA is far away
	h.waitAnswer(i, "an answer", nil)
	h.pollUntil("the relay to bring it in", func() bool { return h.job(i).Epoch > 0 })
	// A job of another database: when its event was heard, that of the first was.
	foreign := queue.Job{ID: "foreign-0", Lane: "x", Server: "1", User: "2", Cost: 1, Pictures: 1}
	if _, err := h.queue.Enqueue(h.ctx, h.epoch(), foreign); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("its event to be heard", func() bool { return slices.Contains(db.all(), foreign.ID) })
	awaitRounds := func() {
		t.Helper()
		before := q.rounds.Load()
		h.pollUntil("two more rounds of the positions loop", func() bool { return q.rounds.Load() >= before+3 })
	}
	awaitRounds()
	before := len(q.all())
	close(db.release)
	h.pollUntil("the handler to enqueue it too", func() bool { return len(q.all()) > before })
	awaitRounds()
	if slices.Contains(db.all(), i.ID+"-0") {
		t.Error("the job was taken for one that a renderer gave back")
	}
	select {
	case <-edits:
		t.Error("the message was edited although its position did not change")
	default:
	}
	h.waitText(i, "#1 in the queue")
}
