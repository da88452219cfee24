package folder_test

import (
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/onnxtest"
)

// TestPublishedSchedulers opens the settings that models are published with, by their class and what sets them apart.
func TestPublishedSchedulers(t *testing.T) {
	t.Parallel()
	const usual = `"beta_start":0.00085,"beta_end":0.012,"beta_schedule":"scaled_linear","num_train_timesteps":1000,` +
		`"set_alpha_to_one":false,"steps_offset":1,"trained_betas":null,`
	for name, settings := range map[string]string{
		"Stable Diffusion 1.5":          `"_class_name":"PNDMScheduler","clip_sample":false,"skip_prk_steps":true`,
		"Stable Diffusion 1, old":       `"_class_name":"PNDMScheduler","skip_prk_steps":true`,
		"inpainting":                    `"_class_name":"DDIMScheduler","clip_sample":false`,
		"one that says clip, overruled": `"_class_name":"DDIMScheduler","clip_sample":true`,
		"Stable Diffusion 2.1":          `"_class_name":"DDIMScheduler","clip_sample":false,"prediction_type":"v_prediction"`,
		"SDXL": `"_class_name":"EulerDiscreteScheduler","clip_sample":false,"interpolation_type":"linear",` +
			`"sample_max_value":1.0,"sigma_max":null,` +
			`"timestep_type":"discrete","timestep_spacing":"leading","use_karras_sigmas":false`,
		"Turbo": `"_class_name":"EulerAncestralDiscreteScheduler","clip_sample":false,"timestep_spacing":"trailing"`,
		"LCM": `"_class_name":"LCMScheduler","clip_sample":false,"clip_sample_range":1.0,` +
			`"dynamic_thresholding_ratio":0.995,` +
			`"original_inference_steps":50,"thresholding":false,"timestep_scaling":10.0`,
		// Python writes infinity, which JSON does not have; diffusers saves it with every scheduler of this class.
		"DPM-Solver as diffusers saves it": `"_class_name":"DPMSolverMultistepScheduler","lambda_min_clipped":-Infinity,` +
			`"variance_type":null,"sample_max_value":Infinity,"solver_type":"midpoint"`,
	} {
		dir := t.TempDir()
		if err := (onnxtest.Folder{}).Write(dir); err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", "{"+usual+settings+"}")
		if _, err := folder.Open(dir); err != nil {
			t.Errorf("%s: got %v, want it opened", name, err)
		}
	}
}

// TestLeftSettings opens folders with settings that their scheduler's class ignores, left by a pipeline of another one.
// SDXL's pipelines, unlike those of Stable Diffusion 1, take a scheduler's settings as they are.
func TestLeftSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ class, settings, says string }{
		{"EulerDiscreteScheduler", `"clip_sample":true`, ""},
		{"EulerDiscreteScheduler", `"thresholding":true`, ""},
		{"EulerDiscreteScheduler", `"use_karras_sigmas":NaN,"a":"NaN"`, ""},
		{"PNDMScheduler", `"clip_sample":true`, ""},
		{"TCDScheduler", `"clip_sample":true,"thresholding":true`, ""},
		{"DDIMScheduler", `"clip_sample":false,"timestep_type":"continuous","use_flow_sigmas":true`, ""},
		{"DDPMScheduler", `"trained_betas":null`, "clip_sample"},
		{"LCMScheduler", `"clip_sample":true`, "clip_sample"},
		{"HeunDiscreteScheduler", `"clip_sample":true`, "clip_sample"},
		{"UniPCMultistepScheduler", `"thresholding":true`, "thresholding"},
		{"DPMSolverMultistepScheduler", `"use_flow_sigmas":true`, "use_flow_sigmas"},
		{"EulerDiscreteScheduler", `"timestep_type":"continuous"`, "timestep_type"},
		{"EulerDiscreteScheduler", `"clip_sample":"of another kind"`, "clip_sample"},
	} {
		dir := goldentest.Model(t, goldentest.SDXL)
		text := `{"_class_name":"` + c.class + `",` + c.settings + "}"
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", "\ufeff"+text) // with the mark of some editors
		_, err := folder.Open(dir)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want %q", text, err, c.says)
		}
	}
}

// TestSchedulerDefaults: what a file leaves out is the default of its class.
func TestSchedulerDefaults(t *testing.T) {
	t.Parallel()
	for class, want := range map[string][2]any{
		"DDIMScheduler": {0.0001, "linear"}, "EulerDiscreteScheduler": {0.0001, "linear"},
		"HeunDiscreteScheduler": {0.00085, "linear"}, "KDPM2AncestralDiscreteScheduler": {0.00085, "linear"},
		"DPMSolverSDEScheduler": {0.00085, "linear"}, "LCMScheduler": {0.00085, "scaled_linear"},
		"FlaxPNDMScheduler": {0.0001, "linear"},
	} {
		dir := onnxtest.Folder{}.Temp(t)
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", `{"_class_name":"`+class+`"}`)
		f, err := folder.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]any{f.Config.BetaStart, f.Config.BetaSchedule}; got != want {
			t.Errorf("%s: got %v, want %v", class, got, want)
		}
	}
}

// TestStepsOffset: diffusers' pipelines of Stable Diffusion 1 and 2 count from 1 whatever an old file says, others
// believe it.
func TestStepsOffset(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		class, says string
		want        int
	}{
		{"StableDiffusionPipeline", `{}`, 1},
		{"StableDiffusionPipeline", `{"steps_offset":0}`, 1},
		{"StableDiffusionInpaintPipeline", `{"steps_offset":5000}`, 1},
		{"LatentConsistencyModelPipeline", `{}`, 0},
		{"LatentConsistencyModelPipeline", `{"steps_offset":2}`, 2},
	} {
		dir := t.TempDir()
		if err := (onnxtest.Folder{Class: c.class}).Write(dir); err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", c.says)
		f, err := folder.Open(dir)
		if err != nil {
			t.Fatalf("%s that says %s: %v", c.class, c.says, err)
		}
		if got := f.Config.StepsOffset; got != c.want {
			t.Errorf("%s that says %s: got %d, want %d", c.class, c.says, got, c.want)
		}
	}
}
