package encode

import (
	"bytes"
	"image"
	"image/png"

	"darkroom/render/upscale"
)

// Resize scales an opaque image to a size with Lanczos's filter.
func Resize(img image.Image, width, height int) *image.NRGBA {
	return upscale.Lanczos(img, image.Pt(width, height))
}

// Stretch gives a clean image another size, whatever its shape: A1111's "Just resize".
func (c CleanImage) Stretch(width, height int) (CleanImage, error) {
	return c.reshape(width, height, Resize)
}

// Fill scales a clean image so that all of it is within a size, and repeats its edges in the free bands: A1111's
// "Resize and fill" (resize_image of its modules/images.py).
func (c CleanImage) Fill(width, height int) (CleanImage, error) {
	return c.reshape(width, height, func(img image.Image, width, height int) *image.NRGBA {
		w, h := width, height
		if from := img.Bounds().Size(); width*from.Y < from.X*height {
			h = max(1, from.Y*width/from.X)
		} else {
			w = max(1, from.X*height/from.Y)
		}
		inside, out := Resize(img, w, h), image.NewNRGBA(image.Rect(0, 0, width, height))
		left, top := width/2-w/2, height/2-h/2
		for y := range height {
			for x := range width {
				near := inside.PixOffset(max(0, min(x-left, w-1)), max(0, min(y-top, h-1)))
				copy(out.Pix[out.PixOffset(x, y):], inside.Pix[near:near+4])
			}
		}
		return out
	})
}

func (c CleanImage) reshape(
	width, height int, resize func(img image.Image, width, height int) *image.NRGBA,
) (CleanImage, error) {
	if c.Width == width && c.Height == height {
		return c, nil
	}
	img, err := png.Decode(bytes.NewReader(c.PNG)) // written by this package
	if err != nil {
		return CleanImage{}, err
	}
	return encodeClean(resize(img, width, height))
}
