package encode

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/png"

	"golang.org/x/image/draw"
)

// MaskReading is how the file of a mask was understood.
type MaskReading int

// The readings of a mask.
const (
	MaskByBrightness MaskReading = iota // white is marked
	MaskByOpacity                       // what is opaque is marked, whatever its colour
	MaskByHoles                         // it is the init image, and what was erased from it is marked
)

// CleanMask decodes a mask and encodes it again as Clean does, white where it is marked. init is the image that it
// belongs to. A mask with transparent parts is read as A1111 reads it: marked is where alpha is above 128
// (create_binary_mask of its modules/processing.py). But if what is left of it equals the init image, somebody erased
// parts of that image to mark them. Errors are those of Decode.
func CleanMask(ctx context.Context, data []byte, init CleanImage, maxPixels int) (CleanImage, MaskReading, error) {
	img, _, err := Decode(ctx, data, maxPixels)
	if err != nil {
		return CleanImage{}, MaskByBrightness, err
	}
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		clean, err := encodeClean(flatten(img))
		return clean, MaskByBrightness, err
	}
	mask, reading := toNRGBA(img), MaskByOpacity
	marked := func(alpha uint8) bool { return alpha > 128 }
	if erased, err := isErased(mask, init); err != nil {
		return CleanImage{}, reading, err
	} else if erased {
		reading, marked = MaskByHoles, func(alpha uint8) bool { return alpha < 255 }
	}
	out := image.NewGray(mask.Rect)
	for i := range out.Pix {
		if marked(mask.Pix[4*i+3]) {
			out.Pix[i] = 255
		}
	}
	clean, err := encodeClean(out)
	return clean, reading, err
}

// toNRGBA copies an image, without multiplying colours by alpha.
func toNRGBA(img image.Image) *image.NRGBA {
	b := img.Bounds()
	if n, ok := img.(*image.NRGBA); ok && b.Min == (image.Point{}) && n.Stride == 4*b.Dx() {
		return n
	}
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := color.NRGBAModel.Convert(img.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA)
			copy(out.Pix[out.PixOffset(x, y):], []uint8{c.R, c.G, c.B, c.A})
		}
	}
	return out
}

// sameLevels is how many levels of 255 an image may differ on average from what a lossy format makes of it.
const sameLevels = 4

// isErased tells whether the opaque part of a mask equals the init image. Strokes of one colour on an image of
// several are a brush's, even where the image has that colour too.
func isErased(mask *image.NRGBA, init CleanImage) (bool, error) {
	if mask = inSizeOf(init, mask); mask == nil {
		return false, nil
	}
	img, err := png.Decode(bytes.NewReader(init.PNG)) // written by this package
	if err != nil {
		return false, err
	}
	from, opaque, apart := toNRGBA(img), 0, 0
	var strokes, colours palette
	for i := 0; i < len(mask.Pix); i += 4 {
		a, b := mask.Pix[i:i+3], from.Pix[i:i+3]
		colours.add(b)
		if mask.Pix[i+3] < 255 {
			continue
		}
		opaque++
		strokes.add(a)
		for c := range 3 {
			apart += max(int(a[c])-int(b[c]), int(b[c])-int(a[c]))
		}
	}
	if opaque == 0 || strokes.single() && !colours.single() {
		return false, nil
	}
	return apart <= 3*sameLevels*opaque, nil
}

// inSizeOf brings a mask to the size of an init image, if Clean would have made that size of it: a large init image was
// scaled down, and who erases parts of it has the large one. It is nil where the two do not belong together.
func inSizeOf(init CleanImage, mask *image.NRGBA) *image.NRGBA {
	size := mask.Rect.Size()
	if size == image.Pt(init.Width, init.Height) {
		return mask
	}
	if shrunkSize(size, max(init.Width, init.Height)) != image.Pt(init.Width, init.Height) {
		return nil
	}
	whole := image.NewRGBA(mask.Rect)
	draw.Draw(whole, whole.Rect, mask, image.Point{}, draw.Src)
	return toNRGBA(shrink(whole, max(init.Width, init.Height)))
}

// palette tells whether pixels have one colour.
type palette struct {
	first   []uint8
	several bool
}

func (p *palette) add(rgb []uint8) {
	if p.first == nil {
		p.first = rgb
	}
	p.several = p.several || !bytes.Equal(p.first, rgb)
}

func (p *palette) single() bool { return !p.several }
