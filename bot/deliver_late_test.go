package bot_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestLateDelivery(t *testing.T) {
	t.Parallel()
	t.Run("pictures that are finished after the token died come into the waiting message", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		old := h.waitText(i, "Generating")
		h.clock.advance(16 * time.Minute)
		release()
		h.waitPictures(i, 4)
		h.pollUntil("the ledger to say done", func() bool {
			e := h.job(i)
			return e.State == store.Done &&
				e.Message == old.ID
		})
		if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
			t.Errorf("messages with pictures: got %d, want one", n)
		}
		h.waitPictures(h.click(h.defaults.Member.ID, old.ID, "1:reroll:"+i.ID+"-0:0"), 4)
	})
	t.Run("if that cannot be edited they are posted in the channel", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("forbidden")
		h.refuseEdits()
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		old := h.waitText(i, "Generating")
		h.clock.advance(16 * time.Minute)
		release()
		m, err := h.sandbox.WaitMessage(h.ctx, h.defaults.Member.ID, h.defaults.Channel.ID,
			func(m sandbox.Message) bool { return len(m.Files) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		if len(m.Pings) != 1 || m.Pings[0] != h.defaults.Member.ID {
			t.Errorf("pings: got %v, want its owner", m.Pings)
		}
		h.waitFor("the waiting message to go", func() bool {
			_, there := h.sandbox.VisibleMessage(h.defaults.Member.ID, old.ID)
			return !there
		})
		h.pollUntil("the store to say done", func() bool { e := h.job(i); return e.State == store.Done && e.Message == m.ID })
		h.waitPictures(h.click(h.defaults.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0"), 4)
	})
	t.Run("if the bot may not write there they go into direct messages", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("forbidden")
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitText(i, "Generating")
		h.sandbox.SetBotPermissions(h.defaults.Channel.ID, 0)
		h.clock.advance(16 * time.Minute)
		release()
		dm := must(h.sandbox.DM(h.defaults.Member.ID))
		if _, err := h.sandbox.WaitMessage(
			h.ctx, h.defaults.Member.ID, dm.ID, func(m sandbox.Message) bool { return len(m.Files) == 4 },
		); err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
	})
	t.Run("a message that was deleted meanwhile gets no pictures", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitText(i, "Generating")
		if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		h.clock.advance(16 * time.Minute)
		release()
		h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
		for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, h.defaults.Channel.ID) {
			if len(m.Files) > 0 {
				t.Errorf("got %s, want nothing posted", describe(m))
			}
		}
	})
	t.Run("no room for results leaves a button that paints them again", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		_ = h.queue.Close()
		h.queue = queue.Embedded(queue.Options{UndeliveredBytes: 1})
		t.Cleanup(func() { _ = h.queue.Close() })
		h.announce()
		h.startBot()
		h.startRenderer()
		h.waitReady()
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 5))
		m := h.waitText(i, "Generating")
		h.clock.advance(16 * time.Minute)
		release()
		h.waitFor("the offer to show them", func() bool {
			now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
			return strings.Contains(now.Text(), "too late")
		})
		again := h.click(h.defaults.Member.ID, m.ID, "1:show:"+i.ID+"-0:0")
		h.waitFor("the pictures in the same message", func() bool {
			now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
			return len(now.Files) == 4
		})
		if s := h.spec(again); s.Seed != 5 {
			t.Errorf("seed: got %d, want the same pictures", s.Seed)
		}
	})
}
