//go:build cgo

package main

import (
	"bytes"
	"context"
	"image"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render"
	"darkroom/render/picture"
)

// shortMemoryPipeline makes empty images. Its memory is short in its second run.
type shortMemoryPipeline struct{ runs int }

func (c *shortMemoryPipeline) Render(_ context.Context, s picture.Spec, _ render.Job) (*render.Result, error) {
	c.runs++
	r := &render.Result{Millis: map[string]int64{}, LowMemory: c.runs == 2}
	for i := range s.Count {
		r.Tiles = append(r.Tiles, render.Tile{
			Seed: s.Seed + int64(i), Image: image.NewNRGBA(image.Rect(0, 0, s.Width, s.Height)),
		})
	}
	return r, nil
}

func testSpec() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model: picture.Ref{Name: "m", Hash: strings.Repeat("a", 64)}, Prompt: "a red boat", Width: 64, Height: 48, Seed: 7,
		Count: 2, Steps: 4, GuidanceScale: 5, Sampler: "ddim",
	}
}

func TestDrawHintsAtShortMemory(t *testing.T) {
	t.Parallel()
	for count, want := range map[int]int{picture.MaxCount: 0, 3 * picture.MaxCount: 1} {
		dir, stderr := t.TempDir(), bytes.Buffer{}
		f, err := openOutput(filepath.Join(dir, "a.png"), count, false)
		if err != nil {
			t.Fatal(err)
		}
		o := drawRequest{settings: config.Draw{Count: count}, spec: testSpec()}
		s := environment{stdout: &bytes.Buffer{}, stderr: &stderr}
		if err := o.render(t.Context(), s, &shortMemoryPipeline{}, f, 0, newBar(s, o.settings)); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(stderr.String(), "memory was short"); got != want {
			t.Errorf("%d pictures: got %q, want to hear of it %d times", count, stderr.String(), want)
		}
	}
}
