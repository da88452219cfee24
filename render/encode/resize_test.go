package encode_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"

	"darkroom/render/encode"
)

func TestCleanImageReshapes(t *testing.T) {
	t.Parallel()
	green, grey := color.NRGBA{20, 160, 40, 255}, color.NRGBA{90, 90, 90, 255}
	clean, err := encode.Clean(t.Context(), asPNG(t, paint(green, grey)), 10_000, 0) // 24 x 16
	if err != nil {
		t.Fatal(err)
	}
	open := func(c encode.CleanImage, err error) image.Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(c.PNG))
		if err != nil || img.Bounds().Size() != image.Pt(c.Width, c.Height) {
			t.Fatalf("got %v and error %v, want %d x %d", img.Bounds(), err, c.Width, c.Height)
		}
		return img
	}
	for name, tt := range map[string]struct {
		img         image.Image
		left, right []image.Point // points that are green, and grey
	}{
		"stretched":         {open(clean.Stretch(48, 48)), []image.Point{{0, 0}, {20, 47}}, []image.Point{{27, 0}, {47, 47}}},
		"filled above":      {open(clean.Fill(48, 48)), []image.Point{{0, 0}, {20, 47}}, []image.Point{{27, 0}, {47, 47}}},
		"filled beside":     {open(clean.Fill(96, 32)), []image.Point{{0, 0}, {44, 31}}, []image.Point{{51, 0}, {95, 31}}},
		"the size it has":   {open(clean.Fill(24, 16)), []image.Point{{0, 0}, {11, 15}}, []image.Point{{12, 0}, {23, 15}}},
		"of a narrow strip": {open(clean.Fill(8, 400)), []image.Point{{0, 0}, {1, 399}}, []image.Point{{7, 0}, {7, 399}}},
	} {
		for _, p := range tt.left {
			if !closeTo(tt.img, p.X, p.Y, green) {
				t.Errorf("%s: at %v got %v, want green", name, p, tt.img.At(p.X, p.Y))
			}
		}
		for _, p := range tt.right {
			if !closeTo(tt.img, p.X, p.Y, grey) {
				t.Errorf("%s: at %v got %v, want grey", name, p, tt.img.At(p.X, p.Y))
			}
		}
	}
	// Stripes across tell the two apart: stretched they keep their share of the height, filled they stay where they were.
	stripes := image.NewNRGBA(image.Rect(0, 0, 32, 16))
	for i := range 32 * 16 {
		stripes.Set(i%32, i/32, green)
		if y := i / 32; y >= 4 && y < 12 {
			stripes.Set(i%32, y, grey)
		}
	}
	if clean, err = encode.Clean(t.Context(), asPNG(t, stripes), 10_000, 0); err != nil {
		t.Fatal(err)
	}
	if img := open(clean.Stretch(32, 32)); !closeTo(img, 5, 10, grey) || !closeTo(img, 5, 5, green) {
		t.Errorf("stretched: got %v and %v, want grey and green", img.At(5, 10), img.At(5, 5))
	}
	if img := open(clean.Fill(32, 32)); !closeTo(img, 5, 10, green) || !closeTo(img, 5, 13, grey) ||
		!closeTo(img, 5, 31, green) {
		t.Errorf("filled: got %v and %v, want green and grey", img.At(5, 10), img.At(5, 13))
	}
}
