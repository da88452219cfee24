package onnx_test

import (
	"os"
	"slices"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

const demo = "../demo/postcards"

// demoIDs are rows of begin-of-text and end-of-text, which is also the padding.
func demoIDs(n int) [][]int32 {
	ids := make([][]int32, n)
	for i := range ids {
		ids[i] = make([]int32, 77)
		for j := range ids[i] {
			ids[i][j] = 1
		}
	}
	return ids
}

func loadDemo(t testing.TB, threads int) *onnx.Model {
	t.Helper()
	runtimeOrSkip(t)
	if _, err := os.Stat(demo); err != nil {
		t.Skip("the demo model is not in this tree: ", err)
	}
	return loadDir(t, demo, onnx.Device{Kind: onnx.CPU, Threads: threads})
}

func TestDemoModel(t *testing.T) {
	t.Parallel()
	m := loadDemo(t, 1)
	ctx, c := t.Context(), m.Folder.Config
	if len(m.Folder.Card.Sizes) == 0 || len(m.Folder.Card.Words) == 0 || m.Folder.Card.Defaults.Steps == 0 {
		t.Errorf("got card %+v, want sizes, words and defaults", m.Folder.Card)
	}
	text, err := m.EncodeText(ctx, demoIDs(2), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range m.Folder.Card.Sizes {
		latents := ramp(2, c.LatentChannels, size.Height/c.PixelsPerLatent, size.Width/c.PixelsPerLatent)
		a, err := m.Unet(ctx, latents, 500.5, hiddenOnly(text.Hidden))
		if err != nil {
			t.Fatalf("%v: %v", size, err)
		}
		b, err := m.Unet(ctx, latents, 500.5, hiddenOnly(text.Hidden))
		if err != nil || !slices.Equal(a.Data, b.Data) {
			t.Errorf("%v: the same step again differs (%v), want the same bits", size, err)
		}
		pixels, err := m.DecodeLatents(ctx, latents)
		if err != nil || pixels.Shape[2] != size.Height || pixels.Shape[3] != size.Width {
			t.Fatalf("%v: got image %v, %v", size, pixels.Shape, err)
		}
		mean, err := m.EncodeImage(ctx, pixels)
		if want := tensor.New(latents.Shape[0], 2*latents.Shape[1], latents.Shape[2], latents.Shape[3]); err != nil ||
			!tensor.SameShape(mean, want) {
			t.Fatalf("%v: got means and variances %v, %v, want %v", size, mean.Shape, err, want.Shape)
		}
	}
	long := tensor.New(2, 2*c.TextLength, c.TextWidth)
	if _, err := m.Unet(ctx, ramp(2, 4, 16, 16), 1, hiddenOnly(long)); err != nil {
		t.Errorf("a prompt of two chunks: %v", err)
	}
}

// benchUnet measures one step at 128×128 pixels. Best of three on two Zen 4 cores that were shared with other work,
// library 1.24.3: batch 2 took 27 ms, batch 8 took 95 ms, decoding one image 51 ms; see BenchmarkCall for Go's share.
func benchUnet(b *testing.B, batch int) {
	m := loadDemo(b, 0)
	text, err := m.EncodeText(b.Context(), demoIDs(batch), 0)
	if err != nil {
		b.Fatal(err)
	}
	latents := ramp(batch, 4, 16, 16)
	for b.Loop() {
		if _, err := m.Unet(b.Context(), latents, 500, hiddenOnly(text.Hidden)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDemoUnetBatch2(b *testing.B) { benchUnet(b, 2) }
func BenchmarkDemoUnetBatch8(b *testing.B) { benchUnet(b, 8) }

func BenchmarkDemoDecode(b *testing.B) {
	m := loadDemo(b, 0)
	latents := ramp(1, 4, 16, 16)
	for b.Loop() {
		if _, err := m.DecodeLatents(b.Context(), latents); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDemoLoad(b *testing.B) {
	runtimeOrSkip(b)
	folder, err := folder.Open(demo)
	if err != nil {
		b.Skip(err)
	}
	for b.Loop() {
		m, err := onnx.Load(b.Context(), folder, onnx.Device{Kind: onnx.CPU})
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCall measures a UNet of seven nodes that does next to nothing, on the demo's latents: what a call costs
// besides the network. Best of three on the same machine: 20 µs in float32, 39 µs in float16, of a step's 27 ms.
func BenchmarkCall(b *testing.B) {
	for name, f := range map[string]onnxtest.Folder{"float32": {}, "float16": {Float: graph.Float16}} {
		b.Run(name, func(b *testing.B) {
			runtimeOrSkip(b)
			dir := b.TempDir()
			if err := f.Write(dir); err != nil {
				b.Fatal(err)
			}
			m := loadDir(b, dir, float16CPU)
			latents, hidden := ramp(2, 4, 16, 16), tensor.New(2, onnxtest.Length, onnxtest.Width)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Unet(b.Context(), latents, 1, hiddenOnly(hidden)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
