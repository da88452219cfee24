package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

func TestSplitBrain(t *testing.T) {
	t.Parallel()
	t.Run("the newcomer says so and gives way", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		h.pollUntil("the first epoch", func() bool { return h.epoch() == 1 })
		first := h.queue
		h.clock.advance(time.Hour)
		h.newQueue()
		err := h.newBot().Run(h.ctx)
		if err == nil || !strings.Contains(err.Error(), "another bot uses this database with another Redis") {
			t.Fatalf("the newcomer ended with %v, want to hear of the other bot", err)
		}
		if text := h.log.String(); !strings.Contains(text, `level=ERROR msg="another bot uses this database`) {
			t.Errorf("log: got no such error:\n%s", text)
		}
		h.queue = first
		h.pollUntil("the first to have its queue for itself", func() bool {
			has, empty, err := h.queue.Epoch(h.ctx)
			return err == nil && !empty && has == h.epoch()
		})
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

// epoch is the epoch that SQL wants.
func (h *cluster) epoch() int64 {
	h.t.Helper()
	n, err := h.db.CurrentEpoch(context.WithoutCancel(h.ctx), "main")
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
