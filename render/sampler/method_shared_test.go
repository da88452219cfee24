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

// sharedRecord is ../testdata/golden/samplers.json: diffusers' schedulers around another synthetic model.
type sharedRecord struct {
	Configs map[string]struct {
		BetaStart    float64 `json:"beta_start"`
		BetaEnd      float64 `json:"beta_end"`
		BetaSchedule string  `json:"beta_schedule"`
		Spacing      string  `json:"timestep_spacing"`
		StepsOffset  int     `json:"steps_offset"`
	}
	Cases []struct {
		Sampler    string
		Prediction Prediction `json:"prediction_type"`
		Steps      int
		Timesteps  []float64
		Latents    []float64
		Last       []float64
	}
}

// sineModel is that record's model: 0.5·sin(x) + 0.001·t.
func sineModel(_ context.Context, x tensor.Tensor, time float64) (tensor.Tensor, error) {
	out := x.Like()
	for i, v := range x.Data {
		out.Data[i] = float32(0.5*math.Sin(float64(v)) + 0.001*time)
	}
	return out, nil
}

// samplerName gives our name for a configuration of the record.
func samplerName(config string) string {
	for _, spacing := range []string{"_leading", "_trailing", "_linspace"} {
		config = strings.TrimSuffix(config, spacing)
	}
	return config
}

func TestSharedRecord(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../testdata/golden/samplers.json")
	if err != nil {
		t.Fatal(err)
	}
	var record sharedRecord
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	replayed := 0
	for _, r := range record.Cases {
		method, err := Find(Diffusers, samplerName(r.Sampler))
		if err != nil {
			continue // recorded, and not offered: Euler with Karras levels
		}
		k := record.Configs[r.Sampler]
		c := Config{
			TrainSteps: 1000, BetaStart: k.BetaStart, BetaEnd: k.BetaEnd, BetaSchedule: k.BetaSchedule,
			Prediction: r.Prediction, Spacing: k.Spacing, StepsOffset: k.StepsOffset, SetAlphaToOne: new(bool),
		}
		replayed++
		t.Run(fmt.Sprint(r.Sampler, " ", r.Prediction, " ", r.Steps), func(t *testing.T) {
			t.Parallel()
			got, plan := sharedRun(t, method, c, r.Steps)
			for i, s := range plan.Steps {
				if len(plan.Steps) != len(r.Timesteps) || math.Abs(s.Timestep-r.Timesteps[i]) > 2e-3 {
					t.Fatalf("times: got %+v, want %v", plan.Steps, r.Timesteps)
				}
			}
			tail := got.Data[len(got.Data)-len(r.Last):]
			for i, want := range append(r.Latents, r.Last...) {
				v := append(got.Data[:len(r.Latents):len(r.Latents)], tail...)[i]
				if math.Abs(float64(v)-want) > 2e-5*max(1, math.Abs(want)) {
					t.Errorf("value %d: got %v, want %v", i, v, want)
				}
			}
		})
	}
	if replayed < 40 {
		t.Errorf("replayed %d recorded cases, want most of %d", replayed, len(record.Cases))
	}
}

func sharedRun(t *testing.T, method Method, c Config, steps int) (tensor.Tensor, Plan) {
	t.Helper()
	plan, err := method.Plan(c, steps)
	if err != nil {
		t.Fatal(err)
	}
	source := noise.NewTorch(0)
	fresh := func() tensor.Tensor { return noise.Draw(source, 1, 4, 8, 8) }
	x := tensor.Scale(fresh(), float32(plan.InitNoiseSigma))
	got, err := method.Sample(t.Context(), plan, Inputs{Denoise: c.Denoiser(sineModel), Noise: fresh}, x)
	if err != nil {
		t.Fatal(err)
	}
	return got, plan
}
