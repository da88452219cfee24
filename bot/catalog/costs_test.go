package catalog

import (
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/request"
)

func noAddon(string) request.AddonCard { return request.AddonCard{} }

// TestCostsOfUpscalers: a network counts by its work until its time was measured.
func TestCostsOfUpscalers(t *testing.T) {
	t.Parallel()
	c := newCosts(func(string) render.Traits { return render.Traits{} }, func(string) request.AddonCard {
		return request.AddonCard{Scale: 2, Work: 650_000}
	})
	small := picture.Spec{Width: 1000, Height: 500, Steps: 1, Count: 2, GuidanceScale: 7, Model: picture.Ref{Hash: "a"}}
	large := small
	large.Upscale, large.Upscaler = &picture.Upscale{Scale: 4}, &picture.Ref{Hash: "u"}
	more := func() int64 { return c.estimate(large) - c.estimate(small) }
	// A megapixel, and the four that it makes of it.
	if got := more(); got != 5000 {
		t.Errorf("before it was measured: got %d ms, want 5000", got)
	}
	c.learn(large, map[string]int64{"denoise": 1000, "upscale": 10_000})
	if got := more(); got != 10_000 {
		t.Errorf("after 10000 ms: got %d", got)
	}
	if got := c.estimate(small); got != 1000 {
		t.Errorf("without it: got %d ms, want those of its steps, 1000", got)
	}
	lanczos := large
	lanczos.Upscaler = nil
	if got := c.estimate(lanczos); got != 1000 {
		t.Errorf("Lanczos's filter: got %d ms, want 1000", got)
	}
	creative := large
	creative.Upscale = &picture.Upscale{Scale: 4, Steps: 2, Strength: 0.5}
	before := more()
	c.learn(creative, map[string]int64{"denoise": 10, "upscale": 10})
	if got := more(); got != before || c.estimate(small) != 1000 {
		t.Errorf("a repainted image teaches nothing: got %d ms, want %d", got, before)
	}
}

func TestCostsAreLearned(t *testing.T) {
	t.Parallel()
	c := newCosts(func(hash string) render.Traits { return render.Traits{Img2ImgTakesAllSteps: hash == "whole"} }, noAddon)
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
