package render_test

import (
	"math"
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
)

func TestEffort(t *testing.T) {
	t.Parallel()
	plain := picture.Spec{
		Dialect: picture.Diffusers, Notation: picture.NotationA1111, Prompt: "a boat", Width: 1000, Height: 1000, Count: 1,
		Steps: 10, GuidanceScale: 7, Sampler: "euler",
	}
	for name, tt := range map[string]struct {
		change func(*picture.Spec)
		want   float64 // times the plain one's
	}{
		"as it is":             {func(*picture.Spec) {}, 1},
		"four tiles":           {func(s *picture.Spec) { s.Count = 4 }, 4},
		"half of the schedule": {func(s *picture.Spec) { s.Init = &picture.Init{Strength: 0.5} }, 0.5},
		"a second pass walks all steps": {
			func(s *picture.Spec) { s.Hires = &picture.Hires{Scale: 2, Steps: 5, Strength: 0.3} }, 3,
		},
		"a sampler that asks twice": {func(s *picture.Spec) { s.Sampler = "heun" }, 2},
		"no negative prompt":        {func(s *picture.Spec) { s.GuidanceScale = 1 }, 0.5},
		"two prompts lead":          {func(s *picture.Spec) { s.Prompt = "a boat AND a house" }, 1.5},
		"two parts lead without guidance": {
			func(s *picture.Spec) { s.Prompt, s.GuidanceScale = "a boat AND a house", 1 }, 1.5,
		},
		"a sampler that chooses its steps": {
			func(s *picture.Spec) { s.Dialect, s.Sampler = picture.A1111, "dpm_adaptive" }, 7,
		},
		"the same in more steps": {
			func(s *picture.Spec) { s.Dialect, s.Sampler, s.Steps = picture.A1111, "dpm_adaptive", 100 }, 7,
		},
		"the same over half of the way": {func(s *picture.Spec) {
			s.Dialect, s.Sampler, s.Init = picture.A1111, "dpm_adaptive", &picture.Init{Strength: 0.5}
		}, 3.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := plain
			tt.change(&s)
			if got, want := render.Effort(s, render.Traits{}), 10*tt.want; math.Abs(got-want) > 1e-9 {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
