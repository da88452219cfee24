package onnx

import (
	"slices"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/tensor"
)

// likeGPU is the CPU fed as a GPU is.
var likeGPU = Device{Kind: CPU, Threads: 1, Resident: true}

// TestResidentIsBitEqual: networks that are fed from a device's memory give the bits of those that are not.
func TestResidentIsBitEqual(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		goldentest.CheckpointSD1, goldentest.CheckpointF16, goldentest.CheckpointSDXLF16, goldentest.CheckpointNamed,
	} {
		path := goldentest.Checkpoint(t, name)
		usual, resident := loadCheckpoint(t, path, oneThread), loadCheckpoint(t, path, likeGPU)
		compare := func(what string, got, want []float32) {
			if !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v apart", name, what, largest(got, want))
			}
		}
		if name != goldentest.CheckpointSDXLF16 {
			compare("UNet", unetAnswer(t, resident), unetAnswer(t, usual))
		}
		latents := draw("latents", 2, 4, 8, 6)
		got, err := resident.DecodeLatents(t.Context(), latents)
		if err != nil {
			t.Fatal(err)
		}
		want, err := usual.DecodeLatents(t.Context(), latents)
		if err != nil {
			t.Fatal(err)
		}
		compare("decoder", got.Data, want.Data)
		_ = tensor.Changes{}
	}
}
