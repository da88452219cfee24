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
		h := build(t, sandbox.Options{})
		h.start()
		h.ready()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "#1 in line")
		stranger := h.box.AddUser("ilse", false)
		h.says(h.click(stranger.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "Only the person who asked")
		h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		h.says(i, "Cancelled")
		if e := h.entry(i); e.State != store.Cancelled {
			t.Errorf("state: got %s, want cancelled", e.State)
		}
		h.bench()
		j := h.ask("imagine", sandbox.With("prompt", "a blue star"))
		h.painted(j, 4)
		for _, s := range h.brush.specs() {
			if s.Prompt == "a red boat" {
				t.Error("the cancelled job was painted")
			}
		}
	})
	t.Run("while it is painted, by a moderator", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		release := h.brush.stay()
		defer release()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "Painting")
		h.click(h.home.Moderator.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		h.says(i, "Cancelled")
		h.poll("the queue to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
		h.says(i, "Cancelled")
	})
	t.Run("by command, the newest or the one that is named", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		h.start()
		h.ready()
		h.says(h.ask("cancel"), "You have nothing waiting")
		a, b := h.queued(sandbox.With("prompt", "a red boat")), h.queued(sandbox.With("prompt", "a blue star"))
		choices, err := h.box.Autocomplete(h.ctx, h.home.Member.ID, h.home.Channel.ID, "cancel", "job", sandbox.With("job", "boat"))
		if err != nil || len(choices) != 1 || choices[0].Value != a.ID+"-0" {
			t.Fatalf("choices: got %+v, %v; want the boat", choices, err)
		}
		h.says(h.ask("cancel", sandbox.With("job", choices[0].Value)), "Cancelled: a red boat")
		h.says(a, "Cancelled")
		h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "cancel", sandbox.With("job", "nonsense")), "I know no job called nonsense")
		h.says(h.ask("cancel"), "Cancelled: a blue star")
		h.says(b, "Cancelled")
		h.says(h.ask("cancel", sandbox.With("job", b.ID+"-0")), "nothing left to cancel")
	})
}
