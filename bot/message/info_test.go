package message

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"darkroom/bot/language"
	"darkroom/render/picture"
	"darkroom/render/request"
)

func TestUncommonSettingsAreShown(t *testing.T) {
	t.Parallel()
	if got := uncommonText(language.Language{}, picture.Spec{}); got != "" {
		t.Errorf("got %q, want nothing", got)
	}
	s := picture.Spec{
		Rescale: 0.7, Eta: new(0.5), SeedDelta: 31337, SeedSize: &picture.Size{Width: 512, Height: 768},
	}
	const want = " rescaled by 0.7, eta 0.5, ENSD 31337, seed resized from 512×768"
	if got := uncommonText(language.Language{}, s); got != want {
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
	got := Info(english, JobInfo{ID: "7-0", Spec: s, Addons: known, Guess: "It is taken for Turbo, because of its name."})
	if !strings.Contains(got, want) || !strings.Contains(got, "-# It is taken for Turbo, because of its name.\n") {
		t.Errorf("got %s\nwant it to have %s", got, want)
	}
	s.Addons, s.VAE = nil, nil
	if got := Info(english, JobInfo{ID: "7-0", Spec: s, Addons: known}); strings.Contains(got, "Add-ons") {
		t.Errorf("without add-ons: got %s", got)
	}
}

// TestInfoLinksLineage: what an image was made from and what was made of it, as far as a message has room.
func TestInfoLinksLineage(t *testing.T) {
	t.Parallel()
	i := JobInfo{ID: "7-0", Parent: "6-0", Spec: picture.Spec{Prompt: "a", Count: 1}}
	if got := Info(english, i); !strings.Contains(got, "**Made from** `6-0`\n") || strings.Contains(got, "Made of it") {
		t.Errorf("without links: got %s", got)
	}
	i.From = Link{Verb: "imagine", Server: "1", Channel: "2", Message: "3"}
	i.Made, i.More = []Link{{Verb: "zoom", Channel: "2", Message: "5"}, {Verb: "vary", Channel: "2", Message: "4"}}, true
	const from = "**Made from** [imagine](https://discord.com/channels/1/2/3)\n"
	const made = "**Made of it** [zoom](https://discord.com/channels/@me/2/5) · " +
		"[vary](https://discord.com/channels/@me/2/4) and more\n"
	if got := Info(english, i); !strings.Contains(got, from) || !strings.Contains(got, made) {
		t.Errorf("got %s\nwant it to have %s%s", got, from, made)
	}
	i.Spec.Prompt = strings.Repeat("*", 600) // each is escaped
	i.Spec.Negative = strings.Repeat("word ", 100)
	i.Made = nil
	for n := range 20 {
		i.Made = append(
			i.Made,
			Link{Verb: "upscale", Server: strings.Repeat("1", 19), Channel: "2", Message: fmt.Sprint(n)},
		)
	}
	got := Info(english, i)
	if n := utf8.RuneCountInString(got); n > MaxContent || !strings.Contains(got, "/0)") ||
		!strings.Contains(got, " and more\n-# 7-0") {
		t.Errorf("got %d characters: %s\nwant the first links, within %d", n, got, MaxContent)
	}
}

var english language.Language
