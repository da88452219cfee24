package upscale

import (
	"context"
	"image"
	"image/color"
	"testing"

	"darkroom/render/tensor"
)

// repeating is a network that repeats pixels, and refuses sizes that are no multiples.
type repeating struct {
	t       *testing.T
	traits  Traits
	runs    int
	largest int // tile, in pixels
}

func newRepeating(t *testing.T, traits Traits) *repeating { return &repeating{t: t, traits: traits} }

func (r *repeating) Traits() Traits { return r.traits }

func (r *repeating) Upscale(_ context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	r.runs++
	r.largest = max(r.largest, in.Shape[2]*in.Shape[3])
	if r.traits.Tile.X > 0 && r.traits.Tile != image.Pt(in.Shape[3], in.Shape[2]) {
		r.t.Errorf("got shape %v, want %v alone", in.Shape, r.traits.Tile)
	}
	if m := r.traits.Multiple; in.Shape[2]%m != 0 || in.Shape[3]%m != 0 {
		r.t.Errorf("got shape %v, want sides in multiples of %d", in.Shape, m)
	}
	scale := r.traits.Scale
	return tensor.ResizeNearest(in, scale*in.Shape[2], scale*in.Shape[3]), nil
}

func colours(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		img.SetNRGBA(i%width, i/width, color.NRGBA{uint8(3 * i), uint8(i / width), uint8(7 * (i % width)), 255})
	}
	return img
}

func TestEnlarge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		scale, multiple int
		from, to        image.Point
		runs            int // of the network; 0 for any
	}{
		{"by the network's own scale", 2, 1, image.Pt(40, 30), image.Pt(80, 60), 1},
		{"sides that the network does not take", 2, 4, image.Pt(41, 30), image.Pt(82, 60), 1},
		{"more than once", 2, 1, image.Pt(20, 20), image.Pt(80, 80), 2},
		{"less than the network does", 4, 1, image.Pt(20, 20), image.Pt(40, 40), 1},
		{"in tiles", 2, 8, image.Pt(600, 610), image.Pt(1200, 1220), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			img := colours(c.from.X, c.from.Y)
			network := newRepeating(t, Traits{Scale: c.scale, Multiple: c.multiple})
			got, err := Enlarge(t.Context(), network, img, c.to, Options{})
			if err != nil || got.Rect.Size() != c.to {
				t.Fatalf("got %v, %v, want %v", got.Rect, err, c.to)
			}
			if c.runs > 0 && network.runs != c.runs || c.runs == 0 && network.runs < 2 {
				t.Errorf("the network ran %d times, want %d", network.runs, c.runs)
			}
			if c.scale != c.to.X/c.from.X && c.runs != 2 {
				return // Lanczos's filter made it smaller
			}
			for _, at := range []image.Point{{0, 0}, {c.from.X - 1, c.from.Y - 1}, {c.from.X / 2, c.from.Y / 3}} {
				by := c.to.X / c.from.X
				if got, want := got.NRGBAAt(at.X*by, at.Y*by), img.NRGBAAt(at.X, at.Y); got != want {
					t.Errorf("at %v: got %v, want %v", at, got, want)
				}
			}
		})
	}
	t.Run("a network that runs once leaves the rest to Lanczos's filter", func(t *testing.T) {
		t.Parallel()
		img := colours(20, 10)
		network := newRepeating(t, Traits{Scale: 2, Multiple: 1, Runs: 1})
		got, err := Enlarge(t.Context(), network, img, image.Pt(80, 40), Options{})
		if err != nil || network.runs != 1 || got.Rect.Size() != image.Pt(80, 40) {
			t.Errorf("got %v, %v, after %d runs", got.Rect, err, network.runs)
		}
	})
	t.Run("without a network it is Lanczos's filter", func(t *testing.T) {
		t.Parallel()
		img := colours(20, 10)
		got, err := Enlarge(t.Context(), nil, img, image.Pt(40, 20), Options{})
		if want := Lanczos(img, image.Pt(40, 20)); err != nil || string(got.Pix) != string(want.Pix) {
			t.Errorf("got another image or %v", err)
		}
	})
	t.Run("a network that returns another size is an error", func(t *testing.T) {
		t.Parallel()
		wrong := newRepeating(t, Traits{Scale: 2, Multiple: 1})
		if _, err := Enlarge(t.Context(), lying{wrong}, colours(8, 8), image.Pt(16, 16), Options{}); err == nil {
			t.Error("got no error")
		}
	})
}

// lying says another scale than it has.
type lying struct{ *repeating }

func (lying) Traits() Traits { return Traits{Scale: 3, Multiple: 1} }
