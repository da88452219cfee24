//go:build cgo

package pipeline_test

import (
	"testing"

	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/golden/goldentest"
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

// BenchmarkSwitchLoRA renders one step of a small checkpoint with LoRAs that are ready: the same one each time, two in
// turn, which both stay ready, and three in turn, of which each is put together anew. The differences are what a switch
// costs.
func BenchmarkSwitchLoRA(b *testing.B) {
	e := pipelinetest.LoadWith(b, goldentest.Checkpoint(b, goldentest.CheckpointSDXL), onnx.Device{Kind: onnx.CPU},
		pipelinetest.AddonFiles{
			"a": goldentest.Checkpoint(b, goldentest.LoRASDXLA), "b": goldentest.Checkpoint(b, goldentest.LoRASDXLB),
		})
	spec := picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Prompt: "a red boat",
		Model: picture.Ref{Name: e.Folder.Name, Hash: e.Folder.Hash}, Width: 64, Height: 64, Seed: 7, Count: 1, Steps: 1,
		Sampler: "euler",
	}
	all := []picture.Addon{
		{Kind: picture.LoRA, Name: "a", Hash: "a", Strength: 1}, {Kind: picture.LoRA, Name: "a", Hash: "a", Strength: 0.5},
		{Kind: picture.LoRA, Name: "b", Hash: "b", Strength: 1},
	}
	for i, name := range []string{"the same", "two in turn", "three in turn"} {
		b.Run(name, func(b *testing.B) {
			renderWith := func(n int) {
				spec.Addons = all[n%(i+1):][:1]
				if _, err := e.Render(b.Context(), spec, render.Job{}); err != nil {
					b.Fatal(err)
				}
			}
			for n := range all {
				renderWith(n) // the first ones warm up
			}
			for n := 0; b.Loop(); n++ {
				renderWith(n)
			}
		})
	}
}
