package picture_test

import (
	"testing"

	"darkroom/render/picture"
)

func TestEnlarged(t *testing.T) {
	t.Parallel()
	s := plain()
	if got, want := s.Enlarged(), (picture.Size{Width: 128, Height: 128}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	s.Upscale = &picture.Upscale{Scale: 1.5}
	if got, want := s.Enlarged(), (picture.Size{Width: 192, Height: 192}); got != want {
		t.Errorf("upscaled: got %v, want %v", got, want)
	}
}
