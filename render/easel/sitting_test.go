package easel_test

import (
	"errors"
	"math"
	"sync"
	"testing"

	"darkroom/render"
	"darkroom/render/easel"
	"darkroom/render/onnx"
	"darkroom/render/picture"
)

func TestASittingPaintsWhatEachWouldBeAlone(t *testing.T) {
	t.Parallel()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skip(err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
	folder, err := easel.Open("../demo/postcards")
	if err != nil {
		t.Fatal(err)
	}
	e, err := easel.Load(t.Context(), folder, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	spec := func(i int) picture.Spec {
		return picture.Spec{
			Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
			Model: picture.Ref{Name: folder.Name, Hash: folder.Hash}, Prompt: []string{"a red boat", "a green house at night"}[i],
			Width: 64, Height: 64, Seed: int64(i), Count: 1, Steps: 3, GuidanceScale: 5, Sampler: "dpmpp_2m",
		}
	}
	seats, got, errs := render.Sit(2), make([]*render.Result, 2), make([]error, 2)
	var wg sync.WaitGroup
	for i := range seats {
		wg.Go(func() { got[i], errs[i] = e.Paint(t.Context(), spec(i), render.Job{Seat: seats[i]}) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for i := range got {
		want, err := e.Paint(t.Context(), spec(i), render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range want.Latents.Data {
			if d := math.Abs(float64(v - got[i].Latents.Data[j])); d > 1e-3 {
				t.Fatalf("painting %d: latent %d is %v, alone %v", i, j, got[i].Latents.Data[j], v)
			}
		}
	}
}
