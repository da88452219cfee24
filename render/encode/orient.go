package encode

import (
	"image"

	"golang.org/x/image/draw"
)

// orient turns and mirrors an image upright. EXIF: 2 is mirrored, 3 upside down, 4 both; 5 to 8 also swap the sides.
func orient(img image.Image, orientation int) image.Image {
	if orientation <= 1 {
		return img
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	stored := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(stored, stored.Bounds(), img, b.Min, draw.Src)
	out := image.NewRGBA(stored.Bounds())
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range out.Rect.Max.Y {
		for x := range out.Rect.Max.X {
			from := stored.PixOffset(source(orientation, x, y, w, h))
			copy(out.Pix[out.PixOffset(x, y):], stored.Pix[from:from+4])
		}
	}
	return out
}

// source returns where the upright pixel (x, y) comes from in a stored image of w x h.
func source(orientation, x, y, w, h int) (sx, sy int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}
