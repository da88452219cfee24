package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	scale "golang.org/x/image/draw"
)

// Fit cuts the middle of a picture out in the shape of width × height and scales it to that size with Lanczos's
// filter, as diffusers and A1111 do through PIL. Transparent parts become white. A picture of that size stays as it is.
func Fit(img image.Image, width, height int) *image.NRGBA {
	from := centreCrop(img.Bounds(), width, height)
	flat := image.NewNRGBA(image.Rect(0, 0, from.Dx(), from.Dy()))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, from.Min, draw.Over)
	if from.Dx() == width && from.Dy() == height {
		return flat
	}
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	lanczos := scale.Kernel{Support: 3, At: func(t float64) float64 { return sinc(t) * sinc(t/3) }}
	lanczos.Scale(out, out.Bounds(), flat, flat.Bounds(), draw.Src, nil)
	return out
}

// middle returns the largest rectangle of the shape width : height in the middle of b.
func centreCrop(b image.Rectangle, width, height int) image.Rectangle {
	w, h := b.Dx(), b.Dy()
	if w*height > h*width {
		w = max(int(math.Round(float64(h)*float64(width)/float64(height))), 1)
	} else {
		h = max(int(math.Round(float64(w)*float64(height)/float64(width))), 1)
	}
	corner := b.Min.Add(image.Pt((b.Dx()-w)/2, (b.Dy()-h)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(w, h))}
}

func sinc(t float64) float64 {
	if t == 0 {
		return 1
	}
	return math.Sin(math.Pi*t) / (math.Pi * t)
}
