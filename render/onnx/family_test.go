package onnx_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/family"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// rewrite changes a file in place, by a function of its bytes.
func rewriteFile(t *testing.T, path string, by func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, by(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func swap(old, now string) func([]byte) []byte {
	return func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(now)) }
}

// loadGolden loads a golden pipeline on the CPU.
func loadGolden(t *testing.T, name string) *onnx.Model {
	t.Helper()
	runtimeOrSkip(t)
	return loadDir(t, goldentest.Model(t, name), onnx.Device{Kind: onnx.CPU, Threads: 1})
}

// near tells how far two tensors are apart, relative to the larger one's greatest value.
func checkNear(t *testing.T, what string, got, want tensor.Tensor, most float64) {
	t.Helper()
	if !tensor.SameShape(got, want) {
		t.Errorf("%s: got shape %v, want %v", what, got.Shape, want.Shape)
		return
	}
	var apart, scale float64
	for i, v := range got.Data {
		apart = max(apart, math.Abs(float64(v)-float64(want.Data[i])))
		scale = max(scale, math.Abs(float64(want.Data[i])))
	}
	if !(apart <= most*scale) || scale == 0 {
		t.Errorf("%s: %v apart of at most %v, want a share of %v", what, apart, scale, most)
	}
}

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
			f, err := onnx.OpenFolder(goldentest.Model(t, name))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			c := f.Config
			got := facts{c.Family, c.Prediction, c.Consistency(), c.Extra != nil, c.RescaleZeroSNR, c.PooledWidth, c.GuidanceWidth, c.TextWidth, c.SkippableLayers}
			if got != want || c.Float16 != half || !c.CanEncode || !c.FractionalTimesteps {
				t.Errorf("%s: got %+v, half %v, want %+v", name, got, c.Float16, want)
			}
		}
	}
}

// everything is what leads a UNet of any family, n items, different for each.
func allConditioning(m *onnx.Model, n int) tensor.Conditioning {
	c := m.Folder.Config
	conditioning := tensor.Conditioning{Hidden: ramp(n, 2*c.TextLength, c.TextWidth)}
	if c.PooledWidth > 0 {
		conditioning.Pooled, conditioning.TimeIDs = ramp(n, c.PooledWidth), ramp(n, 6)
	}
	if c.GuidanceWidth > 0 {
		conditioning.Guidance = ramp(n, c.GuidanceWidth)
	}
	return conditioning
}

func channels(m *onnx.Model) int {
	if m.Folder.Config.Extra == family.Inpaint {
		return 9
	}
	return 4
}

// TestFloat16Families runs each family in both precisions.
func TestFloat16Families(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.SD1, goldentest.SD2V, goldentest.SDXL, goldentest.LCM, goldentest.Inpaint} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole, half := loadGolden(t, name), loadGolden(t, goldentest.Float16(name))
			ids, ctx := idRows(2), t.Context()
			a, err1 := whole.EncodeText(ctx, ids, 1)
			b, err2 := half.EncodeText(ctx, ids, 1)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			checkNear(t, "hidden states", b.Hidden, a.Hidden, 1e-2)
			if whole.Folder.Config.PooledWidth > 0 {
				checkNear(t, "pooled vectors", b.Pooled, a.Pooled, 1e-2)
			}
			x := ramp(2, channels(whole), 8, 8)
			p, err1 := whole.Unet(ctx, x, 501, allConditioning(whole, 2))
			q, err2 := half.Unet(ctx, x, 501, allConditioning(half, 2))
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			if p.Shape[1] != 4 {
				t.Errorf("got a prediction of shape %v, want 4 channels", p.Shape)
			}
			checkNear(t, "prediction", q, p, 2e-2)
		})
	}
}

// TestMixedPrecision decodes with a float32 VAE in a float16 folder, as SDXL's first VAE needs it.
func TestMixedPrecision(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	whole, dir := loadGolden(t, goldentest.SDXL), goldentest.Model(t, goldentest.Float16(goldentest.SDXL))
	data, err := os.ReadFile(filepath.Join(whole.Folder.Dir, "vae_decoder", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, dir, "vae_decoder/model.onnx", string(data))
	mixed := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
	x := ramp(1, 4, 8, 8)
	got, err1 := mixed.DecodeLatents(t.Context(), x)
	want, err2 := whole.DecodeLatents(t.Context(), x)
	if err := errors.Join(err1, err2); err != nil || !mixed.Folder.Config.Float16 {
		t.Fatalf("half %v, %v", mixed.Folder.Config.Float16, err)
	}
	checkNear(t, "pixels", got, want, 0)
}

// TestEachConditioningInputMatters sees that nothing a UNet is given is dropped on the way.
func TestEachConditioningInputMatters(t *testing.T) {
	t.Parallel()
	for _, name := range []string{goldentest.SDXL, goldentest.LCM} {
		m := loadGolden(t, name)
		x := ramp(2, 4, 8, 8)
		plain, err := m.Unet(t.Context(), x, 501, allConditioning(m, 2))
		if err != nil {
			t.Fatal(err)
		}
		conditioning := allConditioning(m, 2)
		for part, of := range map[string]*tensor.Tensor{"hidden": &conditioning.Hidden, "pooled": &conditioning.Pooled, "sizes": &conditioning.TimeIDs, "guidance": &conditioning.Guidance} {
			if of.Empty() {
				continue
			}
			was := *of
			*of = tensor.Scale(was, 0.5)
			copy(of.Row(0).Data, was.Row(0).Data) // of the second item alone
			out, err := m.Unet(t.Context(), x, 501, conditioning)
			if err != nil {
				t.Fatal(err)
			}
			if fmt.Sprint(out.Row(1).Data) == fmt.Sprint(plain.Row(1).Data) {
				t.Errorf("%s: %s changes nothing", name, part)
			}
			checkNear(t, name+": the first item, whose "+part+" stayed", out.Row(0), plain.Row(0), 1e-5)
			*of = tensor.Tensor{}
			if _, err := m.Unet(t.Context(), x, 501, conditioning); err == nil || !strings.Contains(err.Error(), "denoise: ") {
				t.Errorf("%s without %s: got %v, want an error", name, part, err)
			}
			*of = was
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
				writeFile(t, dir, file, string(data))
			}
		}
	}
	for _, c := range []struct {
		name, model string
		spoil       func(t *testing.T, dir string)
		says        []string
	}{
		{"SDXL without its second encoder", goldentest.SDXL, remove("text_encoder_2"), []string{"text_encoder_2/model.onnx", "no such file"}},
		{"SDXL without its second tokenizer", goldentest.SDXL, remove("tokenizer_2"), []string{"tokenizer_2/vocab.json", "no such file"}},
		{"half of SDXL's second encoder", goldentest.SDXL, truncated("text_encoder_2/model.onnx", func(n int64) int64 { return n - 1 }), []string{"text_encoder_2/model.onnx", "cut short"}},
		{"a refiner", goldentest.SDXL, remove("text_encoder"), []string{"model_index.json", "refiner"}},
		{"a refiner by its index", goldentest.SDXL, replace("model_index.json", `{"_class_name":"StableDiffusionXLImg2ImgPipeline","requires_aesthetics_score":true}`), []string{"refiner"}},
		{"SDXL's UNet alone", goldentest.SD1, from(goldentest.SDXL, "unet"), []string{"unet/model.onnx", "an SDXL UNet", "text_encoder_2"}},
		{"another UNet in SDXL", goldentest.SDXL, from(goldentest.SD1, "unet"), []string{"unet/model.onnx", "24"}},
		{"a UNet told no sizes", goldentest.SDXL, func(t *testing.T, dir string) {
			rewriteFile(t, filepath.Join(dir, "unet/model.onnx"), swap("time_ids", "tome_ids"))
		}, []string{"unet/model.onnx", "tome_ids", "not understood"}},
		{"an encoder that pools nothing", goldentest.SDXL, func(t *testing.T, dir string) {
			rewriteFile(t, filepath.Join(dir, "text_encoder_2/model.onnx"), swap("text_embeds", "text_embods"))
		}, []string{"text_encoder_2/model.onnx", `no output called "text_embeds"`}},
		{"SDXL's layers out of reach", goldentest.SDXL, func(t *testing.T, dir string) {
			rewriteFile(t, filepath.Join(dir, "text_encoder/model.onnx"), swap("hidden_states.", "hidden_statez."))
			rewriteFile(t, filepath.Join(dir, "text_encoder/config.json"), swap(`"num_hidden_layers": 2`, `"num_hidden_layers": 12`))
		}, []string{"text_encoder/model.onnx", `"hidden_states.0"`, "all hidden states"}},
		{"SDXL that clips", goldentest.SDXL, replace("scheduler/scheduler_config.json", `{"_class_name":"DDIMScheduler"}`), []string{"scheduler_config.json", "clip_sample"}},
		{"a transformer", goldentest.SD1, func(t *testing.T, dir string) { writeFile(t, dir, "transformer/config.json", "{}") }, []string{"transformer", "Stable Diffusion 3 and Flux"}},
		{"inpainting without a VAE encoder", goldentest.Inpaint, remove("vae_encoder"), []string{"unet/model.onnx", "vae_encoder/model.onnx"}},
		{"a width that is not that of the file", goldentest.SD1, func(t *testing.T, dir string) {
			rewriteFile(t, filepath.Join(dir, "unet/config.json"), swap(`"cross_attention_dim": 24`, `"cross_attention_dim": 48`))
		}, []string{"unet/model.onnx", "want 48"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := goldentest.Model(t, c.model)
			c.spoil(t, dir)
			_, err := onnx.OpenFolder(dir)
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

// TestInpaintChannels tells an inpainting UNet by its input, and by its configuration where the input says nothing.
func TestInpaintChannels(t *testing.T) {
	t.Parallel()
	f, err := onnx.OpenFolder(tinyFolder(t, onnxtest.Folder{Channels: 9}))
	if err != nil || f.Config.Extra != family.Inpaint {
		t.Errorf("nine channels: got %v, %v, want an inpainting model", f, err)
	}
	dir := tinyFolder(t, onnxtest.Folder{})
	writeFile(t, dir, "unet/config.json", `{"in_channels":9}`)
	if f, err := onnx.OpenFolder(dir); err != nil || f.Config.Extra != nil {
		t.Errorf("a configuration of nine, but four in the file: got %+v, %v; the file counts", f.Config, err)
	}
	if _, err := onnx.OpenFolder(tinyFolder(t, onnxtest.Folder{Channels: 9, NoEncoder: true})); err == nil || !strings.Contains(err.Error(), "vae_encoder") {
		t.Errorf("without a VAE encoder: got %v", err)
	}
}
