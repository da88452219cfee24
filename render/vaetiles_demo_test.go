//go:build cgo

package render_test

import (
	"testing"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

// TestLargeImageInVAETiles decodes one latent whole and in tiles. The normalisations and the attention of a tile see no
// more than the tile, so the images are similar and not the same.
func TestLargeImageInVAETiles(t *testing.T) {
	t.Parallel()
	parts, err := pipeline.Parts(pipelinetest.Load(t, demoFolder).Model)
	if err != nil {
		t.Fatal(err)
	}
	s := demoSpec()
	s.Steps, s.Hires = 4, &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5}
	var pictures [][]byte
	for _, o := range []render.Options{{}, {VAEPixels: 200 * 200, VAETileSide: 128}} {
		r, err := render.New(parts, o)
		if err != nil {
			t.Fatal(err)
		}
		done, err := r.Render(t.Context(), s, render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		pictures = append(pictures, done.Tiles[0].Image.Pix)
	}
	sum := 0
	for i, v := range pictures[0] {
		sum += max(int(v)-int(pictures[1][i]), int(pictures[1][i])-int(v))
	}
	if mean := float64(sum) / float64(len(pictures[0])); mean > 6 || mean == 0 {
		t.Errorf("in tiles the image is %.2f levels off on average, want more than none and at most 6 of 255", mean)
	}
}
