package render

import (
	"image"
	"testing"

	"darkroom/render/picture"
)

// windowJob is a Spec that paints around an image in windows of 64×64.
func windowJob(t *testing.T, width, height int, at picture.Placement) (picture.Spec, Job, *image.NRGBA) {
	t.Helper()
	inputs, img := inputStore{}, fit(gradientImage(), 128, 96)
	s := boatSpec()
	s.Version, s.Width, s.Height, s.Count = 3, width, height, 2
	s.Init = &picture.Init{
		Picture: inputs.add(t, img), Strength: 0.8, Placement: &at, Window: &picture.Size{Width: 64, Height: 64},
	}
	return s, Job{Input: inputs.find}, img
}

func TestPaintGround(t *testing.T) {
	t.Parallel()
	t.Run("a pan keeps every pixel of the image and paints the rest", func(t *testing.T) {
		t.Parallel()
		for name, c := range map[string]struct {
			width, height int
			at            picture.Placement
		}{
			"left":  {160, 96, picture.Placement{X: 32, Width: 128, Height: 96}},
			"right": {160, 96, picture.Placement{Width: 128, Height: 96}},
			"up":    {128, 128, picture.Placement{Y: 32, Width: 128, Height: 96}},
			"down":  {128, 128, picture.Placement{Width: 128, Height: 96}},
		} {
			for _, dialect := range []picture.Dialect{picture.Diffusers, picture.A1111} {
				s, job, img := windowJob(t, c.width, c.height, c.at)
				s.Dialect = dialect
				r, m := newSized(t, nil)
				tiles := mustRender(t, r, s, job).Tiles
				for i, tile := range tiles {
					if tile.Image.Rect.Dx() != c.width || tile.Image.Rect.Dy() != c.height {
						t.Fatalf("%s: got %v, want the whole canvas", name, tile.Image.Rect)
					}
					for y := range 96 {
						for x := range 128 {
							if got, want := tile.Image.NRGBAAt(c.at.X+x, c.at.Y+y), img.NRGBAAt(x, y); got != want {
								t.Fatalf("%s, tile %d: at %d, %d got %v, want %v as it was", name, i, x, y, got, want)
							}
						}
					}
				}
				if sameImage(tiles[0].Image, tiles[1].Image) {
					t.Errorf("%s: both tiles have the same ground", name)
				}
				if n := m.largest.Load(); n != 8*8 {
					t.Errorf("%s: the UNet saw %d latents, want those of a window", name, n)
				}
			}
		}
	})
	t.Run("a zoom shows the image smaller in the middle", func(t *testing.T) {
		t.Parallel()
		s, job, img := windowJob(t, 128, 96, picture.Placement{X: 32, Y: 24, Width: 64, Height: 48})
		r, m := newSized(t, nil)
		got := mustRender(t, r, s, job).Tiles[1].Image
		small := fit(img, 64, 48)
		for _, at := range []image.Point{{8, 8}, {32, 24}, {55, 40}} {
			if c, want := got.NRGBAAt(32+at.X, 24+at.Y), small.NRGBAAt(at.X, at.Y); colourDistance(c, want) > 12 {
				t.Errorf("at %v of the image: got %v, want about %v", at, c, want)
			}
		}
		if n := m.largest.Load(); n != 8*8 {
			t.Errorf("the UNet saw %d latents, want those of a window", n)
		}
	})
	t.Run("an inpainting model paints ground too", func(t *testing.T) {
		t.Parallel()
		s, job, img := windowJob(t, 160, 96, picture.Placement{Width: 128, Height: 96})
		got := mustRender(t, newNeighbourRenderer(t, true), s, job).Tiles[0].Image
		if got.NRGBAAt(100, 50) != img.NRGBAAt(100, 50) {
			t.Errorf("inside: got %v, want %v", got.NRGBAAt(100, 50), img.NRGBAAt(100, 50))
		}
	})
	t.Run("progress counts every window of every tile", func(t *testing.T) {
		t.Parallel()
		s, job, _ := windowJob(t, 160, 96, picture.Placement{Width: 128, Height: 96})
		last := Progress{}
		job.Progress = func(p Progress) {
			if p.Step < last.Step {
				t.Errorf("step %d after %d", p.Step, last.Step)
			}
			last = p
		}
		r, _ := newSized(t, nil)
		mustRender(t, r, s, job)
		if last.Step != last.Steps || last.Steps < 2*2*2 {
			t.Errorf("got %d of %d steps at the end", last.Step, last.Steps)
		}
	})
}

// A decoder that darkens what it decodes leaves no step at the edge of the image.
func TestJoinGround(t *testing.T) {
	t.Parallel()
	for s := left; s <= below; s++ {
		canvas, painted := image.NewNRGBA(image.Rect(0, 0, 64, 64)), image.NewNRGBA(image.Rect(0, 0, 64, 64))
		for i := range canvas.Pix {
			canvas.Pix[i], painted.Pix[i] = 160, 130
		}
		fresh := []image.Rectangle{
			image.Rect(0, 0, 16, 64), image.Rect(48, 0, 64, 64), image.Rect(0, 0, 64, 16), image.Rect(0, 48, 64, 64),
		}[s]
		joinGround(canvas, painted, groundWindow{canvas.Rect, fresh, s})
		edge := []image.Point{{15, 30}, {48, 30}, {30, 15}, {30, 48}}[s]
		far := []image.Point{{0, 30}, {63, 30}, {30, 0}, {30, 63}}[s]
		if got := canvas.NRGBAAt(edge.X, edge.Y).R; got < 156 || got > 160 {
			t.Errorf("side %d: at the edge got %d, want nearly 160", s, got)
		}
		if got := canvas.NRGBAAt(far.X, far.Y).R; got < 130 || got > 134 {
			t.Errorf("side %d: far from it got %d, want nearly 130", s, got)
		}
		if got := canvas.NRGBAAt(32, 32).R; got != 160 {
			t.Errorf("side %d: the known ground became %d", s, got)
		}
	}
}
