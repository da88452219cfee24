package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// wiped has a job being painted in a line that is then emptied under it. The brush waits until it is released.
func wiped(t *testing.T) (h *house, i sandbox.Interaction, m sandbox.Message, release func()) {
	h = build(t, sandbox.Options{})
	h.start()
	h.bench()
	h.ready()
	release = h.brush.stay()
	t.Cleanup(release)
	i = h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m = h.says(i, "Painting")
	h.poll("the ledger to say running", func() bool { return h.entry(i).State == store.Running })
	if err := h.line.Begin(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	return h, i, m, release
}

func TestWhatWasTakenBackWhileTheLineWasEmptiedIsNotPosted(t *testing.T) {
	t.Parallel()
	h, i, m, release := wiped(t)
	for h.entry(i).State != store.Cancelled { // while the line is being filled the answer may be to try again
		c := h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		if _, err := h.box.WaitAnswer(h.ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.says(i, "Cancelled")
	release()
	h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
	if m := h.says(i, "Cancelled"); len(m.Attachments) > 0 || h.entry(i).State != store.Cancelled {
		t.Errorf("got %s and %s, want nothing posted", describe(m), h.entry(i).State)
	}
}

func TestAMessageThatWasDeletedWhileTheLineWasEmptiedStaysDeleted(t *testing.T) {
	t.Parallel()
	h, i, m, release := wiped(t)
	if err := h.box.DeleteMessage(h.home.Moderator.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	release()
	if e := h.done(i); !strings.Contains(string(e.Outcome), `"removed"`) {
		t.Errorf("outcome: got %s, want removed", e.Outcome)
	}
	if n := h.shown(h.home.Channel.ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
}

func TestARendererGoesOnWithWhatItPaintsWhenTheLineIsEmptied(t *testing.T) {
	t.Parallel()
	h, i, _, release := wiped(t)
	h.poll("the renderer to have it again", func() bool {
		s, err := h.line.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 1 && s.Jobs[0].State == "painting" && h.entry(i).Epoch == 8
	})
	release()
	h.painted(i, 4)
	h.done(i)
	if n := len(h.brush.specs()); n != 1 {
		t.Errorf("paintings: got %d, want one", n)
	}
}
