package bot_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// countingStore notes the calls that one request makes. It spoils the bytes of an accepted job's Spec after they were
// written down, so that whoever decodes them again meets an error.
type countingStore struct {
	bot.Store
	mu    sync.Mutex
	calls []string
}

// unreadableSpec begins a Spec of a version that nobody can decode.
const unreadableSpec = `{"v":9`

func (c *countingStore) count(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, call)
}

func (c *countingStore) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	calls := c.calls
	c.calls = nil
	return calls
}

func (c *countingStore) Policy(ctx context.Context, server string) (store.Policy, error) {
	c.count("Policy")
	return c.Store.Policy(ctx, server)
}

func (c *countingStore) PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error) {
	c.count("PolicyAndWeights")
	return c.Store.PolicyAndWeights(ctx, server)
}

func (c *countingStore) Settings(ctx context.Context, server, user string) (store.Settings, error) {
	c.count("Settings")
	return c.Store.Settings(ctx, server, user)
}

func (c *countingStore) Usage(ctx context.Context, server, user string) (store.Usage, error) {
	c.count("Usage")
	return c.Store.Usage(ctx, server, user)
}

func (c *countingStore) Accept(
	ctx context.Context, jobs []store.Job, judge func(store.Policy, store.Usage) error,
) error {
	c.count("Accept")
	err := c.Store.Accept(ctx, jobs, judge)
	for i := range jobs {
		copy(jobs[i].Spec, unreadableSpec) // these are the job's own bytes
	}
	return err
}

func (c *countingStore) Find(ctx context.Context, id string) (store.Job, error) {
	c.count("Find")
	return c.Store.Find(ctx, id)
}

func (c *countingStore) SetMessage(ctx context.Context, id, message string) (bool, error) {
	c.count("SetMessage")
	return c.Store.SetMessage(ctx, id, message)
}

func (c *countingStore) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	c.count("Acknowledge")
	return c.Store.Acknowledge(ctx, id, message)
}

func (c *countingStore) CurrentEpoch(ctx context.Context, pool string) (int64, error) {
	c.count("CurrentEpoch")
	return c.Store.CurrentEpoch(ctx, pool)
}

func (c *countingStore) MarkEnqueued(ctx context.Context, id string, epoch int64) (bool, error) {
	c.count("MarkEnqueued")
	return c.Store.MarkEnqueued(ctx, id, epoch)
}

func (c *countingStore) MarkRequeued(ctx context.Context, id string) (bool, error) {
	c.count("MarkRequeued")
	return c.Store.MarkRequeued(ctx, id)
}

func (c *countingStore) MarkLeased(ctx context.Context, id string) (bool, error) {
	c.count("MarkLeased")
	return c.Store.MarkLeased(ctx, id)
}

func (c *countingStore) Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error) {
	c.count("Finish")
	return c.Store.Finish(ctx, id, message, outcome)
}

func (c *countingStore) InboxOf(ctx context.Context, user string, since time.Time) ([]store.Delivery, error) {
	c.count("InboxOf")
	return c.Store.InboxOf(ctx, user, since)
}

// TestOneImagineReadsNothingTwice holds what one plain /imagine costs: one read of what person and server want by
// default, one of the server's limits, one transaction, a note that it was answered, one look at the epoch, one note
// that it is in the queue, one look into the inbox. The Spec is encoded once and never decoded: the job reaches the
// queue although nobody can read its bytes.
func TestOneImagineReadsNothingTwice(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db, q := &countingStore{}, &specQueue{}
	h.wrapStore = func(s bot.Store) bot.Store { db.Store = s; return db }
	h.wrapQueue = func(s bot.Queue) bot.Queue { q.Queue = s; return q }
	h.intervals.Relay = time.Hour // only the request itself is counted
	h.startBot()
	h.waitReady()
	h.pollUntil("the start to be over", func() bool { // the bot hears of its own epoch, and looks once more
		time.Sleep(200 * time.Millisecond)
		return len(db.all()) == 0
	})
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"), sandbox.With("size", "128x128"))
	h.waitText(i, "a red boat")
	want := []string{"Settings", "PolicyAndWeights", "Accept", "Acknowledge", "CurrentEpoch", "MarkEnqueued", "InboxOf"}
	var calls []string
	h.pollUntil("the look into the inbox", func() bool {
		calls = append(calls, db.all()...)
		return len(calls) > 0 && calls[len(calls)-1] == "InboxOf"
	})
	if !slices.Equal(calls, want) {
		t.Errorf("calls: got %q, want %q", calls, want)
	}
	j := q.enqueued()
	if !strings.HasPrefix(string(j.Spec), unreadableSpec) || j.BatchKey != "128x128 ddim 8" {
		t.Errorf(
			"enqueued: got Spec %.20s… and batch key %q, want the spoilt bytes, and the key of the decoded Spec", j.Spec,
			j.BatchKey,
		)
	}
}

// specQueue keeps the job that was enqueued.
type specQueue struct {
	bot.Queue
	mu  sync.Mutex
	job queue.Job
}

func (q *specQueue) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.EnqueueResult, error) {
	q.mu.Lock()
	q.job = j
	q.mu.Unlock()
	return q.Queue.Enqueue(ctx, epoch, j)
}

func (q *specQueue) enqueued() queue.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.job
}
