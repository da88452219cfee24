package picture_test

import (
	"testing"

	"darkroom/render/picture"
)

func TestRaise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*picture.Spec)
		want   int
	}{
		"what an old version can express keeps it": {func(*picture.Spec) {}, 1},
		"an upscale":  {func(s *picture.Spec) { s.Upscale = &picture.Upscale{Scale: 2} }, 3},
		"an upscaler": {func(s *picture.Spec) { s.Upscaler = &picture.Ref{Name: "x", Hash: hash} }, 3},
		"a window": {func(s *picture.Spec) {
			s.Init = &picture.Init{Window: &picture.Size{Width: 64, Height: 64}}
		}, 3},
	} {
		s := plain()
		c.change(&s)
		if s.Raise(); s.Version != c.want {
			t.Errorf("%s: got version %d, want %d", name, s.Version, c.want)
		}
	}
}

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
