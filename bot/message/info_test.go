package message

import (
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/request"
)

func TestUncommonSettingsAreShown(t *testing.T) {
	t.Parallel()
	if got := uncommonText(picture.Spec{}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	s := picture.Spec{
		Rescale: 0.7, Eta: new(0.5), SeedDelta: 31337, SeedSize: &picture.Size{Width: 512, Height: 768},
	}
	const want = " rescaled by 0.7, eta 0.5, ENSD 31337, seed resized from 512×768"
	if got := uncommonText(s); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestInfoShowsAddons: strengths and the words that they were trained with, as plain text.
func TestInfoShowsAddons(t *testing.T) {
	t.Parallel()
	s := picture.Spec{Prompt: "a", Count: 1, VAE: &picture.Ref{Name: "clear"}, Addons: []picture.Addon{
		{Kind: picture.LoRA, Name: "*ink*", Hash: "1", Strength: 0.8},
		{Kind: picture.LoRA, Name: "oil", Hash: "2", Strength: 1, TextStrength: new(0.5)},
		{Kind: picture.Hypernet, Name: "fog", Hash: "3", Strength: -1},
		{Kind: picture.Embedding, Name: "kite", Hash: "1", Strength: 1},
	}}
	known := []request.AddonCard{
		{Kind: picture.LoRA, Hash: "2"}, {Kind: picture.LoRA, Hash: "1", Triggers: []string{"ink_wash", "brush"}},
	}
	const want = `**Add-ons** \*ink\* ×0.8: “ink\_wash, brush” · oil ×1, text ×0.5 · fog ×-1 (hypernetwork) · ` +
		"kite (embedding) · clear (VAE)\n"
	got := Info(JobInfo{ID: "7-0", Spec: s, Addons: known, Guess: "It is taken for Turbo, because of its name."})
	if !strings.Contains(got, want) || !strings.Contains(got, "-# It is taken for Turbo, because of its name.\n") {
		t.Errorf("got %s\nwant it to have %s", got, want)
	}
	s.Addons, s.VAE = nil, nil
	if got := Info(JobInfo{ID: "7-0", Spec: s, Addons: known}); strings.Contains(got, "Add-ons") {
		t.Errorf("without add-ons: got %s", got)
	}
}
