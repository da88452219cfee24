package encode

import (
	"image"
	"image/jpeg"
	"io"
)

// decodeJPEG decodes a JPEG as libjpeg does, and so Pillow: colours that were stored with fewer pixels are smoothed,
// where Go's library repeats them.
func decodeJPEG(r io.Reader) (image.Image, error) {
	img, err := jpeg.Decode(r)
	if err != nil {
		return nil, err
	}
	if ycc, ok := img.(*image.YCbCr); ok {
		return fromJFIF(ycc), nil
	}
	return img, nil
}

// fromJFIF turns an image to RGB in libjpeg's whole numbers.
func fromJFIF(img *image.YCbCr) *image.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	blue, red := chromaOf(img, img.Cb), chromaOf(img, img.Cr)
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	cb, cr := make([]uint8, blue.lineLength()), make([]uint8, blue.lineLength())
	for y := range h {
		blue.line(cb, y)
		red.line(cr, y)
		luma, row := img.Y[y*img.YStride:], out.Pix[y*out.Stride:]
		for x := range w {
			row[4*x], row[4*x+1], row[4*x+2] = jfifToRGB(luma[x], cb[x], cr[x])
			row[4*x+3] = 255
		}
	}
	return out
}

// jfifToRGB converts one pixel as libjpeg's jdcolor.c does, in fixed point of 16 bits.
func jfifToRGB(y, cb, cr uint8) (r, g, b uint8) {
	const half = 1 << 15
	l, u, v := int(y), int(cb)-128, int(cr)-128
	return clip8(l + (91881*v+half)>>16), clip8(l + (-22554*u-46802*v+half)>>16), clip8(l + (116130*u+half)>>16)
}

func clip8(v int) uint8 { return uint8(max(0, min(v, 255))) }

// chroma is a plane of colour that has fewer pixels than the image.
type chroma struct {
	pix           []uint8
	stride        int
	width, height int // of what the image needs; the plane is filled up to whole blocks
	h, v          int // pixels of the image for each of the plane, across and down
}

func chromaOf(img *image.YCbCr, plane []uint8) chroma {
	h, v := 1, 1
	switch img.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		h = 2
	case image.YCbCrSubsampleRatio420:
		h, v = 2, 2
	case image.YCbCrSubsampleRatio440:
		v = 2
	case image.YCbCrSubsampleRatio411:
		h = 4
	case image.YCbCrSubsampleRatio410:
		h, v = 4, 2
	}
	return chroma{plane, img.CStride, (img.Rect.Dx() + h - 1) / h, (img.Rect.Dy() + v - 1) / v, h, v}
}

func (c chroma) lineLength() int { return c.width * c.h }

// row is one row of the plane; the first and the last go on beyond its edges.
func (c chroma) row(y int) []uint8 {
	y = max(0, min(y, c.height-1))
	return c.pix[y*c.stride : y*c.stride+c.width]
}

// line computes the values of the image's line y: libjpeg's "fancy upsampling" (jdsample.c), a triangle filter whose
// halves are rounded up and down in turn. Other ratios, and planes of two pixels across, are repeated.
func (c chroma) line(out []uint8, y int) {
	near := c.row(y / c.v)
	far := c.row(y/c.v - 1 + y%c.v*2) // of two lines of a row, the first lies nearer to the row above
	switch {
	case c.h == 2 && c.v == 1 && c.width > 2:
		widen(out, c.width, func(x int) int { return int(near[x]) }, 2, 1, 2)
	case c.h == 2 && c.v == 2 && c.width > 2:
		widen(out, c.width, func(x int) int { return 3*int(near[x]) + int(far[x]) }, 4, 8, 7)
	case c.h == 1 && c.v == 2:
		for x := range out {
			out[x] = uint8((3*int(near[x]) + int(far[x]) + 1 + y%2) >> 2)
		}
	default:
		for x := range out {
			out[x] = near[x/c.h]
		}
	}
}

// widen doubles a line: each value becomes two, a quarter of which is the neighbour's. The sums are divided by
// 2^shift, after left and right were added to those of the left and of the right halves.
func widen(out []uint8, width int, value func(x int) int, shift, left, right int) {
	before, here := value(0), value(0)
	for x := range width {
		after := here
		if x+1 < width {
			after = value(x + 1)
		}
		out[2*x], out[2*x+1] = uint8((3*here+before+left)>>shift), uint8((3*here+after+right)>>shift)
		before, here = here, after
	}
}
