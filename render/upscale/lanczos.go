package upscale

import (
	"image"
	"math"

	"golang.org/x/image/draw"
)

// Lanczos scales an opaque image to a size with Lanczos's filter of three lobes, as diffusers and A1111 do through PIL.
func Lanczos(img image.Image, size image.Point) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: size})
	kernel := draw.Kernel{Support: 3, At: func(t float64) float64 { return sinc(t) * sinc(t/3) }}
	kernel.Scale(out, out.Rect, img, img.Bounds(), draw.Src, nil)
	return out
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}
