package sampler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"darkroom/render/tensor"
)

// Img2img and a hires pass work with every number of steps that a sampler takes, at any strength.
func TestEveryStrengthLeavesSteps(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{Diffusers, A1111} {
		for _, name := range Names(d) {
			if _, schedule := SplitName(name); schedule != "" && schedule != "ays" {
				continue
			}
			t.Run(fmt.Sprint(d, name), func(t *testing.T) {
				t.Parallel()
				for _, train := range []int{1000, 900} { // 900: DDIM's list has no more times than steps
					c := StableDiffusion()
					c.TrainSteps = train
					sweep(t, d, name, c)
				}
			})
		}
	}
}

func sweep(t *testing.T, d Dialect, name string, c Config) {
	t.Helper()
	m, err := Find(d, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, steps := range sweptSteps() {
		for _, strength := range []float64{0.01, 0.5, 0.75, 1} {
			p, err := m.HiresPlan(c, steps, strength)
			checkPlan(t, fmt.Sprintf("a second pass of %d steps by %v", steps, strength), p, err)
			if steps != m.NearestSteps(steps) || steps > m.mostSteps(c) {
				continue
			}
			p, err = m.Img2ImgPlan(c, steps, strength)
			checkPlan(t, fmt.Sprintf("a start picture in %d steps by %v", steps, strength), p, err)
		}
	}
}

// sweptSteps are all small numbers, and some of the larger ones that a picture.Spec allows.
func sweptSteps() []int {
	var all []int
	for n := 1; n <= 24; n++ {
		all = append(all, n)
	}
	return append(all, 36, 50, 61, 150)
}

func checkPlan(t *testing.T, what string, p Plan, err error) {
	t.Helper()
	if err != nil || len(p.Steps) == 0 {
		t.Errorf("%s: got %d steps and %v, want a walk", what, len(p.Steps), err)
		return
	}
	for i, s := range p.Steps {
		if sum := s.Sigma + s.NextSigma + s.Timestep + p.initImageSigma; math.IsNaN(sum) || math.IsInf(sum, 0) ||
			s.Sigma <= 0 {
			t.Errorf("%s, step %d: got %+v", what, i+1, s)
		}
	}
}

// A worker without progress for a long time counts as stuck.
func TestAdaptiveReportsProgress(t *testing.T) {
	t.Parallel()
	m, err := Find(A1111, "dpm_adaptive")
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Plan(StableDiffusion(), 1)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.New(1, 4, 8, 8)
	for i := range x.Data {
		x.Data[i] = float32(p.InitNoiseSigma) * float32(i%7-3) / 2
	}
	t.Run("whatever number was asked for", func(t *testing.T) {
		t.Parallel()
		calls, silent, longest := 0, 0, 0
		inputs := Inputs{
			Noise:     func() tensor.Tensor { return tensor.New(1, 4, 8, 8) },
			OnStep:    func(int, tensor.Tensor) { silent = 0 },
			OnAttempt: func(tensor.Tensor) { silent = 0 },
			Denoise: func(ctx context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error) {
				calls, silent = calls+1, silent+1
				longest = max(longest, silent)
				return gaussian(ctx, x, s)
			},
		}
		if _, err := m.Sample(t.Context(), p, inputs, x); err != nil || longest > 3 || calls < 24 {
			t.Errorf("got %d of %d calls in silence and %v, want at most 3", longest, calls, err)
		}
	})
	t.Run("and gives up where no step fits", func(t *testing.T) {
		t.Parallel()
		calls := 0
		inputs := Inputs{Noise: func() tensor.Tensor { return tensor.New(1, 4, 8, 8) },
			Denoise: func(_ context.Context, x tensor.Tensor, _ Step) (tensor.Tensor, error) {
				calls++
				return tensor.Scale(x, float32(calls%2)*1000), nil
			}}
		if _, err := m.Sample(t.Context(), p, inputs, x); !errors.Is(err, ErrNoStepFits) || calls > 1000 {
			t.Errorf("got %d calls and %v, want %v after some hundreds", calls, err, ErrNoStepFits)
		}
	})
}
