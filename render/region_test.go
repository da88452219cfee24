package render

import (
	"image"
	"reflect"
	"testing"

	"darkroom/render/picture"
)

func TestMaskBlur(t *testing.T) {
	t.Parallel()
	mask := func() *image.NRGBA { return fit(windowMask(), 64, 48) } // white from (20, 10) to (50, 36)
	t.Run("both dialects blur as A1111", func(t *testing.T) {
		t.Parallel()
		want := regionFromMask(mask(), 8, picture.A1111, nil)
		for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
			if got := regionFromMask(mask(), 8, d, new(4)); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: got another region than A1111's default, %+v", d, got.latent)
			}
		}
	})
	t.Run("unasked, diffusers' edge is hard and nothing covers its result", func(t *testing.T) {
		t.Parallel()
		if r := regionFromMask(mask(), 8, picture.Diffusers, nil); r.overlay != nil || r.pixels.GrayAt(20, 10).Y != 255 ||
			r.pixels.GrayAt(19, 10).Y != 0 {
			t.Errorf("got %v and %v, want 255 and 0 and no overlay", r.pixels.GrayAt(20, 10), r.pixels.GrayAt(19, 10))
		}
	})
	t.Run("0 leaves the edge hard, and more reaches further", func(t *testing.T) {
		t.Parallel()
		reach := func(by int) (n int) {
			r := regionFromMask(mask(), 8, picture.Diffusers, &by)
			for x := 19; x >= 0 && r.pixels.GrayAt(x, 24).Y > 0; x-- {
				n++
			}
			return n
		}
		if a, b, c := reach(0), reach(4), reach(7); a != 0 || b < 8 || b > 10 || c <= b || c > 18 {
			t.Errorf("got %d, %d and %d pixels beyond the edge, want none, 8 to 10, and more", a, b, c)
		}
	})
}

// Whatever a VAE makes of an image, what is not marked stays in every pixel when the mask is blurred.
func TestMaskBlurKeepsTheRest(t *testing.T) {
	t.Parallel()
	for _, asked := range []*int{nil, new(4)} {
		s, job := inpaintJob(t, 0.9)
		job.MaskBlur = asked
		from, img := fit(gradientImage(), 64, 48), mustRender(t, newNeighbourRenderer(t, false), s, job).Tiles[0].Image
		changed, marked := 0, false
		for i := range 64 * 48 {
			x, y := i%64, i/64
			differs := img.NRGBAAt(x, y) != from.NRGBAAt(x, y)
			if far := x < 20-10 || x >= 50+10 || y >= 36+10; far && differs {
				changed++
			}
			marked = marked || differs && image.Pt(x, y).In(image.Rect(24, 14, 46, 32))
		}
		if !marked || (changed == 0) != (asked != nil) {
			t.Errorf("blur %v: %d pixels far from the mask changed, the marked ones %v", asked, changed, marked)
		}
	}
}

// A1111 doubles the blurred mask before it lays the init image over the result (np.clip(mask * 2, 0, 255) of its
// modules/processing.py): nothing of what is marked is covered.
func TestOverlaySparesWhatIsMarked(t *testing.T) {
	t.Parallel()
	mask := image.NewGray(image.Rect(0, 0, 64, 16))
	for i := range mask.Pix {
		if i%64 >= 32 {
			mask.Pix[i] = 255
		}
	}
	row := softRegion(mask, 8, 4).overlay.Pix[8*64:][:64]
	for x, got := range row {
		if x >= 32 && got != 0 || x < 16 && got != 255 {
			t.Errorf("at %d: the init image covers %d of 255", x, got)
		}
	}
	if row[29] == 0 || row[29] == 255 {
		t.Errorf("beside the edge it covers %d of 255, want it soft", row[29])
	}
}
