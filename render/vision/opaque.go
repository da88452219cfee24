package vision

import (
	"image"
	"image/color"
	"image/draw"
)

// onWhite returns an image in bytes without transparency, with its corner at 0, 0. A transparent pixel is laid on white
// with the numbers of Pillow's alpha_composite, as transformers' convert_to_rgb does. Of 16 bits the upper 8 count: so
// does Pillow with colours. With 16-bit grey it does not, but makes all above 255 white, which nobody wants; there this
// is better than the reference.
func onWhite(img image.Image) *image.NRGBA {
	b := img.Bounds()
	if o, ok := img.(interface{ Opaque() bool }); ok && o.Opaque() {
		out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(out, out.Rect, img, b.Min, draw.Src)
		return &image.NRGBA{Pix: out.Pix, Stride: out.Stride, Rect: out.Rect} // the same bytes where all is opaque
	}
	out := image.NewNRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := straight(img.At(b.Min.X+x, b.Min.Y+y))
			to := out.Pix[out.PixOffset(x, y):][:4]
			to[0], to[1], to[2], to[3] = laid(c.R, c.A), laid(c.G, c.A), laid(c.B, c.A), 255
		}
	}
	return out
}

// straight returns a colour's upper bytes, not multiplied by its opacity.
func straight(c color.Color) color.NRGBA {
	switch c := c.(type) {
	case color.NRGBA:
		return c
	case color.NRGBA64:
		return color.NRGBA{R: uint8(c.R >> 8), G: uint8(c.G >> 8), B: uint8(c.B >> 8), A: uint8(c.A >> 8)}
	}
	return color.NRGBAModel.Convert(c).(color.NRGBA)
}

// laid is a channel laid on white: ImagingAlphaComposite of Pillow's AlphaComposite.c, where what lies below is opaque
// and white.
func laid(level, alpha uint8) uint8 {
	const bits = 7
	v := (uint32(level)*uint32(alpha) + 255*(255-uint32(alpha))) << bits
	v += 0x80 << bits
	return uint8((v>>8 + v) >> 8 >> bits)
}
