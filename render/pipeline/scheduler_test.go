package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/noise"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// schedulerRecords is what recipe/schedulers.py wrote.
type schedulerRecords struct {
	Shared map[string]any
	Steps  int
	Cases  []schedulerRecord
}

type schedulerRecord struct {
	Class    string
	Settings map[string]any
	Latents  []float64 // none where diffusers refuses the settings
}

// TestOwnScheduler compares what a folder's own scheduler makes with diffusers', for every class and for settings that
// folders have. Where it is not the same, a note must name the setting, and only there.
func TestOwnScheduler(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/schedulers.json")
	if err != nil {
		t.Fatal(err)
	}
	var all schedulerRecords
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	dir := onnxtest.Folder{}.Temp(t)
	same := 0
	for _, r := range all.Cases {
		says := maps.Clone(all.Shared)
		says["_class_name"] = r.Class
		maps.Copy(says, r.Settings)
		f := openWithScheduler(t, dir, says)
		notes := Notes(f)
		diff := ownSchedulerDiffers(t, f, all.Steps, r.Latents)
		switch named := len(notes) > 0; {
		case !named && !(diff < 2e-5) && !(strings.HasPrefix(r.Class, "DPMSolverSDE") && diff < 3e-3):
			t.Errorf("%s %v: %s differs by %.2g, and no note says so", r.Class, r.Settings, Card(f).Defaults.Sampler, diff)
		case named && diff < 2e-5:
			t.Errorf("%s %v: the same as diffusers, got a note all the same: %q", r.Class, r.Settings, notes)
		case named && !slices.ContainsFunc(slices.Collect(maps.Keys(r.Settings)), func(name string) bool {
			return strings.Contains(notes[0], name)
		}):
			t.Errorf("%s: got notes %q, want one that names a setting of %v", r.Class, notes, r.Settings)
		case !named:
			same++
		}
	}
	if same < len(all.Cases)*3/4 {
		t.Errorf("%d of %d cases are followed: want three quarters", same, len(all.Cases))
	}
}

func openWithScheduler(t *testing.T, dir string, says map[string]any) *folder.Model {
	t.Helper()
	text, err := json.Marshal(says)
	if err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", string(text))
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ownSchedulerDiffers is how far the latents of the model's default sampler are from the recorded ones, relative to
// values above 1.
func ownSchedulerDiffers(t *testing.T, f *folder.Model, steps int, want []float64) float64 {
	t.Helper()
	if want == nil {
		return math.Inf(1)
	}
	c := Config(f.Config).Sampler
	method, err := sampler.Find(sampler.Diffusers, Card(f).WithDefaults().Defaults.Sampler)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := method.Plan(c, steps)
	if err != nil {
		t.Fatal(err)
	}
	source := noise.NewTorch(11)
	draw := func() tensor.Tensor { return noise.Draw(source, 1, 4, 4, 4) }
	x := tensor.Scale(draw(), float32(plan.InitNoiseSigma))
	inputs := sampler.Inputs{Denoise: c.Denoiser(syntheticModel), Noise: draw, BrownianPath: syntheticPath}
	got, err := method.Sample(t.Context(), plan, inputs, x)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got.Data[i])-w)/max(1, math.Abs(w)))
	}
	return worst
}

// syntheticModel is the model of recipe/schedulers.py.
func syntheticModel(_ context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
	out := x.Like()
	for i, v := range x.Data {
		out.Data[i] = float32(0.8*math.Tanh(float64(v)) + 0.1*math.Sin(time/100))
	}
	return out, nil
}

func syntheticPath(low, high float64) sampler.BrownianPath {
	b := noise.NewBrownian(11, 64, low, high, func(seed int64) noise.Source { return noise.NewTorch(seed) })
	return func(from, to float64) tensor.Tensor {
		x := tensor.New(1, 4, 4, 4)
		b.Fill(x.Data, from, to)
		return x
	}
}

// TestDefaultSampler: the card's sampler comes first, then that of the kind of model or its own scheduler, then the
// program's.
func TestDefaultSampler(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheduler, card string
		want            string
		note            string // part of it; "" for none
	}{
		"the folder's own": {`"_class_name":"PNDMScheduler","skip_prk_steps":true`, "", "pndm", ""},
		"its schedule":     {`"_class_name":"EulerDiscreteScheduler","use_karras_sigmas":true`, "", "euler_karras", ""},
		"the card's":       {`"_class_name":"DDIMScheduler"`, `{"defaults":{"sampler":"heun"}}`, "heun", ""},
		"the card's, so no note of another": {
			`"_class_name":"UniPCMultistepScheduler","solver_order":3`, `{"defaults":{"sampler":"heun"}}`, "heun", "",
		},
		"a1111":                {`"_class_name":"PNDMScheduler"`, `{"dialect":"a1111"}`, "dpmpp_2m_karras", ""},
		"none that is offered": {`"_class_name":"DEISMultistepScheduler"`, "", "dpmpp_2m_karras", "DEISMultistepScheduler"},
		"of a distilled model": {`"_class_name":"LCMScheduler"`, "", "lcm", ""},
		"nobody knows":         {`"num_train_timesteps":1000`, "", "dpmpp_2m_karras", ""},
		"Lightning with a schedule": {
			`"_class_name":"EulerDiscreteScheduler","timestep_spacing":"trailing","use_beta_sigmas":true`, "", "euler_beta", "",
		},
		"one that cannot begin": {
			`"_class_name":"DDIMScheduler","timestep_spacing":"trailing","rescale_betas_zero_snr":true`, "", "dpmpp_2m_karras",
			"zero terminal SNR",
		},
	} {
		dir := onnxtest.Folder{}.Temp(t)
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json",
			fmt.Sprintf(`{"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear",%s}`, c.scheduler))
		if c.card != "" {
			onnxtest.WriteFile(t, dir, "darkroom.json", c.card)
		}
		f, err := folder.Open(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		notes := strings.Join(Notes(f), "; ")
		if got := Card(f).WithDefaults().Defaults.Sampler; got != c.want || c.note == "" && notes != "" ||
			!strings.Contains(notes, c.note) {
			t.Errorf("%s: got %s and %q, want %s and %q", name, got, notes, c.want, c.note)
		}
	}
}
