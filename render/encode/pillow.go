package encode

import (
	"image"
	"math"
)

// Filter is a filter of Pillow's resize: how much a pixel counts by its distance, of at most Support.
type Filter struct {
	Support float64
	At      func(distance float64) float64
}

// Bilinear is Pillow's BILINEAR, a triangle.
func Bilinear() Filter {
	return Filter{1, func(t float64) float64 { return max(0, 1-math.Abs(t)) }}
}

// Bicubic is Pillow's BICUBIC: Keys' cubic with a = -0.5.
func Bicubic() Filter {
	const a = -0.5
	return Filter{2, func(t float64) float64 {
		switch t = math.Abs(t); {
		case t < 1:
			return ((a+2)*t-(a+3))*t*t + 1
		case t < 2:
			return (((t-5)*t+8)*t - 4) * a
		}
		return 0
	}}
}

// ResizeAsPillow scales an opaque image with the very numbers of Pillow's resize (libImaging/Resample.c), for networks
// that were trained on its images: weights of 22 bits, first across and then down, with bytes in between. A filter
// widens where the image becomes smaller.
func ResizeAsPillow(img image.Image, width, height int, f Filter) *image.NRGBA {
	from := toNRGBA(img)
	if size := from.Rect.Size(); size.X != width {
		from = resample(from, width, f)
	}
	if from.Rect.Dy() != height {
		from = transposed(resample(transposed(from), height, f))
	}
	return from
}

// transposed swaps rows and columns.
func transposed(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dy(), img.Rect.Dx()))
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			copy(out.Pix[x*out.Stride+4*y:], img.Pix[y*img.Stride+4*x:][:4])
		}
	}
	return out
}

// taps are the pixels of a line that one pixel of the result is made of, and their weights in fixed point.
type taps struct {
	first   int
	weights []int32
}

// weightBits is the precision of a weight: a byte times a sum of weights, with its sign, fits into 32 bits.
const weightBits = 32 - 8 - 2

// tapsOf computes the weights for all pixels of a line.
func tapsOf(from, to int, f Filter) []taps {
	scale := float64(from) / float64(to)
	wide := max(scale, 1)
	support := f.Support * wide
	all := make([]taps, to)
	for i := range all {
		centre := (float64(i) + 0.5) * scale
		first, end := max(int(centre-support+0.5), 0), min(int(centre+support+0.5), from)
		weights, sum := make([]float64, end-first), 0.0
		for j := range weights {
			weights[j] = f.At((float64(j+first) - centre + 0.5) / wide)
			sum += weights[j]
		}
		all[i] = taps{first, make([]int32, len(weights))}
		for j, w := range weights {
			all[i].weights[j] = int32(math.Round(w / sum * (1 << weightBits)))
		}
	}
	return all
}

// resample gives an image another width.
func resample(img *image.NRGBA, width int, f Filter) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, width, img.Rect.Dy()))
	columns := tapsOf(img.Rect.Dx(), width, f)
	for y := range img.Rect.Dy() {
		line, into := img.Pix[y*img.Stride:], out.Pix[y*out.Stride:]
		for x, t := range columns {
			var sum [3]int32
			for j, w := range t.weights {
				for c := range sum {
					sum[c] += w * int32(line[4*(t.first+j)+c])
				}
			}
			for c, v := range sum {
				into[4*x+c] = clip8(int(v+1<<(weightBits-1)) >> weightBits)
			}
			into[4*x+3] = 255
		}
	}
	return out
}
