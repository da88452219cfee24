package render

import (
	"image"
	"image/color"
	"strings"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/picture"
)

var (
	red   = color.NRGBA{220, 30, 30, 255}
	green = color.NRGBA{30, 200, 60, 255}
	white = color.NRGBA{255, 255, 255, 255}
	black = color.NRGBA{0, 0, 0, 255}
)

func TestInitImage(t *testing.T) {
	t.Parallel()
	inputs := inputStore{}
	from := twoColours(64, 48, red, green)
	in := inputs.add(t, from)
	mask := inputs.add(t, twoColours(64, 48, black, white))
	t.Run("more strength goes further away from it", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		origin, last := fit(from, 64, 48), 0.0
		for i, strength := range []float64{0.25, 0.5, 0.75, 1} {
			s := boatSpec()
			s.Sampler = "ddim"
			s.Init = &picture.Init{Picture: in, Strength: strength}
			before := f.unetRuns.Load()
			d := meanDifference(t, origin, mustRender(t, r, s, Job{Input: inputs.find}).Tiles[0].Image)
			if d <= last {
				t.Errorf("strength %v: got distance %v, want more than %v", strength, d, last)
			}
			last = d
			if got, want := f.unetRuns.Load()-before, int64(2*(i+1)); got != want {
				t.Errorf("strength %v of 8 steps: got %d, want %d", strength, got, want)
			}
		}
	})
	t.Run("the same Spec gives the same bytes for each tile", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Count, s.Init = 2, &picture.Init{Picture: in, Strength: 0.6}
		all := mustRender(t, r, s, Job{Input: inputs.find})
		if one := mustRender(t, r, s.Tile(1), Job{Input: inputs.find}); !sameImage(one.Tiles[0].Image, all.Tiles[1].Image) {
			t.Errorf("tile 2 differs from its own Spec's image")
		}
	})
	t.Run("a mask protects what is black", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		for _, sampler := range []string{"ddim", "euler_a", "dpmpp_2m"} {
			s := boatSpec()
			s.Sampler, s.Count = sampler, 2
			s.Init = &picture.Init{Picture: in, Mask: &mask, Strength: 0.9}
			img := mustRender(t, r, s, Job{Input: inputs.find}).Tiles[1].Image
			if got := img.NRGBAAt(10, 20); colourDistance(got, red) > 2 {
				t.Errorf("%s, protected: got %v, want %v", sampler, got, red)
			}
			if got := img.NRGBAAt(50, 20); colourDistance(got, green) < 10 {
				t.Errorf("%s, regenerated: got %v, which is as it was", sampler, got)
			}
		}
	})
}

// TestInitImageNoise compares the noise that an init image is laid under with the draw of the seed that each dialect
// takes.
func TestInitImageNoise(t *testing.T) {
	t.Parallel()
	inputs := inputStore{}
	in := inputs.add(t, twoColours(64, 48, red, green))
	r, _ := newFake(t, Options{})
	// The noise of prepare_latents in diffusers 0.42.1's StableDiffusionImg2ImgPipeline, called with an AutoencoderKL
	// of four latent channels, 64×48 pixels and torch.Generator().manual_seed(7): the first four values.
	for dialect, want := range map[picture.Dialect][]float32{
		picture.Diffusers: {-0.3575501, 0.1863798, -1.165389, 0.8848882},
		picture.A1111:     noise.Draw(noise.NewPhilox(7), 1, 4, 6, 8).Data[:4],
	} {
		s := boatSpec()
		s.Dialect, s.Init = dialect, &picture.Init{Picture: in, Strength: 0.5}
		s.Hires = &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5}
		p, err := r.newRun(s, Job{Input: inputs.find})
		if err != nil {
			t.Fatal(err)
		}
		_, drawn := p.noiseSources(p.passes[0], 0, 1)
		got := drawn.noise
		for i, v := range want {
			if d := got.Data[i] - v; d > 2e-6 || d < -2e-6 {
				t.Errorf("%s, value %d: got %v, want %v", dialect, i, got.Data[i], v)
			}
		}
		open := noiseSource(dialect)
		if _, second := p.noiseSources(p.passes[1], 0, 1); second.noise.Data[0] != noise.Draw(open(7), 1, 4, 12, 16).Data[0] {
			t.Errorf("%s: the second pass starts from no image, but its noise is not the first draw", dialect)
		}
	}
}

func TestRefusedInitImages(t *testing.T) {
	t.Parallel()
	inputs, odd := inputStore{}, inputStore{}
	in := inputs.add(t, twoColours(64, 48, red, green))
	for name, c := range map[string]struct {
		parts func(*Parts)
		named picture.Input
		held  inputStore
		want  string
	}{
		"other bytes than named":      {func(*Parts) {}, in, inputStore{in.SHA256: []byte("GIF89a")}, "init image"},
		"bytes that are not an image": {func(*Parts) {}, odd.addBytes([]byte("no picture at all")), odd, "not a PNG"},
		"a model without an encoder":  {func(p *Parts) { p.Encoder = nil }, in, inputs, "no VAE encoder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := (&fakeModel{}).parts()
			parts.Tokenizers = tokenizers(t)
			c.parts(&parts)
			r, err := New(parts, Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := boatSpec()
			s.Init = &picture.Init{Picture: c.named, Strength: 0.5}
			if _, err := r.Render(t.Context(), s, Job{Input: c.held.find}); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestHires(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Sampler, s.Hires = "dpmpp_2m", &picture.Hires{Scale: 2, Steps: 4, Strength: 0.5}
	r, _ := newFake(t, Options{})
	large := mustRender(t, r, s, Job{})
	t.Run("the image has the larger size", func(t *testing.T) {
		t.Parallel()
		if got := large.Tiles[0].Image.Bounds(); got != image.Rect(0, 0, 128, 96) {
			t.Errorf("got %v, want 128×96", got)
		}
		if got := large.Latents.Shape; got[2] != 12 || got[3] != 16 {
			t.Errorf("latents: got shape %v", got)
		}
	})
	t.Run("little strength stays near the small image", func(t *testing.T) {
		t.Parallel()
		plain := s
		plain.Hires = nil
		small := fit(mustRender(t, r, plain, Job{}).Tiles[0].Image, 128, 96)
		weak, strong := s, s
		weak.Hires = &picture.Hires{Scale: 2, Steps: 4, Strength: 0.1}
		strong.Hires = &picture.Hires{Scale: 2, Steps: 4, Strength: 0.9}
		near := meanDifference(t, small, mustRender(t, r, weak, Job{}).Tiles[0].Image)
		wide := meanDifference(t, small, mustRender(t, r, strong, Job{}).Tiles[0].Image)
		if near >= wide {
			t.Errorf("got distances %v for little and %v for much strength", near, wide)
		}
	})
	t.Run("a mask holds through both passes", func(t *testing.T) {
		t.Parallel()
		inputs := inputStore{}
		masked := s
		mask := inputs.add(t, twoColours(64, 48, black, white))
		masked.Init = &picture.Init{Picture: inputs.add(t, twoColours(64, 48, red, red)), Mask: &mask, Strength: 1}
		img := mustRender(t, r, masked, Job{Input: inputs.find}).Tiles[0].Image
		if got := img.NRGBAAt(20, 50); colourDistance(got, red) > 2 {
			t.Errorf("protected: got %v, want %v", got, red)
		}
	})
}

func TestFit(t *testing.T) {
	t.Parallel()
	t.Run("an image of the size stays as it is", func(t *testing.T) {
		t.Parallel()
		img := twoColours(64, 48, red, green)
		if got := fit(img, 64, 48); !sameImage(got, img.(*image.NRGBA)) {
			t.Errorf("it changed by %v", meanDifference(t, got, img.(*image.NRGBA)))
		}
	})
	t.Run("the middle of another shape is cut out", func(t *testing.T) {
		t.Parallel()
		got := fit(twoColours(300, 100, red, green), 50, 50)
		if got.Bounds() != image.Rect(0, 0, 50, 50) || colourDistance(got.NRGBAAt(3, 25), red) > 3 ||
			colourDistance(got.NRGBAAt(46, 25), green) > 3 {
			t.Errorf("got %v with %v and %v", got.Bounds(), got.NRGBAAt(3, 25), got.NRGBAAt(46, 25))
		}
	})
	t.Run("transparent parts become white", func(t *testing.T) {
		t.Parallel()
		got := fit(image.NewNRGBA(image.Rect(0, 0, 20, 20)), 10, 10)
		if c := got.NRGBAAt(5, 5); colourDistance(c, white) > 1 {
			t.Errorf("got %v, want white", c)
		}
	})
	t.Run("an image of one pixel is enough", func(t *testing.T) {
		t.Parallel()
		img := image.NewNRGBA(image.Rect(5, 5, 6, 6))
		img.Set(5, 5, red)
		if c := fit(img, 64, 8).NRGBAAt(60, 3); colourDistance(c, red) > 1 {
			t.Errorf("got %v, want %v", c, red)
		}
	})
}

func TestToByteByDialect(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in           float32
		round, floor uint8
	}{
		{-1, 0, 0}, {1, 255, 255}, {3, 255, 255}, {-2, 0, 0}, {0, 128, 127}, {0.5, 191, 191}, {0.2, 153, 153},
		{0.199, 153, 152},
	} {
		if got := toByte(c.in, rounding(picture.Diffusers)); got != c.round {
			t.Errorf("%v for diffusers: got %d, want %d", c.in, got, c.round)
		}
		if got := toByte(c.in, rounding(picture.A1111)); got != c.floor {
			t.Errorf("%v for A1111: got %d, want %d", c.in, got, c.floor)
		}
	}
}

func colourDistance(a, b color.NRGBA) int {
	d := func(x, y uint8) int { return max(int(x)-int(y), int(y)-int(x)) }
	return max(d(a.R, b.R), d(a.G, b.G), d(a.B, b.B))
}
