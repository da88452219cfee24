package bot_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

func TestSplitBrain(t *testing.T) {
	t.Parallel()
	t.Run("the newcomer says so and gives way", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.shared = true
		first := h.startWatchedBot()
		h.letTimePass(first, time.Hour)
		h.newQueue()
		h.wantGivesWay(first, "another bot uses this database with another Redis")
		if n := h.epoch(); n != 1 {
			t.Errorf("epoch: got %d, want the first one's, undisturbed", n)
		}
		has, empty, err := first.queue.Epoch(h.ctx)
		if err != nil || empty || has != 1 {
			t.Errorf("the first one's queue: got epoch %d, empty %v, %v; want it untouched", has, empty, err)
		}
	})
	t.Run("so does one with another database on the same Redis, and drops no results", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.shared = true
		_ = h.queue.Close()
		h.queue = queue.Embedded(queue.Options{UndeliveredLease: 20 * time.Millisecond})
		t.Cleanup(func() { _ = h.queue.Close() })
		h.announce()
		first := h.startWatchedBot()
		h.waitReady()
		i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
		h.sandbox.Fail(sandbox.Fault{
			Method: http.MethodPatch, Path: regexp.MustCompile("^/(channels|webhooks)/"), Times: -1,
			Status: http.StatusBadGateway,
		})
		h.putUndelivered(h.job(i))
		h.openStore()
		h.wantGivesWay(first, "another bot uses this Redis and pool with another database")
		if kept, err := h.queue.IsUndelivered(h.ctx, i.ID+"-0"); err != nil || !kept {
			t.Errorf("the results of the first one: kept %v, %v; want them kept", kept, err)
		}
	})
	t.Run("a bot whose queue is wiped again and again goes on", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		for range 8 {
			before := h.epoch()
			if err := h.queue.BeginEpoch(h.ctx, before+5); err != nil {
				t.Fatal(err)
			}
			h.pollUntil("the next epoch", func() bool { return h.epoch() > before })
		}
	})
	t.Run("a bot that died while it began an epoch is no split brain", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		for range 2 {
			h.pollUntil("SQL and queue to agree", func() bool {
				has, _, err := h.queue.Epoch(h.ctx)
				return err == nil && has > 0 && has == h.epoch()
			})
			if _, err := h.db.NextEpoch(h.ctx, "main"); err != nil {
				t.Fatal(err)
			}
		}
		h.pollUntil("the epoch after it", func() bool {
			has, _, err := h.queue.Epoch(h.ctx)
			return err == nil && has == h.epoch()
		})
	})
}

// claimWatchingStore notes when a bot last said that its database and its queue belong together.
type claimWatchingStore struct {
	bot.Store
	now       func() time.Time
	queue     *queue.Queue
	claimedAt atomic.Int64 // in nanoseconds
}

func (c *claimWatchingStore) Claim(ctx context.Context, name, holder string, span time.Duration) (bool, error) {
	at := c.now().UnixNano()
	ours, err := c.Store.Claim(ctx, name, holder, span)
	if strings.HasPrefix(name, "redis:") && ours {
		c.claimedAt.Store(at)
	}
	return ours, err
}

// startWatchedBot starts a bot and waits until it has begun its first epoch.
func (h *cluster) startWatchedBot() *claimWatchingStore {
	h.t.Helper()
	c := &claimWatchingStore{now: h.clock.now, queue: h.queue}
	h.wrapStore = func(s bot.Store) bot.Store { c.Store = s; return c }
	h.startBot()
	h.wrapStore = nil
	h.pollUntil("the first epoch", func() bool { return h.epoch() == 1 })
	return c
}

// wantGivesWay runs another bot, and lets time pass in which the first one goes on, until the other one ends.
func (h *cluster) wantGivesWay(first *claimWatchingStore, why string) {
	h.t.Helper()
	ended := make(chan error, 1)
	b, began := h.newBot(), h.clock.now()
	go func() { ended <- b.Run(h.ctx) }()
	h.pollUntil("the other one to be refused", func() bool { return strings.Contains(h.log.String(), "lately") })
	for {
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), why) || h.clock.now().Sub(began) > time.Minute {
				h.t.Errorf("it ended with %v after %v, want %q within a minute", err, h.clock.now().Sub(began), why)
			}
			if text := h.log.String(); !strings.Contains(text, `level=ERROR msg="this bot stops" error="`+why) {
				h.t.Errorf("log: got no such error:\n%s", text)
			}
			return
		default:
		}
		h.letTimePass(first, 2*time.Second)
	}
}

// letTimePass waits until a bot has heard of it.
func (h *cluster) letTimePass(c *claimWatchingStore, d time.Duration) {
	h.t.Helper()
	h.clock.advance(d)
	now := h.clock.now().UnixNano()
	h.pollUntil("the first one to go on", func() bool { return c.claimedAt.Load() >= now })
}

// epoch is the epoch that SQL wants.
func (h *cluster) epoch() int64 {
	h.t.Helper()
	n, err := h.db.CurrentEpoch(context.WithoutCancel(h.ctx), "main")
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
