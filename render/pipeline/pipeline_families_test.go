//go:build cgo

package pipeline_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

func TestFamiliesRender(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	for name, want := range map[string]string{
		goldentest.SD1:     "Stable Diffusion 1, float32",
		goldentest.SD2V:    "Stable Diffusion 2, float32, v-prediction, zero terminal SNR",
		goldentest.SDXL:    "SDXL, float32",
		goldentest.LCM:     "Stable Diffusion 1, float32, distilled (LCM or TCD)",
		goldentest.Inpaint: "Stable Diffusion 1, float32, inpainting",
	} {
		for _, half := range []bool{false, true} {
			if half {
				name, want = goldentest.Float16(name), strings.Replace(want, "float32", "float16", 1)
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				e := pipelinetest.Load(t, goldentest.Model(t, name))
				if got := pipeline.Describe(e.Folder.Config); got != want {
					t.Errorf("got %q, want %q", got, want)
				}
				checkBothDialects(t, e)
			})
		}
	}
}

// checkBothDialects renders a Spec in both dialects, and checks that what decides an image reaches the networks.
func checkBothDialects(t *testing.T, e *pipeline.Pipeline) {
	t.Helper()
	renderPixels := func(change func(*picture.Spec)) []byte {
		t.Helper()
		s := picture.Spec{
			Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
			Model: picture.Ref{
				Name: e.Folder.Name, Hash: e.Folder.Hash,
			}, Prompt: "a red boat", Width: 64, Height: 80, Seed: 1, Count: 1,
			Steps: 2, GuidanceScale: 4, Sampler: pipeline.Samplers(e.Folder)[0],
		}
		change(&s)
		done, err := e.Render(t.Context(), s, render.Job{})
		if err != nil {
			t.Fatalf("%+v: %v", s, err)
		}
		return done.Tiles[0].Image.Pix
	}
	plain := renderPixels(func(*picture.Spec) {})
	if again := renderPixels(func(*picture.Spec) {}); !slices.Equal(plain, again) {
		t.Error("two runs of one Spec differ")
	}
	for what, change := range map[string]func(*picture.Spec){
		"prompt":    func(s *picture.Spec) { s.Prompt = "a blue house" },
		"clip skip": func(s *picture.Spec) { s.ClipSkip = 2 },
		"guidance":  func(s *picture.Spec) { s.GuidanceScale = 9 },
	} {
		if slices.Equal(plain, renderPixels(change)) {
			t.Errorf("another %s changes nothing", what)
		}
	}
	other := "euler"
	if e.Folder.Config.Consistency() {
		other = "lcm"
	}
	renderPixels(func(s *picture.Spec) { s.Dialect, s.Sampler, s.ClipSkip = picture.A1111, other, 2 })
}

func TestSecondTokenizer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, content, want string }{
		"a broken vocabulary": {"vocab.json", "{", "tokenizer_2: read vocab.json"},
		"shorter chunks": {
			"tokenizer_config.json", `{"model_max_length": 50}`, "tokenizer_2 makes chunks of 50 tokens, want 77",
		},
	} {
		dir := goldentest.Model(t, goldentest.SDXL)
		writeFile(t, filepath.Join(dir, "tokenizer_2", c.file), c.content)
		if _, err := pipeline.Open(dir); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), dir) {
			t.Errorf("%s: got %v, want an error with %q and the folder", name, err, c.want)
		}
	}
	dir := goldentest.Model(t, goldentest.SDXL)
	writeFile(t, filepath.Join(dir, "tokenizer_2", "merges.txt"), "#version: 0.2\n")
	if _, err := pipeline.Open(dir); err != nil {
		t.Errorf("other words than the first has: got %v, want each encoder to read by its own", err)
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	folderOf := func(c folder.Config, card folder.Defaults) *folder.Model {
		return &folder.Model{Config: c, Card: folder.Card{Defaults: card}}
	}
	square := func(side int) folder.Size { return folder.Size{Width: side, Height: side} }
	for name, c := range map[string]struct {
		of   *folder.Model
		want folder.Defaults
	}{
		"Stable Diffusion 1": {folderOf(folder.Config{NativeSize: square(512)}, folder.Defaults{}),
			folder.Defaults{Size: square(512)}},
		"SDXL": {folderOf(folder.Config{Kind: family.Kind{Family: family.SDXL}, NativeSize: square(1024)}, folder.Defaults{}),
			folder.Defaults{Size: square(1024), GuidanceScale: 5}},
		"an SDXL refiner": {folderOf(folder.Config{Kind: family.Kind{Family: family.Refiner}}, folder.Defaults{}),
			folder.Defaults{Steps: 30, GuidanceScale: 5, Strength: 0.3}},
		"SDXL Turbo": {
			folderOf(
				folder.Config{Kind: family.Kind{Family: family.SDXL, Distillation: family.Turbo}, NativeSize: square(512)},
				folder.Defaults{},
			),
			folder.Defaults{Size: square(512), Steps: 4, GuidanceScale: 1, Sampler: "euler_a"},
		},
		"Lightning": {
			folderOf(folder.Config{Kind: family.Kind{Family: family.SDXL, Distillation: family.Lightning}}, folder.Defaults{}),
			folder.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "euler"},
		},
		"LCM": {
			folderOf(folder.Config{Kind: family.Kind{Distillation: family.LCM, GuidanceWidth: 256}}, folder.Defaults{}),
			folder.Defaults{Steps: 4, GuidanceScale: 8, Sampler: "lcm"},
		},
		"LCM in the weights": {
			folderOf(
				folder.Config{Kind: family.Kind{Family: family.SDXL, Distillation: family.LCMInWeights}}, folder.Defaults{},
			),
			folder.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "lcm"},
		},
		"TCD": {
			folderOf(folder.Config{Kind: family.Kind{Family: family.SDXL, Distillation: family.TCD}}, folder.Defaults{}),
			folder.Defaults{Steps: 4, GuidanceScale: 1, Sampler: "tcd"},
		},
		"its card has the last word": {
			folderOf(
				folder.Config{Kind: family.Kind{Family: family.SDXL, Distillation: family.LCMInWeights}, NativeSize: square(1024)},
				folder.Defaults{Size: square(768), Steps: 8, GuidanceScale: 1.5, Sampler: "lcm", Negative: "fog", Strength: 0.4},
			),
			folder.Defaults{Size: square(768), Steps: 8, GuidanceScale: 1.5, Sampler: "lcm", Negative: "fog", Strength: 0.4},
		},
		"one size": {
			folderOf(folder.Config{FixedSize: square(256), NativeSize: square(512)}, folder.Defaults{}),
			folder.Defaults{Size: square(256)},
		},
	} {
		if got := pipeline.Defaults(c.of); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestFewStepDefaults(t *testing.T) {
	t.Parallel()
	f, err := pipeline.Open(demo)
	if err != nil {
		t.Fatal(err)
	}
	want := folder.Defaults{Size: folder.Size{Width: 128, Height: 128}, Steps: 4, GuidanceScale: 3, Sampler: "dpmpp_2m"}
	if got, has := pipeline.FewStepDefaults(f); !has || got != want {
		t.Errorf("the demo model: got %+v, %v, want %+v", got, has, want)
	}
	f.Card.FewSteps = folder.Defaults{}
	if got, has := pipeline.FewStepDefaults(f); has || got != pipeline.Defaults(f) {
		t.Errorf("a card without few_steps: got %+v, %v, want the usual settings and false", got, has)
	}
}

func TestSamplersByModel(t *testing.T) {
	t.Parallel()
	plain, quick := pipeline.Samplers(
		&folder.Model{},
	), pipeline.Samplers(
		&folder.Model{Config: folder.Config{Kind: family.Kind{Distillation: family.LCM}}},
	)
	if !slices.Contains(plain, "euler_a") || slices.Contains(plain, "lcm") {
		t.Errorf("got %v, want no lcm", plain)
	}
	if !slices.Contains(quick, "lcm") || slices.Contains(quick, "euler_a") {
		t.Errorf("a distilled model: got %v", quick)
	}
	for prediction, want := range map[string]bool{"epsilon": true, "v_prediction": false} {
		f := &folder.Model{Config: folder.Config{Prediction: prediction}, Card: folder.Card{Dialect: "a1111"}}
		if got := slices.Contains(pipeline.Samplers(f), "dpm_adaptive"); got != want {
			t.Errorf("%s: dpm_adaptive is offered: got %v, want %v", prediction, got, want)
		}
	}
}
