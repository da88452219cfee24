package bot_test

import (
	"encoding/json"
	"image"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/render/encode"
	"darkroom/store"
)

// TestShowByPicture: /show finds the job of a picture among those that the person may see, and reads what other
// programs wrote into theirs.
func TestShowByPicture(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, other, here := h.defaults.Member.ID, h.defaults.Moderator.ID, h.defaults.Channel.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 40))
	grid := h.waitPictures(first, 4)
	h.pollUntil("the store to know its end and message", func() bool {
		j := h.job(first)
		return j.State == store.Done && j.Message == grid.ID
	})
	show := func(user, channel string, data []byte) sandbox.Interaction {
		t.Helper()
		return h.commandAs(user, channel, "show", sandbox.WithFile("picture", "IMG_1.png", data))
	}
	third := plainPNG(8, 42)
	elsewhere := must(h.sandbox.AddChannel(h.defaults.Guild.ID, "elsewhere")).ID
	for name, i := range map[string]sandbox.Interaction{
		"its owner": show(me, here, third), "its owner elsewhere": show(me, elsewhere, third),
		"somebody else where it was posted": show(other, here, third),
	} {
		m := h.waitPictures(i, 4)
		if m.Viewer == "" || m.Files[2].Filename != first.ID+"-0-3.png" {
			t.Errorf("%s: got %s, want the images, privately", name, describe(m))
		}
	}
	const unknown = "I know nothing about this image"
	h.waitText(show(other, elsewhere, third), unknown)
	h.waitText(show(me, here, plainPNG(8, 99)), unknown)
	h.waitText(show(me, here, []byte("no image")), unknown)

	foreign, err := encode.PNG(image.NewNRGBA(image.Rect(0, 0, 16, 16)), "a blue star\nNegative prompt: fog\n"+
		"Steps: 5, Sampler: Euler, CFG scale: 6, Seed: 77, Size: 160x112, Model hash: 0123456789, Model: else")
	if err != nil {
		t.Fatal(err)
	}
	told := h.waitText(show(me, here, foreign), "This image tells how it was made:")
	if !strings.Contains(told.Text(), "CFG scale: 6") || told.Viewer != me {
		t.Errorf("got %s, want all settings, privately", describe(told))
	}
	opened, err := h.sandbox.WaitAnswer(h.ctx, h.click(me, told.ID, buttons(told.Components)[0]).ID)
	if err != nil || opened.Form == nil {
		t.Fatalf("Use these settings: got %+v, %v, want a form", opened, err)
	}
	form, err := json.Marshal(opened.Form)
	if got := string(form); err != nil || !strings.Contains(got, "a blue star") || !strings.Contains(got, "fog") {
		t.Errorf("got the form %s, %v, want both prompts in it", got, err)
	}
}
