package bot_test

import (
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

func TestCancel(t *testing.T) {
	t.Parallel()
	t.Run("while it waits", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		h.waitReady()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitText(i, "#1 in the queue")
		stranger := h.sandbox.AddUser("ilse", false)
		h.waitText(h.click(stranger.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "Only the person who asked")
		h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		h.waitText(i, "Cancelled")
		if e := h.job(i); e.State != store.Cancelled {
			t.Errorf("state: got %s, want cancelled", e.State)
		}
		h.startRenderer()
		j := h.command("imagine", sandbox.With("prompt", "a blue star"))
		h.waitPictures(j, 4)
		for _, s := range h.renderer.specs() {
			if s.Prompt == "a red boat" {
				t.Error("the cancelled job was painted")
			}
		}
	})
	t.Run("while it is painted, by a moderator", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		release := h.renderer.pause()
		defer release()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitText(i, "Generating")
		h.click(h.defaults.Moderator.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		h.waitText(i, "Cancelled")
		h.pollUntil("the queue to be empty", func() bool {
			s, err := h.queue.Snapshot(h.ctx)
			return err == nil && len(s.Jobs) == 0
		})
		h.waitText(i, "Cancelled")
	})
	t.Run("by command, the newest or the one that is named", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		h.waitReady()
		h.waitText(h.command("cancel"), "you have no open requests")
		a, b := h.imagineQueued(sandbox.With("prompt", "a red boat")), h.imagineQueued(sandbox.With("prompt", "a blue star"))
		choices, err := h.sandbox.Autocomplete(
			h.ctx, h.defaults.Member.ID, h.defaults.Channel.ID, "cancel", "job", sandbox.With("job", "boat"),
		)
		if err != nil || len(choices) != 1 || choices[0].Value != a.ID+"-0" {
			t.Fatalf("choices: got %+v, %v; want the boat", choices, err)
		}
		h.waitText(h.command("cancel", sandbox.With("job", choices[0].Value)), "Cancelled: a red boat")
		h.waitText(a, "Cancelled")
		h.waitText(
			h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "cancel", sandbox.With("job", "nonsense")),
			"Unknown request: nonsense",
		)
		h.waitText(h.command("cancel"), "Cancelled: a blue star")
		h.waitText(b, "Cancelled")
		h.waitText(h.command("cancel", sandbox.With("job", b.ID+"-0")), "Nothing to cancel")
	})
}
