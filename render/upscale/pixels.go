package upscale

import (
	"image"
	"math"

	"darkroom/render/tensor"
)

// toTensor turns a part of an image into RGB from 0 to 1. Beyond the image's end its pixels are mirrored.
func toTensor(img *image.NRGBA, part image.Rectangle) tensor.Tensor {
	width, height := part.Dx(), part.Dy()
	out := tensor.New(1, 3, height, width)
	for i := range width * height {
		x, y := part.Min.X+i%width, part.Min.Y+i/width
		at := img.PixOffset(img.Rect.Min.X+mirror(x, img.Rect.Dx()), img.Rect.Min.Y+mirror(y, img.Rect.Dy()))
		for c := range 3 {
			out.Data[c*width*height+i] = float32(img.Pix[at+c]) / 255
		}
	}
	return out
}

// mirror folds a place beyond the end of a length back into it.
func mirror(at, length int) int {
	for at >= length || at < 0 {
		if at < 0 {
			at = -1 - at
		} else {
			at = 2*length - 1 - at
		}
	}
	return at
}

// writeRows writes the mean of the first rows into an opaque image, whose row top is the first. What lies beyond the
// image is left out.
func (b blend) writeRows(out *image.NRGBA, top, rows int) {
	height, width := b.total.Shape[2], b.total.Shape[3]
	for y := range min(rows, height, out.Rect.Dy()-top) {
		for x := range out.Rect.Dx() {
			at, to := y*width+x, out.PixOffset(x, top+y)
			for c := range 3 {
				if v := float64(b.total.Data[c*height*width+at] / b.weight[at]); v > 0 {
					out.Pix[to+c] = uint8(math.RoundToEven(255 * min(v, 1)))
				}
			}
			out.Pix[to+3] = 255
		}
	}
}
