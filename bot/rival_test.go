package bot_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

func TestTwoBotsOnOneDatabaseWithALineEach(t *testing.T) {
	t.Parallel()
	t.Run("the newcomer says so and gives way", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		h.start()
		h.poll("the first line", func() bool { return h.epoch() == 1 })
		first := h.line
		h.clock.forward(time.Hour)
		h.fresh()
		err := h.bot().Run(h.ctx)
		if err == nil || !strings.Contains(err.Error(), "another bot uses this database with another Redis") {
			t.Fatalf("the newcomer ended with %v, want to hear of the other bot", err)
		}
		if text := h.log.String(); !strings.Contains(text, `level=ERROR msg="another bot uses this database`) {
			t.Errorf("log: got no such error:\n%s", text)
		}
		h.line = first
		h.poll("the first to have its line for itself", func() bool {
			has, empty, err := h.line.Epoch(h.ctx)
			return err == nil && !empty && has == h.epoch()
		})
	})
	t.Run("a bot whose line is wiped again and again goes on", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		h.start()
		for range 8 {
			before := h.epoch()
			if err := h.line.Begin(h.ctx, before+5); err != nil {
				t.Fatal(err)
			}
			h.poll("the next line", func() bool { return h.epoch() > before })
		}
	})
	t.Run("a bot that died while it began an epoch is no rival", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		h.start()
		for range 2 {
			h.poll("ledger and line to agree", func() bool { has, _, err := h.line.Epoch(h.ctx); return err == nil && has > 0 && has == h.epoch() })
			if _, err := h.ledger.NextEpoch(h.ctx, "main"); err != nil {
				t.Fatal(err)
			}
		}
		h.poll("the line after it", func() bool { has, _, err := h.line.Epoch(h.ctx); return err == nil && has == h.epoch() })
	})
}

// epoch is what the ledger says.
func (h *house) epoch() int64 {
	h.t.Helper()
	n, err := h.ledger.CurrentEpoch(context.WithoutCancel(h.ctx), "main")
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}
