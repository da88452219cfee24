package sampler

import (
	"context"
	"math"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/tensor"
)

// gaussian is the best denoiser there is for data that are normal with mean 0.3 and deviation 0.5:
// D = (s²x + σ²μ)/(s²+σ²).
func gaussian(_ context.Context, x tensor.Tensor, s Step) (tensor.Tensor, error) {
	const mean, deviation = 0.3, 0.5
	out := x.Like()
	a, b := deviation*deviation, s.Sigma*s.Sigma
	for i, v := range x.Data {
		out.Data[i] = float32((a*float64(v) + b*mean) / (a + b))
	}
	return out, nil
}

// TestGaussianInClosedForm: along the ordinary differential equation x−μ grows as √(s²+σ²), so a sampler's error is
// known exactly, and with twice the steps it must fall as the sampler's order promises: to a half, or to a quarter.
func TestGaussianInClosedForm(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ worst, falls float64 }{
		"euler": {0.1, 1.8}, "ddim": {0.1, 1.8}, "dpmpp_2m": {0.01, 3.5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			coarse, fine := gaussianError(t, name, 40), gaussianError(t, name, 80)
			if !(fine < want.worst) || !(coarse/fine > want.falls) {
				t.Errorf("error in 40 and in 80 steps: got %.5f and %.5f, want the second below %v and %v times smaller",
					coarse, fine, want.worst, want.falls)
			}
		})
	}
}

// gaussianError samples from σ = 10 to σ = 0.1 and returns the largest error, in units of the distribution there.
func gaussianError(t *testing.T, name string, steps int) float64 {
	t.Helper()
	const mean, deviation, from, to = 0.3, 0.5, 10, 0.1
	levels := karras(steps+1, to, from)
	p := planFromLevels(nil, levels, make([]float64, steps+1))
	p.Steps = p.Steps[:steps]
	for i := range p.Steps {
		p.Steps[i].Gain = 1
	}
	method, err := Find(Diffusers, name)
	if err != nil {
		t.Fatal(err)
	}
	x := tensor.Scale(noise.Draw(noise.NewTorch(3), 1, 4, 8, 8), from)
	got, err := method.Sample(t.Context(), p, Inputs{Denoise: gaussian}, x)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, v := range x.Data {
		want := mean + (float64(v)-mean)*math.Hypot(deviation, to)/math.Hypot(deviation, from)
		worst = max(worst, math.Abs(float64(got.Data[i])-want)/math.Hypot(deviation, to))
	}
	return worst
}

func TestAncestralNoiseKeepsTheDistribution(t *testing.T) {
	t.Parallel()
	method, err := Find(Diffusers, "euler_a")
	if err != nil {
		t.Fatal(err)
	}
	p, err := method.Plan(StableDiffusion(), 100)
	if err != nil {
		t.Fatal(err)
	}
	source := noise.NewTorch(3)
	fresh := func() tensor.Tensor { return noise.Draw(source, 1, 4, 32, 32) }
	x := tensor.Scale(fresh(), float32(p.InitNoiseSigma))
	got, err := method.Sample(t.Context(), p, Inputs{Denoise: gaussian, Noise: fresh}, x)
	if err != nil {
		t.Fatal(err)
	}
	var sum, squares float64
	for _, v := range got.Data {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	n := float64(len(got.Data))
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-0.3) > 0.03 || math.Abs(deviation-0.5) > 0.05 {
		t.Errorf("got mean %v and deviation %v, want 0.3 and 0.5", mean, deviation)
	}
}
