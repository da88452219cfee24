package sampler

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render/tensor"
)

func TestSchedules(t *testing.T) {
	t.Parallel()
	for _, d := range []Dialect{Diffusers, A1111} {
		for _, name := range Names(d) {
			for _, spacing := range []string{"", Leading, Linspace, Trailing} {
				t.Run(fmt.Sprint(d, name, spacing), func(t *testing.T) {
					t.Parallel()
					c := StableDiffusion()
					c.Spacing = spacing
					checkLevelsFall(t, d, name, c)
				})
			}
		}
	}
}

func checkLevelsFall(t *testing.T, d Dialect, name string, c Config) {
	t.Helper()
	method, err := Find(d, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 3, 7, 10, 20, 61, 150, 500} {
		if n > method.mostSteps(c) || n < method.minSteps || method.onlySteps > 0 && n != method.onlySteps {
			continue
		}
		p, err := method.Plan(c, n)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range p.Steps {
			if !(s.NextSigma < s.Sigma) && name != "ddim" && name != "pndm" || math.IsNaN(s.Sigma) || s.Timestep < 0 ||
				s.Timestep > 999 {
				t.Errorf("%d steps, step %d: got %+v, want a lower level and a time in 0 to 999", n, i, s)
			}
			if twice := name == "pndm" && i == 2 || strings.HasPrefix(name, "restart"); i > 0 &&
				!(s.Sigma < p.Steps[i-1].Sigma) &&
				!twice {
				t.Errorf("%d steps: level %v after %v", n, s.Sigma, p.Steps[i-1].Sigma)
			}
		}
	}
}

// The documented lists of A1111 1.9 for ten steps.
func TestA1111Levels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]float64{
		"euler": {
			14.614643, 7.839883, 4.609174, 2.918307, 1.950161, 1.344928, 0.932358, 0.624977, 0.368658, 0.029168,
		},
		"dpmpp_2m_karras": {
			14.614642, 9.102934, 5.478400, 3.168610, 1.749423, 0.914076, 0.446921, 0.201400, 0.081911, 0.029168,
		},
	} {
		method, err := Find(A1111, name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := method.Plan(StableDiffusion(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range p.Steps {
			if math.Abs(s.Sigma-want[i]) > 2e-6 {
				t.Errorf("%s, level %d: got %v, want %v", name, i, s.Sigma, want[i])
			}
		}
	}
}

func TestZeroTerminalSignal(t *testing.T) {
	t.Parallel()
	c := StableDiffusion()
	c.ZeroSNR = true
	for time, bar := range map[int]float64{
		0: 0.99915, 100: 0.88676094, 250: 0.65245668, 500: 0.24101858, 750: 0.03279909, 900: 0.0029603916,
	} {
		got := 1 / (1 + math.Pow(diffusersTable(c, zeroSNRNear)[time], 2))
		if math.Abs(got-bar) > 1e-5 {
			t.Errorf("remaining signal at %d: got %v, want %v", time, got, bar)
		}
	}
	if got := diffusersTable(c, zeroSNRNear).last(); math.Abs(got-4096) > 0.01 {
		t.Errorf("last level: got %v, want 4096", got)
	}
}

// A model that predicts the noise says nothing where there is nothing else: the division by what is left has no answer.
func TestNoSignalIsRefusedForEpsilon(t *testing.T) {
	t.Parallel()
	m, err := Find(Diffusers, "lcm")
	if err != nil {
		t.Fatal(err)
	}
	for _, whole := range []bool{false, true} {
		c := StableDiffusion()
		c.ZeroSNR, c.Img2ImgTakesAllSteps = true, whole
		if p, err := m.Img2ImgPlan(c, 4, 1); err == nil {
			t.Errorf("noise, all steps %v: got a way from σ %v, want a refusal", whole, p.maxSigma())
		}
		c.Prediction = Velocity
		if p, err := m.Img2ImgPlan(c, 4, 1); err != nil || p.prediction != Velocity {
			t.Errorf("velocity, all steps %v: got %v and prediction %q, want a way", whole, err, p.prediction)
		}
	}
}

func TestImg2ImgPlan(t *testing.T) {
	t.Parallel()
	c := StableDiffusion()
	for _, w := range []struct {
		d        Dialect
		steps    int
		strength float64
		want     int
	}{
		{Diffusers, 50, 0.8, 40}, {Diffusers, 20, 1, 20}, {Diffusers, 4, 0.1, 1},
		{A1111, 20, 0.75, 16}, {A1111, 20, 1, 20}, {A1111, 4, 0.1, 1},
	} {
		method, err := Find(w.d, "euler")
		if err != nil {
			t.Fatal(err)
		}
		p, err := method.Img2ImgPlan(c, w.steps, w.strength)
		if err != nil || len(p.Steps) != w.want {
			t.Errorf("%s, %d steps by %v: got %d steps and %v, want %d", w.d, w.steps, w.strength, len(p.Steps), err, w.want)
		}
	}
	t.Run("refining by next to nothing stays a walk down", func(t *testing.T) {
		t.Parallel()
		for _, name := range Names(Diffusers) {
			method, err := Find(Diffusers, name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := method.HiresPlan(c, 10, 0.001)
			if err != nil || len(p.Steps) != 10 || !(p.Steps[9].NextSigma < p.Steps[0].Sigma) {
				t.Errorf("%s: got %d steps and %v", name, len(p.Steps), err)
			}
		}
	})
	t.Run("refining walks exactly the steps asked for", func(t *testing.T) {
		t.Parallel()
		method, err := Find(A1111, "dpmpp_2m")
		if err != nil {
			t.Fatal(err)
		}
		whole, err := method.Plan(c, 30)
		if err != nil {
			t.Fatal(err)
		}
		p, err := method.HiresPlan(c, 15, 0.5)
		if err != nil || len(p.Steps) != 15 || p.Steps[0] != whole.Steps[15] {
			t.Errorf("got %d steps from %+v and %v, want 15 from %+v", len(p.Steps), p.Steps[0], err, whole.Steps[15])
		}
	})
}

func TestSampleStops(t *testing.T) {
	t.Parallel()
	method, err := Find(Diffusers, "euler")
	if err != nil {
		t.Fatal(err)
	}
	p, err := method.Plan(StableDiffusion(), 10)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("at the step after its context ends, with the cause", func(t *testing.T) {
		t.Parallel()
		cause := errors.New("not wanted any more")
		ctx, cancel := context.WithCancelCause(t.Context())
		var seen []int
		inputs := Inputs{Denoise: gaussian, OnStep: func(i int, _ tensor.Tensor) {
			seen = append(seen, i)
			if i == 3 {
				cancel(cause)
			}
		}}
		_, err := method.Sample(ctx, p, inputs, tensor.New(1, 4, 2, 2))
		if !errors.Is(err, cause) || !slices.Equal(seen, []int{1, 2, 3}) {
			t.Errorf("got steps %v and %v, want 1 to 3 and %v", seen, err, cause)
		}
	})
	t.Run("when the model fails, and says at which step", func(t *testing.T) {
		t.Parallel()
		fault := errors.New("out of memory")
		inputs := Inputs{
			Denoise: func(context.Context, tensor.Tensor, Step) (tensor.Tensor, error) { return tensor.Tensor{}, fault },
		}
		if _, err := method.Sample(t.Context(), p, inputs, tensor.New(1, 4, 2, 2)); !errors.Is(err, fault) ||
			err.Error() != "step 1 of 10: out of memory" {
			t.Errorf("got %v, want step 1 of 10: %v", err, fault)
		}
	})
}

// A model that answers what is no number would keep an adaptive sampler busy for ever.
func TestAdaptiveEnds(t *testing.T) {
	t.Parallel()
	method, err := Find(A1111, "dpm_adaptive")
	if err != nil {
		t.Fatal(err)
	}
	p, err := method.Plan(StableDiffusion(), 10)
	if err != nil {
		t.Fatal(err)
	}
	inputs := Inputs{Noise: func() tensor.Tensor { return tensor.New(1, 4, 2, 2) },
		Denoise: func(_ context.Context, x tensor.Tensor, _ Step) (tensor.Tensor, error) {
			return tensor.Scale(x, float32(math.NaN())), nil
		}}
	x := tensor.New(1, 4, 2, 2)
	x.Data[0] = 1
	if got, err := method.Sample(t.Context(), p, inputs, x); err != nil || got.Finite() {
		t.Errorf("got %v and %v, want what is no number", got.Data, err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	if _, err := Find(A1111, "ddpm"); err == nil {
		t.Errorf("ddpm in A1111's dialect has no recorded value: got no error")
	}
	if _, err := Find("comfy", "euler"); err == nil {
		t.Errorf("an unknown dialect: got no error")
	}
	method, err := Find(Diffusers, "euler")
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"no training steps":      func(c *Config) { c.TrainSteps = 0 },
		"betas the wrong way":    func(c *Config) { c.BetaStart, c.BetaEnd = 0.5, 0.1 },
		"unknown beta schedule":  func(c *Config) { c.BetaSchedule = "squaredcos_cap_v2" },
		"unknown prediction":     func(c *Config) { c.Prediction = "flow" },
		"unknown spacing":        func(c *Config) { c.Spacing = "random" },
		"offset beyond training": func(c *Config) { c.StepsOffset = 1000 },
	} {
		c := StableDiffusion()
		spoil(&c)
		if _, err := method.Plan(c, 10); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	for _, n := range []int{0, -1, 1000} {
		if _, err := method.Plan(StableDiffusion(), n); err == nil {
			t.Errorf("%d steps: got no error", n)
		}
	}
}

// diffusers' pipeline of latent consistency models lays all steps over the last part of the distilled times; golden
// records hold the runs. Where strength leaves fewer times than steps diffusers refuses, and this takes all of them.
func TestImg2ImgTakesAllSteps(t *testing.T) {
	t.Parallel()
	c := StableDiffusion()
	c.Img2ImgTakesAllSteps = true
	m, err := Find(Diffusers, "lcm")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		steps    int
		strength float64
		want     []float64
	}{
		{4, 0.5, []float64{499, 379, 259, 139}},
		{4, 0.05, []float64{39, 19}},
		{4, 0.001, []float64{19}},
		{2, 1, []float64{999, 499}},
	} {
		p, err := m.Img2ImgPlan(c, tt.steps, tt.strength)
		if err != nil {
			t.Fatal(err)
		}
		var got []float64
		for _, s := range p.Steps {
			got = append(got, s.Timestep)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%d steps by %v: got times %v, want %v", tt.steps, tt.strength, got, tt.want)
		}
	}
	if _, err := m.Img2ImgPlan(c, 51, 0.5); err == nil {
		t.Error("51 steps of 50: got no error")
	}
}
