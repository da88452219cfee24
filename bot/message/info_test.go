package message

import (
	"testing"

	"darkroom/render/picture"
)

func TestUncommonSettingsAreShown(t *testing.T) {
	t.Parallel()
	eta := 0.5
	for want, s := range map[string]picture.Spec{
		"": {},
		" rescaled by 0.7, eta 0.5, ENSD 31337, seed resized from 512×768": {
			Rescale: 0.7, Eta: &eta, SeedDelta: 31337, SeedSize: &picture.Size{Width: 512, Height: 768}},
	} {
		if got := uncommonText(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
