package bot_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// TestWhatWasBroughtIsNotPaintedOnceMore brings the pictures of a job that stands in line again, where the message that
// waited for them cannot be deleted.
func TestWhatWasBroughtIsNotPaintedOnceMore(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]string{
		"by the bot's token": "^/channels/",
		"by neither token":   "^/(channels|webhooks)/",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t, sandbox.Options{})
			h.box.Rules().Allow("forbidden")
			h.start()
			h.ready()
			i := h.queued(sandbox.With("prompt", "a red boat"))
			h.says(i, "#1 in line")
			h.refuse("DELETE", closed, 50001)
			e := h.entry(i)
			d := queue.Delivery{Job: e.ID, Reply: e.Reply, Files: []queue.Attachment{{Name: "a.png", Bytes: []byte("picture")}}}
			if err := h.line.PutTray(h.ctx, d); err != nil {
				t.Fatal(err)
			}
			h.done(i)
			h.poll("the tray to be empty", func() bool { return !must(h.line.InTray(h.ctx, e.ID)) })
			h.bench()
			h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
			if n := h.shown(h.home.Channel.ID); n != 1 || len(h.brush.specs()) != 0 {
				t.Errorf("messages with pictures: got %d, want 1; paintings: got %d, want none", n, len(h.brush.specs()))
			}
		})
	}
}

// TestPicturesThatWereLostWithTheTrayAreOfferedAnew has a renderer say that it left pictures in the tray, which is gone.
func TestPicturesThatWereLostWithTheTrayAreOfferedAnew(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a red boat"))
	m := h.says(i, "#1 in line")
	lease := h.lease(i, "slot")
	if v, err := h.line.Seal(h.ctx, lease); err != nil || v != queue.OK {
		t.Fatalf("seal: got %v, %v", v, err)
	}
	if v, err := h.line.Done(h.ctx, lease, 1000, queue.Outcome{Delivered: reply.DeliveredTray}); err != nil || v != queue.OK {
		t.Fatalf("done: got %v, %v", v, err)
	}
	h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
	if e := h.entry(i); e.State == store.Done {
		t.Fatal("ended at once, want it asked after first")
	}
	h.clock.forward(16 * time.Minute)
	h.wait("the offer to show them", func() bool {
		now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
		return strings.Contains(now.Content, "too late")
	})
}
