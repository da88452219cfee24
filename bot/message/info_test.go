package message

import (
	"testing"

	"darkroom/render/picture"
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
