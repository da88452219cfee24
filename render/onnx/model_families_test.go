package onnx_test

import (
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

// loadGolden loads a golden pipeline on the CPU.
func loadGolden(t *testing.T, name string) *onnx.Model {
	t.Helper()
	runtimeOrSkip(t)
	return loadDir(t, goldentest.Model(t, name), onnx.Device{Kind: onnx.CPU, Threads: 1})
}

// checkNear checks how far two tensors are apart, relative to the greatest value.
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

// allConditioning is the conditioning of a UNet of any family, n different items.
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
	onnxtest.WriteFile(t, dir, "vae_decoder/model.onnx", string(data))
	mixed := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
	x := ramp(1, 4, 8, 8)
	got, err1 := mixed.DecodeLatents(t.Context(), x)
	want, err2 := whole.DecodeLatents(t.Context(), x)
	if err := errors.Join(err1, err2); err != nil || !mixed.Folder.Config.Float16 {
		t.Fatalf("half %v, %v", mixed.Folder.Config.Float16, err)
	}
	checkNear(t, "pixels", got, want, 0)
}

// TestEachConditioningInputMatters checks that every input reaches the UNet.
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
		for part, of := range map[string]*tensor.Tensor{
			"hidden": &conditioning.Hidden, "pooled": &conditioning.Pooled, "sizes": &conditioning.TimeIDs,
			"guidance": &conditioning.Guidance,
		} {
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
