package bot_test

import (
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestInfo: everybody sees what is left, and which rule says so.
func TestInfo(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	m := h.waitText(h.command("info"), "**Today:** no limit. You asked for 0 images in the last 24 hours.")
	if m.Viewer != me {
		t.Errorf("others see %s", describe(m))
	}
	if want := "1:words:" + modelHash[:16] + ":0"; !strings.Contains(strings.Join(buttons(m.Components), " "), want) {
		t.Errorf("%s has no button that shows what can be painted", describe(m))
	}
	h.waitText(h.commandAs(
		h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits set", sandbox.With("per_day", 10), sandbox.With("waiting", 6),
		sandbox.With("running", 2), sandbox.With("largest_size", "160x160"), sandbox.With("most_steps", 9),
		sandbox.With("most_tiles", 4),
	), "Changed")
	h.waitText(h.commandAs(
		h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits role", sandbox.With("role", h.defaults.Guild.ID),
		sandbox.With("weight", 200),
	), "200%")
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(i, 4)
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	h.clock.advance(time.Minute)
	m = h.waitText(h.command("info"), "6 of 10 images left")
	for _, want := range []string{
		"This server allows 10 images per person in 24 hours. The next one is free again <t:",
		"Waiting: room for 6 more. This server allows 6 images waiting per person; you have 0.",
		"Generated at once: 0 images. This server allows at most 2 images per person; the rest waits.",
		"Size: This server allows at most 25600 pixels. The size after hires and upscaling counts.",
		"Steps: This server allows at most 9.",
		"In one message: This server allows at most 4 images.", "Your share of render time: 200%",
	} {
		if !strings.Contains(strings.ReplaceAll(m.Text(), "**", ""), want) {
			t.Errorf("got %s, want %q in it", describe(m), want)
		}
	}
	direct := must(h.sandbox.DM(me))
	m = h.waitText(h.commandAs(me, direct.ID, "info"), "no limit")
	if strings.Contains(m.Text(), "server") {
		t.Errorf("got %s, want nothing about a server in a direct message", describe(m))
	}
}
