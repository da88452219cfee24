//go:build cgo

package pipeline_test

import (
	"testing"

	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

// BenchmarkRender renders with the demo model, warm, from a Spec to an encoded PNG. "outside-%" is the part of the time
// that is not ONNX Runtime's.
func BenchmarkRender(b *testing.B) {
	pipelinetest.OpenRuntime(b)
	folder, err := pipeline.Open(demo)
	if err != nil {
		b.Fatal(err)
	}
	for name, mapped := range map[string]bool{"steps": false, "start": true} {
		b.Run(name, func(b *testing.B) {
			e, err := pipeline.Load(b.Context(), folder, onnx.Device{Kind: onnx.CPU, Mapped: mapped}, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer e.Close()
			d := folder.Card.Defaults
			spec := picture.Spec{
				Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
				Model: picture.Ref{Name: folder.Name, Hash: folder.Hash}, Prompt: "a red boat", Width: d.Width, Height: d.Height,
				Seed: 7, Count: 1, Steps: d.Steps, GuidanceScale: d.GuidanceScale, Sampler: d.Sampler,
			}
			renderOnce := func() {
				result, err := e.Render(b.Context(), spec, render.Job{})
				if err == nil {
					_, err = encode.PNG(result.Tiles[0].Image, encode.FormatParameters(spec, encode.Extra{}))
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			renderOnce() // the first one warms up
			began := e.Model.Ran()
			b.ReportAllocs()
			for b.Loop() {
				renderOnce()
			}
			b.ReportMetric(100*(1-(e.Model.Ran()-began).Seconds()/b.Elapsed().Seconds()), "outside-%")
		})
	}
}
