package render

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// fit cuts the middle of an image out in the shape of width × height and scales it to that size with Lanczos's
// filter, as diffusers and A1111 do through PIL. Transparent parts become white. An image of that size stays as it
// is.
func fit(img image.Image, width, height int) *image.NRGBA {
	from := centreCrop(img.Bounds(), width, height)
	flat := image.NewNRGBA(image.Rect(0, 0, from.Dx(), from.Dy()))
	draw.Draw(flat, flat.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.Draw(flat, flat.Bounds(), img, from.Min, draw.Over)
	if from.Dx() == width && from.Dy() == height {
		return flat
	}
	return encode.Resize(flat, width, height)
}

// centreCrop returns the largest rectangle of the shape width : height in the middle of b.
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

// rounding returns how a dialect turns 0…255 into a byte: diffusers rounds half to even, A1111 cuts off.
func rounding(d picture.Dialect) func(float64) float64 {
	if d == picture.A1111 {
		return math.Floor
	}
	return math.RoundToEven
}

// toImage turns pixels [1, 3, h, w] from -1 to 1 into an opaque image.
func toImage(t tensor.Tensor, round func(float64) float64) *image.NRGBA {
	h, w := t.Shape[2], t.Shape[3]
	plane := h * w
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range plane {
		for c := range 3 {
			img.Pix[4*i+c] = toByte(t.Data[c*plane+i], round)
		}
		img.Pix[4*i+3] = 255
	}
	return img
}

// toByte maps -1…1 to 0…255. What is not a number becomes black.
func toByte(v float32, round func(float64) float64) uint8 {
	x := float32(v*0.5) + 0.5
	if !(x > 0) {
		return 0
	}
	return uint8(round(float64(min(x, 1) * 255)))
}

// toTensor turns an opaque image into pixels [1, 3, h, w] from -1 to 1.
func toTensor(img *image.NRGBA) tensor.Tensor {
	b := img.Bounds()
	t := tensor.New(1, 3, b.Dy(), b.Dx())
	plane := b.Dy() * b.Dx()
	for i := range plane {
		at := img.PixOffset(b.Min.X+i%b.Dx(), b.Min.Y+i/b.Dx())
		for c := range 3 {
			t.Data[c*plane+i] = float32(float32(img.Pix[at+c])/255*2) - 1
		}
	}
	return t
}
