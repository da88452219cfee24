//go:build cgo

package pipeline_test

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// smallSpec is one of two small images.
func smallSpec(f *folder.Model, i int) picture.Spec {
	return picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: f.Name, Hash: f.Hash}, Prompt: []string{"a red boat", "a green house at night"}[i],
		Width: 64, Height: 64, Seed: int64(i), Count: 1, Steps: 3, GuidanceScale: 5, Sampler: "dpmpp_2m",
	}
}

// countingUnet is a UNet that counts its runs.
type countingUnet struct {
	unet render.Unet
	runs *atomic.Int64
}

func (c countingUnet) Unet(
	ctx context.Context, latents tensor.Tensor, time float64, conditioning render.Conditioning,
) (tensor.Tensor, error) {
	c.runs.Add(1)
	return c.unet.Unet(ctx, latents, time, conditioning)
}

func TestSeamlessBatchSharesUnetRuns(t *testing.T) {
	t.Parallel()
	e := pipelinetest.Load(t, demo)
	parts, err := pipeline.Parts(e.Model)
	if err != nil {
		t.Fatal(err)
	}
	var runs atomic.Int64
	seamless := parts.Seamless
	parts.Seamless = func(ctx context.Context) (render.SeamlessNetworks, error) {
		all, err := seamless(ctx)
		all.Unet = countingUnet{all.Unet, &runs}
		return all, err
	}
	r, err := render.New(parts, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	members, errs := render.NewBatch(2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range members {
		s := smallSpec(e.Folder, i)
		s.Tiling = true
		wg.Go(func() { _, errs[i] = r.Render(t.Context(), s, render.Job{BatchMember: members[i]}) })
	}
	wg.Wait()
	if got := runs.Load(); errors.Join(errs...) != nil || got != 3 {
		t.Errorf("got %d runs, %v; want 3 that both share", got, errs)
	}
}

func TestBatchMatchesSingleRenders(t *testing.T) {
	t.Parallel()
	e := pipelinetest.Load(t, demo)
	members, got, errs := render.NewBatch(2), make([]*render.Result, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range members {
		wg.Go(func() {
			got[i], errs[i] = e.Render(t.Context(), smallSpec(e.Folder, i), render.Job{BatchMember: members[i]})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		want, err := e.Render(t.Context(), smallSpec(e.Folder, i), render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range want.Latents.Data {
			if d := math.Abs(float64(v - got[i].Latents.Data[j])); d > 1e-3 {
				t.Fatalf("run %d: latent %d is %v, alone %v", i, j, got[i].Latents.Data[j], v)
			}
		}
	}
}
