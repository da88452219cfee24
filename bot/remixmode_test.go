package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestRemixMode: with it on, a button that makes new images opens the form first, on cards and on the older form.
// Nothing changed in it gives what the button gives.
func TestRemixMode(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"card": false, "older form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.plain = plain
			h.startBot()
			h.startRenderer()
			h.waitReady()
			first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("steps", 6))
			grid := h.waitPictures(first, 4)
			h.pollUntil("the store to say done", func() bool { return h.job(first).State == store.Done })
			h.waitText(h.command("prefer suffix", sandbox.With("text", "in oil")), "in oil")
			h.waitText(h.command("prefer remix", sandbox.With("on", true)), "Changed")
			testRemixedVariation(t, h, first, grid)
			testRemixedReroll(t, h, first, grid)
			h.waitText(h.command("prefer remix", sandbox.With("on", false)), "Changed")
			h.waitPictures(h.click(h.defaults.Member.ID, grid.ID, "1:reroll:"+first.ID+"-0:0"), 4)
		})
	}
}

func testRemixedVariation(t *testing.T, h *cluster, first sandbox.Interaction, grid sandbox.Message) {
	t.Helper()
	id := "1:vary:" + first.ID + "-0:2"
	for _, button := range buttons(grid.Components) {
		if strings.HasPrefix(button, id) {
			id = button
		}
	}
	opened := h.openForm(grid, id)
	form, err := h.sandbox.WaitAnswer(h.ctx, opened.ID)
	if err != nil || form.Form.CustomID != id || form.Form.Components[0].Component.Value != "a red boat" {
		t.Fatalf("form: got %+v, %v, want it filled in, as %s", form.Form, err, id)
	}
	same := h.submitForm(opened, map[string]string{"prompt": "a red boat "})
	h.waitPictures(same, 4)
	was, s := h.spec(first), h.spec(same)
	if h.job(same).Verb != "vary" || s.Seed != was.Seed+1 || len(s.Variations) != 1 || s.Prompt != "a red boat" {
		t.Errorf("unchanged: got %s %+v, want variations of the second image", h.job(same).Verb, s)
	}
	other := h.submitForm(h.openForm(grid, id), map[string]string{"prompt": "a blue star"})
	h.waitPictures(other, 4)
	v := h.spec(other)
	if v.Prompt != "a blue star" || v.Seed != was.Seed+1 || len(v.Variations) != 1 || v.Steps != 6 ||
		v.Variations[0].Strength != s.Variations[0].Strength || h.job(other).Parent != first.ID+"-0" {
		t.Errorf("changed: got %+v, want variations with the new words and no suffix", v)
	}
}

func testRemixedReroll(t *testing.T, h *cluster, first sandbox.Interaction, grid sandbox.Message) {
	t.Helper()
	id := "1:reroll:" + first.ID + "-0:0"
	same := h.submitForm(h.openForm(grid, id), map[string]string{"prompt": "a red boat"})
	h.waitPictures(same, 4)
	if s := h.spec(same); h.job(same).Verb != "reroll" || s.Seed == h.spec(first).Seed {
		t.Errorf("unchanged: got %s with seed %d, want a reroll", h.job(same).Verb, s.Seed)
	}
	other := h.submitForm(h.openForm(grid, id), map[string]string{"prompt": "a blue star", "negative": "fog"})
	h.waitPictures(other, 4)
	s, verb := h.spec(other), h.job(other).Verb
	if verb != "remix" || s.Prompt != "a blue star" || s.Negative != "fog" || s.Steps != 6 {
		t.Errorf("changed: got %s %+v, want a remix", verb, s)
	}
}
