package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// wipeDuringRun has a job being rendered in a queue that is then emptied. The renderer waits until it is released.
func wipeDuringRun(t *testing.T) (h *cluster, i sandbox.Interaction, m sandbox.Message, release func()) {
	h = newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRenderer()
	h.waitReady()
	release = h.renderer.pause()
	t.Cleanup(release)
	i = h.command("imagine", sandbox.With("prompt", "a red boat"))
	m = h.waitText(i, "Generating")
	h.pollUntil("the store to say running", func() bool { return h.job(i).State == store.Running })
	if err := h.queue.BeginEpoch(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	return h, i, m, release
}

func TestCancelDuringWipeIsNotPosted(t *testing.T) {
	t.Parallel()
	h, i, m, release := wipeDuringRun(t)
	for h.job(i).State != store.Cancelled { // while the queue is being filled the answer may be to try again
		c := h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
		if _, err := h.sandbox.WaitAnswer(h.ctx, c.ID); err != nil {
			t.Fatal(err)
		}
	}
	h.waitText(i, "Cancelled")
	release()
	h.pollUntil("the queue to be empty", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 0
	})
	if m := h.waitText(i, "Cancelled"); len(m.Files) > 0 || h.job(i).State != store.Cancelled {
		t.Errorf("got %s and %s, want nothing posted", describe(m), h.job(i).State)
	}
}

func TestMessageDeletedDuringWipeStaysDeleted(t *testing.T) {
	t.Parallel()
	h, i, m, release := wipeDuringRun(t)
	if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	release()
	if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"removed"`) {
		t.Errorf("outcome: got %s, want removed", e.Outcome)
	}
	if n := h.countPictureMessages(h.defaults.Channel.ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
}

func TestRendererReclaimsJobAfterWipe(t *testing.T) {
	t.Parallel()
	h, i, _, release := wipeDuringRun(t)
	h.pollUntil("the renderer to have it again", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 1 && s.Jobs[0].State == "rendering" && h.job(i).Epoch == 8
	})
	release()
	h.waitPictures(i, 4)
	h.waitDone(i)
	if n := len(h.renderer.specs()); n != 1 {
		t.Errorf("paintings: got %d, want one", n)
	}
}
