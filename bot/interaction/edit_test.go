package interaction

import (
	"slices"
	"testing"

	"darkroom/bot/language"
	"darkroom/render/request"
)

// A VAE that a client of an earlier release sends as an option becomes a tag, so that it can be edited. What has no
// field is named, and kept.
func TestEditFormOfARequest(t *testing.T) {
	t.Parallel()
	w := permutationRequest{Wanted: request.Wanted{
		Prompt: "a boat", VAE: new("clear"), Init: &request.Attachment{Name: "me.png"},
		Mask: &request.Attachment{Name: "m.png"}, Resize: new("fill"), Hires: new(1.5), Private: true,
		Tiling: new(true), Draft: new(true),
	}}
	f := w.form(language.Language{})
	if want := "<vae:clear> a boat"; f.Prompt != want {
		t.Errorf("got prompt %q, want %q", f.Prompt, want)
	}
	want := []string{"start image me.png", "mask m.png", "fit fill", "hires 1.5", "tileable", "draft", "private"}
	if !slices.Equal(f.Kept, want) {
		t.Errorf("got %q kept, want %q", f.Kept, want)
	}
	edited, refusal := w.edited(map[string]string{"prompt": "a star"})
	got := edited.Wanted
	if refusal != nil || got.Prompt != "a star" || got.Mask != w.Wanted.Mask || got.Init != w.Wanted.Init {
		t.Errorf("got %+v, %v; want another prompt, and both files", got, refusal)
	}
}
