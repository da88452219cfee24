package bot_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestLate(t *testing.T) {
	t.Parallel()
	t.Run("pictures that are finished after the token died are posted in the channel", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		old := h.says(i, "Painting")
		h.clock.forward(16 * time.Minute)
		release()
		m, err := h.box.WaitMessage(h.ctx, h.home.Member.ID, h.home.Channel.ID, func(m sandbox.Message) bool { return len(m.Attachments) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		if len(m.Pings) != 1 || m.Pings[0] != h.home.Member.ID {
			t.Errorf("pings: got %v, want its owner", m.Pings)
		}
		h.wait("the waiting message to go", func() bool { _, there := h.box.MessageSeen(h.home.Member.ID, old.ID); return !there })
		h.poll("the ledger to say done", func() bool { e := h.entry(i); return e.State == store.Done && e.Message == m.ID })
		h.painted(h.click(h.home.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0"), 4)
	})
	t.Run("if the bot may not write there they go into direct messages", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		h.box.Rules().Allow("forbidden")
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		h.says(i, "Painting")
		h.box.SetBotPermissions(h.home.Channel.ID, 0)
		h.clock.forward(16 * time.Minute)
		release()
		dm := must(h.box.DM(h.home.Member.ID))
		if _, err := h.box.WaitMessage(h.ctx, h.home.Member.ID, dm.ID, func(m sandbox.Message) bool { return len(m.Attachments) == 4 }); err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
	})
	t.Run("a message that was deleted meanwhile gets no pictures", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "Painting")
		if err := h.box.DeleteMessage(h.home.Moderator.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		h.clock.forward(16 * time.Minute)
		release()
		h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
		for _, m := range h.box.Messages(h.home.Member.ID, h.home.Channel.ID) {
			if len(m.Attachments) > 0 {
				t.Errorf("got %s, want nothing posted", describe(m))
			}
		}
	})
	t.Run("a full tray leaves a button that paints them again", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		_ = h.line.Close()
		h.line = queue.Embedded(queue.Options{TrayBytes: 1})
		t.Cleanup(func() { _ = h.line.Close() })
		h.announce()
		h.start()
		h.bench()
		h.ready()
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 5))
		m := h.says(i, "Painting")
		h.clock.forward(16 * time.Minute)
		release()
		h.wait("the offer to show them", func() bool {
			now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
			return strings.Contains(now.Content, "too late")
		})
		again := h.click(h.home.Member.ID, m.ID, "1:show:"+i.ID+"-0:0")
		h.wait("the pictures in the same message", func() bool {
			now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
			return len(now.Attachments) == 4
		})
		if s := h.spec(again); s.Seed != 5 {
			t.Errorf("seed: got %d, want the same pictures", s.Seed)
		}
	})
}
