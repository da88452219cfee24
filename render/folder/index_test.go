package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
)

func TestFamilies(t *testing.T) {
	t.Parallel()
	type facts struct {
		Family                        *family.Family
		Prediction                    string
		Distilled, Inpaint, ZeroSNR   bool
		Pooled, Guidance, Width, Skip int
	}
	for name, want := range map[string]facts{
		goldentest.SD1:     {Family: family.SD1, Prediction: "epsilon", Width: 24, Skip: 3},
		goldentest.SD2V:    {Family: family.SD2, Prediction: "v_prediction", ZeroSNR: true, Width: 24, Skip: 2},
		goldentest.SDXL:    {Family: family.SDXL, Prediction: "epsilon", Pooled: 24, Width: 48, Skip: 1},
		goldentest.LCM:     {Family: family.SD1, Prediction: "epsilon", Distilled: true, Guidance: 32, Width: 24, Skip: 3},
		goldentest.Inpaint: {Family: family.SD1, Prediction: "epsilon", Inpaint: true, Width: 24, Skip: 3},
	} {
		for _, half := range []bool{false, true} {
			if half {
				name = goldentest.Float16(name)
			}
			f, err := folder.Open(goldentest.Model(t, name))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			c := f.Config
			got := facts{
				c.Family, c.Prediction, c.Consistency(), c.Extra != nil, c.ZeroSNR, c.PooledWidth, c.GuidanceWidth,
				c.TextWidth, c.SkippableLayers,
			}
			if got != want || c.Float16 != half || !c.CanEncode || !c.FractionalTimesteps {
				t.Errorf("%s: got %+v, half %v, want %+v", name, got, c.Float16, want)
			}
		}
	}
}

func TestRefusedFamilies(t *testing.T) {
	t.Parallel()
	from := func(name, part string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			for _, file := range []string{part + "/model.onnx", part + "/config.json"} {
				data, err := os.ReadFile(filepath.Join(goldentest.Model(t, name), file))
				if err != nil {
					t.Fatal(err)
				}
				onnxtest.WriteFile(t, dir, file, string(data))
			}
		}
	}
	for _, c := range []struct {
		name, model string
		spoil       func(t *testing.T, dir string)
		says        []string
	}{
		{
			"SDXL without its second encoder", goldentest.SDXL, remove("text_encoder_2"),
			[]string{"text_encoder_2/model.onnx", "no such file"},
		},
		{
			"SDXL without its second tokenizer", goldentest.SDXL, remove("tokenizer_2"),
			[]string{"tokenizer_2/vocab.json", "no such file"},
		},
		{
			"half of SDXL's second encoder",
			goldentest.SDXL,
			truncated("text_encoder_2/model.onnx", func(n int64) int64 { return n - 1 }),
			[]string{"text_encoder_2/model.onnx", "cut short"},
		},
		{"SDXL without its first encoder", goldentest.SDXL, remove("text_encoder"), []string{"text_encoder/model.onnx"}},
		{
			"a refiner by its index alone",
			goldentest.SDXL,
			replace("model_index.json", `{"_class_name":"StableDiffusionXLImg2ImgPipeline","requires_aesthetics_score":true}`),
			[]string{"unet/model.onnx", "time_ids", "want 5", "requires_aesthetics_score"},
		},
		{
			"SDXL's UNet alone",
			goldentest.SD1,
			from(goldentest.SDXL, "unet"),
			[]string{"unet/model.onnx", "an SDXL UNet", "text_encoder_2"},
		},
		{"another UNet in SDXL", goldentest.SDXL, from(goldentest.SD1, "unet"), []string{"unet/model.onnx", "24"}},
		{"a UNet told no sizes", goldentest.SDXL, func(t *testing.T, dir string) {
			onnxtest.Rewrite(t, filepath.Join(dir, "unet/model.onnx"), onnxtest.Swap("time_ids", "tome_ids"))
		}, []string{"unet/model.onnx", "tome_ids", "not supported"}},
		{"an encoder that pools nothing", goldentest.SDXL, func(t *testing.T, dir string) {
			onnxtest.Rewrite(t, filepath.Join(dir, "text_encoder_2/model.onnx"), onnxtest.Swap("text_embeds", "text_embods"))
		}, []string{"text_encoder_2/model.onnx", `no output called "text_embeds"`}},
		{"SDXL's layers out of reach", goldentest.SDXL, func(t *testing.T, dir string) {
			onnxtest.Rewrite(t, filepath.Join(dir, "text_encoder/model.onnx"), onnxtest.Swap("hidden_states.", "hidden_statez."))
			onnxtest.Rewrite(
				t,
				filepath.Join(dir, "text_encoder/config.json"),
				onnxtest.Swap(`"num_hidden_layers": 2`, `"num_hidden_layers": 12`),
			)
		}, []string{"text_encoder/model.onnx", `"hidden_states.0"`, "all hidden states"}},
		{
			"SDXL that clips",
			goldentest.SDXL,
			replace("scheduler/scheduler_config.json", `{"_class_name":"DDIMScheduler"}`),
			[]string{"scheduler_config.json", "clip_sample"},
		},
		{
			"a transformer",
			goldentest.SD1,
			func(t *testing.T, dir string) { onnxtest.WriteFile(t, dir, "transformer/config.json", "{}") },
			[]string{"transformer", "Stable Diffusion 3 and Flux"},
		},
		{
			"inpainting without a VAE encoder", goldentest.Inpaint, remove("vae_encoder"),
			[]string{"unet/model.onnx", "vae_encoder/model.onnx"},
		},
		{"a width that is not that of the file", goldentest.SD1, func(t *testing.T, dir string) {
			onnxtest.Rewrite(
				t, filepath.Join(dir, "unet/config.json"), onnxtest.Swap(`"cross_attention_dim": 24`, `"cross_attention_dim": 48`),
			)
		}, []string{"unet/model.onnx", "want 48"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := goldentest.Model(t, c.model)
			c.spoil(t, dir)
			_, err := folder.Open(dir)
			if err == nil {
				t.Fatal("got no error")
			}
			for _, part := range c.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %v, want an error with %q", err, part)
				}
			}
		})
	}
}

// TestRefiner opens a refiner as Optimum exports it: the second text encoder alone, five sizes.
func TestRefiner(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	move := func(from, to string) {
		if err := os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)); err != nil {
			t.Fatal(err)
		}
	}
	move("text_encoder", "text_encoder_2")
	move("tokenizer", "tokenizer_2")
	onnxtest.WriteFile(t, dir, "model_index.json", `{"_class_name":"StableDiffusionXLImg2ImgPipeline",`+
		`"requires_aesthetics_score":true,"force_zeros_for_empty_prompt":false}`)
	onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json",
		`{"_class_name":"EulerDiscreteScheduler","timestep_spacing":"leading","steps_offset":1}`)
	float := func(name string, dims ...int) graph.Value {
		return graph.Value{Name: name, Type: graph.Float, Dims: dims}
	}
	text := onnxtest.Model{
		Inputs: []graph.Value{{Name: "input_ids", Type: graph.Int64, Dims: []int{0, onnxtest.Length}}},
		Outputs: []graph.Value{
			float("text_embeds", 0, 8), float("hidden_states.0", 0, onnxtest.Length, 4),
			float("hidden_states.1", 0, onnxtest.Length, 4), float("hidden_states.2", 0, onnxtest.Length, 4),
		},
	}
	unet := func(sizes int) {
		m := onnxtest.Model{
			Inputs: []graph.Value{
				float("sample", 0, 4, 0, 0), float("timestep"), float("encoder_hidden_states", 0, 0, 4), float("text_embeds", 0, 8),
				float("time_ids", 0, sizes),
			},
			Outputs: []graph.Value{float("out_sample", 0, 4, 0, 0)},
		}
		onnxtest.WriteFile(t, dir, "unet/model.onnx", string(m.Encode()))
	}
	onnxtest.WriteFile(t, dir, "text_encoder_2/model.onnx", string(text.Encode()))
	unet(5)
	f, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Config
	if c.Family != family.Refiner || c.ZerosForEmptyPrompt || c.PooledWidth != 8 || c.TextWidth != 4 ||
		c.ScalingFactor != 0.13025 || c.SizeMultiple != 64 || len(f.Ports.TextEncoders) != 1 ||
		f.Ports.TextEncoders[0].Layers[0].Name != "hidden_states.1" {
		t.Errorf("got %+v with %+v, want a refiner that reads the last layer but one", c, f.Ports.TextEncoders)
	}
	unet(6)
	if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), "want 5 in dimension 2 for SDXL refiner") {
		t.Errorf("six sizes: got %v", err)
	}
}

// TestInpaintChannels recognises an inpainting UNet by its input, and by its configuration where the input does not
// say.
func TestInpaintChannels(t *testing.T) {
	t.Parallel()
	f, err := folder.Open(onnxtest.Folder{Channels: 9}.Temp(t))
	if err != nil || f.Config.Extra != family.Inpaint {
		t.Errorf("nine channels: got %v, %v, want an inpainting model", f, err)
	}
	dir := onnxtest.Folder{}.Temp(t)
	onnxtest.WriteFile(t, dir, "unet/config.json", `{"in_channels":9}`)
	if f, err := folder.Open(dir); err != nil || f.Config.Extra != nil {
		t.Errorf("a configuration of nine, but four in the file: got %+v, %v; the file counts", f.Config, err)
	}
	if _, err := folder.Open(onnxtest.Folder{Channels: 9, NoEncoder: true}.Temp(t)); err == nil ||
		!strings.Contains(err.Error(), "vae_encoder") {
		t.Errorf("without a VAE encoder: got %v", err)
	}
}

// TestOldLayout recognises exports without any config.json, as diffusers' first ONNX pipelines have them, by their
// networks: an inpainting UNet whose channels are left open by its first convolution, Stable Diffusion 2 by the
// activation of its text encoder.
func TestOldLayout(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]struct {
		class  string
		family *family.Family
		extra  *family.ExtraInput
	}{
		goldentest.SD1:     {"OnnxStableDiffusionPipeline", family.SD1, nil},
		goldentest.SD2V:    {"OnnxStableDiffusionPipeline", family.SD2, nil},
		goldentest.Inpaint: {"OnnxStableDiffusionInpaintPipeline", family.SD1, family.Inpaint},
	} {
		for _, name := range []string{model, goldentest.Float16(model)} {
			dir := goldentest.Model(t, name)
			for _, part := range []string{"text_encoder", "unet", "vae_decoder", "vae_encoder"} {
				remove(part+"/config.json")(t, dir)
			}
			replace("model_index.json", `{"_class_name":"`+want.class+`"}`)(t, dir)
			f, err := folder.Open(dir)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if f.Config.Family != want.family || f.Config.Extra != want.extra {
				t.Errorf("%s: got %s, %+v, want %s, %+v", name, f.Config.Family.Name, f.Config.Extra, want.family.Name, want.extra)
			}
		}
	}
}

// TestChannelsByConvolution: an input that leaves its channels open has those of the first convolution, whatever the
// class says.
func TestChannelsByConvolution(t *testing.T) {
	t.Parallel()
	for channels, want := range map[int]*family.ExtraInput{9: family.Inpaint, 4: nil} {
		dir := onnxtest.Folder{Class: "OnnxStableDiffusionInpaintPipeline"}.Temp(t)
		kernel := onnxtest.Weight{
			Name: "kernel", Type: graph.Float, Dims: []int{4, channels, 1, 1}, Values: make([]float64, 4*channels),
		}
		unet := onnxtest.Model{
			Weights: []onnxtest.Weight{kernel},
			Nodes: []onnxtest.Node{
				{Op: "Cast", In: []string{"sample"}, Out: []string{"wide"}, Ints: map[string]int64{"to": 1}},
				{Op: "Conv", In: []string{"wide", "kernel"}, Out: []string{"out_sample"}},
			},
			Inputs: []graph.Value{
				{Name: "sample", Type: graph.Float, Dims: make([]int, 4)},
				{Name: "timestep", Type: graph.Int64, Dims: make([]int, 1)},
				{Name: "encoder_hidden_states", Type: graph.Float, Dims: []int{0, 0, onnxtest.Width}},
			},
			Outputs:         []graph.Value{{Name: "out_sample", Type: graph.Float, Dims: []int{0, 4, 0, 0}}},
			WeightsAsInputs: true,
		}
		replace("unet/model.onnx", string(unet.Encode()))(t, dir)
		f, err := folder.Open(dir)
		if err != nil || f.Config.Extra != want {
			t.Errorf("%d channels: got %v, %v, want %v", channels, f, err, want)
		}
	}
}

// TestChannelsByClass: where neither the network nor a config.json tells how many channels a UNet reads, the pipeline's
// class does. One that inpaints with an ordinary model is called legacy.
func TestChannelsByClass(t *testing.T) {
	t.Parallel()
	for class, want := range map[string]*family.ExtraInput{
		"OnnxStableDiffusionInpaintPipeline": family.Inpaint, "OnnxStableDiffusionInpaintPipelineLegacy": nil,
		"OnnxStableDiffusionPipeline": nil,
	} {
		f, err := folder.Open(onnxtest.Folder{Channels: -1, Class: class}.Temp(t))
		if err != nil || f.Config.Extra != want {
			t.Errorf("%s: got %v, %v, want %v", class, f, err, want)
		}
	}
	dir := onnxtest.Folder{Channels: -1}.Temp(t)
	onnxtest.WriteFile(t, dir, "unet/config.json", `{"in_channels":8}`)
	if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), "reads 8 channels") {
		t.Errorf("eight channels: got %v, want a refusal", err)
	}
}

// TestPipelineClasses: the classes of Optimum and of code in a repository of its own are read, and one that adds
// something is named.
func TestPipelineClasses(t *testing.T) {
	t.Parallel()
	for class, named := range map[string]bool{
		`"StableDiffusionPipeline"`: false, `"ORTStableDiffusionPipeline"`: false, `"OnnxStableDiffusionPipeline"`: false,
		`"ORTLatentConsistencyModelPipeline"`:                         false,
		`["pipeline_mine", "StableDiffusionSomethingOfMinePipeline"]`: true, `"StableDiffusionPAGPipeline"`: true,
	} {
		dir := onnxtest.Folder{}.Temp(t)
		onnxtest.WriteFile(t, dir, "model_index.json", `{"_class_name":`+class+`}`)
		onnxtest.WriteFile(t, dir, "scheduler/scheduler_config.json", `{"_class_name":"LCMScheduler"}`)
		f, err := folder.Open(dir)
		if err != nil {
			t.Errorf("%s: %v", class, err)
			continue
		}
		got := strings.Join(f.Unfollowed, "; ")
		if (got != "") != named || named && !strings.Contains(got, f.Config.Pipeline) {
			t.Errorf("%s: got %q, want it named: %v", class, got, named)
		}
	}
}

// TestGuidanceWithoutInput names a guidance embedding that the export left out.
func TestGuidanceWithoutInput(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		goldentest.LCM: "", goldentest.SD1: "unet/config.json: time_cond_proj_dim 32",
	} {
		dir := goldentest.Model(t, model)
		onnxtest.Rewrite(t, filepath.Join(dir, "unet/config.json"),
			onnxtest.Swap(`"time_cond_proj_dim": null`, `"time_cond_proj_dim": 32`))
		f, err := folder.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Unfollowed, "; "); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s: got %q, want %q", model, got, want)
		}
	}
}
