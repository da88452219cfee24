//go:build cgo

package pipeline

import (
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
)

// limited loads a small checkpoint on a CPU that is fed as a GPU is, whose arena holds so many bytes.
func limited(t *testing.T, f *folder.Model, limit int64, o render.Options) (*render.Renderer, *onnx.Model) {
	t.Helper()
	m, err := onnx.Load(t.Context(), f, onnx.Device{Kind: onnx.CPU, Threads: 1, Resident: true, MemoryLimit: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	parts, err := Parts(m)
	if err != nil {
		t.Fatal(err)
	}
	r, err := render.New(parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

// TestOutOfMemoryForReal has ONNX Runtime's own arena run out, on the CPU: the answers come in their order, and are
// remembered; the images are those of a device with plenty whose VAE works in the same tiles.
func TestOutOfMemoryForReal(t *testing.T) {
	openRuntime(t)
	f, err := checkpoint.Open(goldentest.Checkpoint(t, goldentest.CheckpointSD1), folder.Unhashed())
	if err != nil {
		t.Fatal(err)
	}
	spec := picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: "m", Hash: "00"}, Prompt: "a red boat", Width: 192, Height: 192, Seed: 7,
		Count: 2, Steps: 2, GuidanceScale: 5, Sampler: "ddim",
	}
	draw := func(r *render.Renderer) *render.Result {
		t.Helper()
		got, err := r.Render(t.Context(), spec, render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	o := render.Options{VAETileSide: 128, BatchPixels: 2 * 192 * 192}
	tiled := o
	tiled.VAEPixels = 1
	plenty, m := limited(t, f, 1<<34, tiled)
	weights, err := m.DeviceBytes()
	if err != nil {
		t.Fatal(err)
	}
	want := draw(plenty)
	if want.LowMemory || want.DeviceBytes < weights+8<<20 {
		t.Fatalf("with plenty: short %v, %d bytes held, %d of weights", want.LowMemory, want.DeviceBytes, weights)
	}
	// In millions of bytes, two prompts need 4.8 in the text encoder; both images with and without their prompt need 7.9
	// in the UNet, two rows up to 6.7, one 2.0; the decoder needs 24.6, for a tile 10.9.
	limit := weights + 5_000_000
	r, m := limited(t, f, limit, o)
	got := draw(r)
	steps := []string{"at most 2 of 4", "at most 1 of 2", "in tiles of 128×128", "run on the CPU"}
	if len(got.Memory) != len(steps) {
		t.Fatalf("told %q, want %q", got.Memory, steps)
	}
	for i, step := range steps {
		if !strings.Contains(got.Memory[i], step) {
			t.Errorf("step %d: told %q, want %q", i+1, got.Memory[i], step)
		}
	}
	if got.DeviceBytes > limit || !m.EncodersMoved() {
		t.Errorf("%d bytes were held, the limit is %d; encoders moved: %v", got.DeviceBytes, limit, m.EncodersMoved())
	}
	again := draw(r)
	if again.LowMemory || again.Memory != nil {
		t.Errorf("the next job is short again: %q", again.Memory)
	}
	for i := range want.Tiles {
		for what, one := range map[string]*render.Result{"first": got, "second": again} {
			if d := levels(one.Tiles[i].Image.Pix, want.Tiles[i].Image.Pix); d > 1 {
				t.Errorf("%s job, image %d: up to %d levels apart", what, i+1, d)
			}
		}
	}
}

// levels is the largest difference of two images.
func levels(a, b []byte) (most int) {
	for i := range a {
		most = max(most, int(a[i])-int(b[i]), int(b[i])-int(a[i]))
	}
	return most
}
