package sampler

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/tensor"
)

// recording is one case of testdata, which recipe/record.py wrote.
type recording struct {
	Sampler    string
	Steps      int
	Spacing    string
	Prediction Prediction
	Strength   float64
	Extra      struct {
		BetaSchedule string  `json:"beta_schedule"`
		BetaStart    float64 `json:"beta_start"`
		BetaEnd      float64 `json:"beta_end"`
		AlphaOne     bool    `json:"set_alpha_to_one"`
		ZeroSNR      bool    `json:"rescale_betas_zero_snr"`
		XL           bool    `json:"xl"`
		SkipPRK      *bool   `json:"skip_prk_steps"`
		Original     int     `json:"original_inference_steps"`
	}
	Eta            *float64
	InitNoiseSigma float64 `json:"init_noise_sigma"`
	Times          []float64
	Sigmas         []float64
	Latents        []float64
}

func (r recording) config() Config {
	c := StableDiffusion()
	c.Prediction, c.Spacing = r.Prediction, r.Spacing
	c.SetAlphaToOne, c.ZeroSNR = &r.Extra.AlphaOne, r.Extra.ZeroSNR
	if r.Extra.XL {
		c.AlignedSteps = AlignedSDXL()
	}
	c.RungeKutta, c.OriginalSteps = r.Extra.SkipPRK != nil && !*r.Extra.SkipPRK, r.Extra.Original
	if r.Extra.BetaSchedule != "" {
		c.BetaSchedule, c.BetaStart, c.BetaEnd = r.Extra.BetaSchedule, r.Extra.BetaStart, r.Extra.BetaEnd
	}
	return c
}

func (r recording) String() string {
	eta := "own eta"
	if r.Eta != nil {
		eta = fmt.Sprint("eta ", *r.Eta)
	}
	return fmt.Sprintf("%s %d %s %s %v %s %+v", r.Sampler, r.Steps, r.Spacing, r.Prediction, r.Strength, eta, r.Extra)
}

func recordings(t *testing.T, file string) []recording {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// synthetic is the model of recipe/record.py.
func synthetic(_ context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
	out := x.Like()
	for i, v := range x.Data {
		out.Data[i] = float32(0.8*math.Tanh(float64(v)) + 0.1*math.Sin(time/100))
	}
	return out, nil
}

// initLatent is the latent that the recorded img2img cases start from.
func initLatent() tensor.Tensor {
	x := tensor.New(1, 4, 4, 4)
	for i := range x.Data {
		x.Data[i] = -1.5 + 3*float32(i)/63
	}
	return x
}

func TestDiffusers(t *testing.T) {
	t.Parallel()
	replay(t, Diffusers, "testdata/diffusers.json", "testdata/schedules.json")
}

func TestA1111(t *testing.T) {
	t.Parallel()
	replay(t, A1111, "testdata/kdiffusion.json", "testdata/a1111.json")
}

// replay runs every recorded case and compares schedule and finished latent.
func replay(t *testing.T, d Dialect, files ...string) {
	t.Helper()
	seen := map[string]bool{}
	for _, file := range files {
		for _, r := range recordings(t, file) {
			seen[r.Sampler] = true
			t.Run(r.String(), func(t *testing.T) {
				t.Parallel()
				replayOne(t, d, r)
			})
		}
	}
	for _, name := range Names(d) {
		if !seen[name] {
			t.Errorf("%s is offered in dialect %s without a recorded value", name, d)
		}
	}
}

func replayOne(t *testing.T, d Dialect, r recording) {
	t.Helper()
	method, err := Find(d, r.Sampler)
	if err != nil {
		t.Fatal(err)
	}
	source := noise.NewTorch(11)
	start := noise.Draw(source, 1, 4, 4, 4)
	plan, err := method.Plan(r.config(), r.Steps)
	if r.Strength > 0 {
		plan, err = method.Img2ImgPlan(r.config(), r.Steps, r.Strength)
	}
	if err != nil {
		t.Fatal(err)
	}
	checkSchedule(t, plan, r)
	x := tensor.Scale(start, float32(plan.InitNoiseSigma))
	if r.Strength > 0 {
		x = plan.AddNoise(initLatent(), start)
	}
	inputs := Inputs{
		Denoise:      r.config().Denoiser(synthetic),
		Noise:        func() tensor.Tensor { return noise.Draw(source, 1, 4, 4, 4) },
		BrownianPath: recordedPath,
		Eta:          r.Eta,
	}
	got, err := method.Sample(t.Context(), plan, inputs, x)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, want := range r.Latents {
		worst = max(worst, math.Abs(float64(got.Data[i])-want)/max(1, math.Abs(want)))
	}
	if allowed := tolerance(r); !(worst <= allowed) {
		t.Errorf(
			"finished latent: differs by %.2g, want at most %v; got %v…, want %v…", worst, allowed, got.Data[:4],
			r.Latents[:4],
		)
	}
}

// tolerance is how far a finished latent may be off, relative to values above 1.
func tolerance(r recording) float64 {
	switch {
	case strings.HasPrefix(r.Sampler, "dpmpp_sde"):
		return 3e-3 // a sigma off by its last digit reads the Brownian path a millionth later, where it has moved by 0.001
	case strings.Contains(r.Sampler, "_sde") && !strings.HasPrefix(r.Sampler, "dpmpp_2m_sde_karras"):
		return 2e-3 // the same, with smaller steps of the path
	case r.Extra.BetaSchedule == Linear:
		return 2e-5 // x reaches 200, whose last digit in float32 is this, and which the square root of torch's MKL decides
	case r.Extra.ZeroSNR:
		return 2e-4 // x reaches 10⁴, and float32 holds seven digits of it
	}
	return 1e-5
}

// recordedPath is the Brownian path of the recorded cases.
func recordedPath(low, high float64) BrownianPath {
	b := noise.NewBrownian(11, 64, low, high, func(seed int64) noise.Source { return noise.NewTorch(seed) })
	return func(from, to float64) tensor.Tensor {
		x := tensor.New(1, 4, 4, 4)
		b.Fill(x.Data, from, to)
		return x
	}
}

func checkSchedule(t *testing.T, p Plan, r recording) {
	t.Helper()
	if len(r.Times) == 0 {
		return // a plan of its own
	}
	if len(p.Steps) != len(r.Times) {
		t.Fatalf("steps: got %d, want %d", len(p.Steps), len(r.Times))
	}
	offset := len(r.Sigmas) - len(p.Steps) - 1 // diffusers keeps the whole list in img2img
	for i, s := range p.Steps {
		if math.Abs(s.Timestep-r.Times[i]) > 2e-3 {
			t.Errorf("time %d: got %v, want %v", i, s.Timestep, r.Times[i])
		}
		if len(r.Sigmas) == 0 {
			continue // diffusers' DDIM has none
		}
		if want := r.Sigmas[offset+i]; math.Abs(s.Sigma-want) > 2e-6*want {
			t.Errorf("sigma %d: got %v, want %v", i, s.Sigma, want)
		}
		if want := r.Sigmas[offset+i+1]; math.Abs(s.NextSigma-want) > 2e-6*want {
			t.Errorf("sigma after step %d: got %v, want %v", i, s.NextSigma, want)
		}
	}
	if r.InitNoiseSigma == 0 {
		return
	}
	unit := r.InitNoiseSigma == 1 // the preserving frame: √(σ²+1) in ours
	if want := r.InitNoiseSigma; !unit && r.Strength == 0 && math.Abs(p.InitNoiseSigma-want) > 2e-6*want {
		t.Errorf("start scale: got %v, want %v", p.InitNoiseSigma, want)
	}
	if want := math.Hypot(p.Steps[0].Sigma, 1); unit && r.Strength == 0 && math.Abs(p.InitNoiseSigma-want) > 1e-9 {
		t.Errorf("start scale: got %v, want %v", p.InitNoiseSigma, want)
	}
}
