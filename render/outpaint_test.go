package render

import (
	"image"
	"image/color"
	"testing"

	"darkroom/render/picture"
)

// outpaintJob is a Spec of 128×96 whose init image of 64×48 lies somewhere on it.
func outpaintJob(t *testing.T, x, y int) (picture.Spec, Job, *image.NRGBA) {
	t.Helper()
	inputs, img := inputStore{}, fit(gradientImage(), 64, 48)
	s := boatSpec()
	s.Width, s.Height = 128, 96
	s.Init = &picture.Init{
		Picture: inputs.add(t, img), Strength: 0.9, Placement: &picture.Placement{X: x, Y: y, Width: 64, Height: 48},
	}
	return s, Job{Input: inputs.find}, img
}

func TestOutpaint(t *testing.T) {
	t.Parallel()
	t.Run("an image's edge goes on outside of its place", func(t *testing.T) {
		t.Parallel()
		s, _, img := outpaintJob(t, 32, 24)
		canvas := placeOnCanvas(img, s)
		for _, c := range []struct{ x, y, fromX, fromY int }{
			{40, 30, 8, 6}, {0, 0, 0, 0}, {127, 95, 63, 47}, {5, 50, 0, 26}, {60, 90, 28, 47},
		} {
			if got, want := canvas.NRGBAAt(c.x, c.y), img.NRGBAAt(c.fromX, c.fromY); got != want {
				t.Errorf("(%d, %d): got %v, want %v", c.x, c.y, got, want)
			}
		}
	})
	t.Run("the mask reaches into the image only where something joins it", func(t *testing.T) {
		t.Parallel()
		s, _, _ := outpaintJob(t, 0, 24) // its left edge is the canvas's
		r := outpaintRegion(s, nil, 8)
		for _, c := range []struct {
			x, y int
			want uint8
		}{
			{0, 0, 255}, {127, 50, 255}, {0, 48, 0}, {20, 48, 0}, {63, 48, 255}, {56, 48, 144}, {47, 48, 0}, {20, 24, 255},
			{20, 32, 128},
		} {
			if got := r.pixels.GrayAt(c.x, c.y).Y; got != c.want {
				t.Errorf("(%d, %d): got %d, want %d", c.x, c.y, got, c.want)
			}
		}
		if got := r.latent.Data[0]; got != 1 {
			t.Errorf("outside the latent mask is %v, want 1", got)
		}
	})
	t.Run("what lies inside stays to the byte, and what lies outside is rendered", func(t *testing.T) {
		t.Parallel()
		for _, dialect := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			for _, by := range []string{"euler_a", "dpmpp_2m", "heun"} {
				s, job, img := outpaintJob(t, 32, 24)
				s.Dialect, s.Sampler, s.Count = dialect, by, 2
				canvas := placeOnCanvas(img, s)
				got := mustRender(t, newNeighbourRenderer(t, false), s, job).Tiles[1].Image
				for _, at := range []image.Point{{64, 48}, {52, 44}, {76, 52}} {
					if got.NRGBAAt(at.X, at.Y) != canvas.NRGBAAt(at.X, at.Y) {
						t.Errorf(
							"%s, %s, inside at %v: got %v, want %v", dialect, by, at, got.NRGBAAt(at.X, at.Y), canvas.NRGBAAt(at.X, at.Y),
						)
					}
				}
				if meanDifference(t, got, canvas) < 10 {
					t.Errorf("%s, %s: nothing was rendered outside", dialect, by)
				}
			}
		}
	})
	t.Run("a model of nine channels renders around an image too", func(t *testing.T) {
		t.Parallel()
		s, job, img := outpaintJob(t, 64, 24)
		got := mustRender(t, newNeighbourRenderer(t, true), s, job).Tiles[0].Image
		if want := placeOnCanvas(img, s).NRGBAAt(110, 48); got.NRGBAAt(110, 48) != want {
			t.Errorf("inside: got %v, want %v", got.NRGBAAt(110, 48), want)
		}
	})
	t.Run("a mask is rendered as well as the outside", func(t *testing.T) {
		t.Parallel()
		s, job, _ := outpaintJob(t, 32, 24)
		inputs := inputStore{}
		mask := inputs.add(t, windowMask())
		s.Init.Mask = &mask
		r := outpaintRegion(s, fit(windowMask(), 64, 48), 8)
		if got := r.pixels.GrayAt(32+35, 24+23).Y; got != 255 {
			t.Errorf("inside the mask: got %d, want 255", got)
		}
		find := job.Input
		job.Input = inputs.find
		inputs[s.Init.Picture.SHA256], _ = find(t.Context(), s.Init.Picture.SHA256)
		mustRender(t, newNeighbourRenderer(t, false), s, job)
	})
	t.Run("a second pass keeps the image, enlarged", func(t *testing.T) {
		t.Parallel()
		s, job, img := outpaintJob(t, 32, 24)
		s.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.6}
		got := mustRender(t, newNeighbourRenderer(t, false), s, job).Tiles[0].Image
		if want := placeOnCanvas(img, s).NRGBAAt(64, 48); colourDistance(got.NRGBAAt(128, 96), want) > 8 {
			t.Errorf("inside: got %v, want about %v", got.NRGBAAt(128, 96), want)
		}
	})
}

// A model that ignores its input predicts grey everywhere; at the edge of the image there must be no jump.
func TestOutpaintLeavesNoSeam(t *testing.T) {
	t.Parallel()
	inputs := inputStore{}
	s := boatSpec()
	s.Width, s.Height, s.Sampler, s.Steps = 192, 96, "ddim", 20
	s.Init = &picture.Init{
		Picture:  inputs.add(t, twoColours(96, 96, color.NRGBA{90, 120, 160, 255}, color.NRGBA{90, 120, 160, 255})),
		Strength: 0.9, Placement: &picture.Placement{Width: 96, Height: 96},
	}
	r, _ := newFake(t, Options{})
	img := mustRender(t, r, s, Job{Input: inputs.find}).Tiles[0].Image
	step := func(x int) int { return colourDistance(img.NRGBAAt(x, 50), img.NRGBAAt(x+1, 50)) }
	far := 0 // beyond all of the join
	for x := 110; x < 190; x++ {
		far = max(far, step(x))
	}
	for x := 70; x < 110; x++ {
		if step(x) > far+8 {
			t.Errorf("at %d the image jumps by %d, elsewhere by at most %d", x, step(x), far)
		}
	}
}
