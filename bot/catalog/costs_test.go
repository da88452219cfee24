package catalog

import (
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
)

func TestCostsAreLearned(t *testing.T) {
	t.Parallel()
	c := newCosts(func(hash string) render.Traits { return render.Traits{Img2ImgTakesAllSteps: hash == "whole"} })
	s := picture.Spec{Width: 1000, Height: 1000, Steps: 10, Count: 1, GuidanceScale: 7, Model: picture.Ref{Hash: "a"}}
	if got := c.estimate(s); got != 40000 {
		t.Errorf("before any was measured: got %d ms, want 40000", got)
	}
	c.learn(s, map[string]int64{"load": 99999, "denoise": 4000, "decode": 1000})
	if got := c.estimate(s); got != 5000 {
		t.Errorf("after one of 5000 ms: got %d", got)
	}
	c.learn(s, map[string]int64{"denoise": 10000})
	if got := c.estimate(s); got != 6000 {
		t.Errorf("after another of 10000 ms: got %d, want 6000", got)
	}
	c.learn(s, nil)
	double := s
	double.Count = 2
	if got := c.estimate(double); got != 12000 {
		t.Errorf("two pictures: got %d ms, want 12000", got)
	}
	other := s
	other.Model.Hash = "b"
	if got := c.estimate(other); got != 40000 {
		t.Errorf("another model: got %d ms, want the first guess", got)
	}
	for hash, want := range map[string]int64{"parts": 20000, "whole": 40000} {
		other.Dialect, other.Sampler, other.Model.Hash, other.Init = picture.Diffusers, "lcm", hash, &picture.Init{
			Strength: 0.5,
		}
		if got := c.estimate(other); got != want {
			t.Errorf("half of a start picture by a model that repaints in %s: got %d ms, want %d", hash, got, want)
		}
	}
}
