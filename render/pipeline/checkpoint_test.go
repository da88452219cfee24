//go:build cgo

package pipeline_test

import (
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

func TestTryCheckpoint(t *testing.T) {
	for _, name := range goldentest.CheckpointNames(t) {
		t.Run(name, func(t *testing.T) {
			path := goldentest.Checkpoint(t, name)
			f, err := pipeline.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Log(pipeline.Describe(f.Config), f.Config.Scheduler, f.Config.Prediction, pipeline.Notes(f), pipeline.Abilities(f))
			p := pipelinetest.Load(t, path)
			spec := picture.Spec{
				Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
				Model: picture.Ref{Name: f.Name, Hash: f.Hash}, Prompt: "a red boat", Width: 64, Height: 64, Seed: 1, Count: 1,
				Steps: 2, GuidanceScale: 3, Sampler: "euler",
			}
			r, err := p.Render(t.Context(), spec, render.Job{})
			if err != nil {
				t.Fatal(err)
			}
			t.Log(r.Latents.Data[:4])
		})
	}
}
