package onnx_test

import (
	"testing"

	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/tensor"
)

// BenchmarkStep runs a network of a few additions on what a guided step of Stable Diffusion 1 hands to its UNet at
// 512×512: its cost is what every step costs besides the network. "ran-ns/op" of it is inside ONNX Runtime.
func BenchmarkStep(b *testing.B) {
	for name, f := range map[string]onnxtest.Folder{
		"float32": {},
		"float16": {Float: graph.Float16, Timestep: graph.Value{Type: graph.Float16, Dims: []int{1}}},
	} {
		b.Run(name, func(b *testing.B) {
			runtimeOrSkip(b)
			dir := b.TempDir()
			if err := f.Write(dir); err != nil {
				b.Fatal(err)
			}
			m := loadDir(b, dir, float16CPU)
			latents, conditioning := tensor.New(
				2, 4, 64, 64,
			), tensor.Conditioning{
				Hidden: tensor.New(2, 77*768/onnxtest.Width, onnxtest.Width),
			}
			began := m.Ran()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Unet(b.Context(), latents, 500, conditioning); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(m.Ran()-began)/float64(b.N), "ran-ns/op")
		})
	}
}
