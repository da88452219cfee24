package encode

import (
	"encoding/binary"
	"fmt"
	"image"
	"io"

	"golang.org/x/image/webp"

	"darkroom/render/encode/vp8l"
)

// The flags of the header of a WebP that holds more than pixels. Source: the WebP container specification, "VP8X".
const (
	webpExif  = 0x08
	webpAlpha = 0x10
)

// WebP encodes an image as a lossless WebP with its parameters text as the EXIF user comment. An empty text is left
// out. The error is vp8l.ErrSize for an image that is larger than the format allows.
func WebP(img image.Image, parameters string) ([]byte, error) {
	pixels, transparent, err := vp8l.Encode(img)
	if err != nil {
		return nil, fmt.Errorf("encode WebP: %w", err)
	}
	out := append(make([]byte, 0, len(pixels)+2*len(parameters)+256), "RIFF\x00\x00\x00\x00WEBP"...)
	if parameters != "" {
		head := make([]byte, 10)
		head[0] = webpExif
		if transparent {
			head[0] |= webpAlpha
		}
		size := img.Bounds().Size()
		putUint24(head[4:], size.X-1)
		putUint24(head[7:], size.Y-1)
		out = appendRIFF(out, "VP8X", head)
	}
	out = appendRIFF(out, "VP8L", pixels)
	if parameters != "" {
		out = appendRIFF(out, "EXIF", userComment(parameters))
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out, nil
}

func putUint24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

// appendRIFF appends a chunk, filled up to an even length.
func appendRIFF(out []byte, name string, content []byte) []byte {
	out = append(out, name...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(content)))
	out = append(out, content...)
	if len(content)%2 == 1 {
		out = append(out, 0)
	}
	return out
}

// decodeWebP decodes a WebP as libwebp does, and so Pillow. The colours of a lossy one are those of video, where black
// is 16 and white is 235. Go's library hands them out as if they were those of a JPEG.
func decodeWebP(r io.Reader) (image.Image, error) {
	img, err := webp.Decode(r)
	if err != nil {
		return nil, err
	}
	switch lossy := img.(type) {
	case *image.YCbCr:
		return fromVP8(lossy), nil
	case *image.NYCbCrA:
		out := fromVP8(&lossy.YCbCr)
		for i := range out.Rect.Dx() * out.Rect.Dy() {
			out.Pix[4*i+3] = lossy.A[i/out.Rect.Dx()*lossy.AStride+i%out.Rect.Dx()]
		}
		return out, nil
	}
	return img, nil
}

// fromVP8 turns an opaque image to RGB in libwebp's whole numbers.
func fromVP8(img *image.YCbCr) *image.NRGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	blue, red := chromaOf(img, img.Cb), chromaOf(img, img.Cr)
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	u, v := make([]uint8, w), make([]uint8, w)
	for y := range h {
		blue.videoLine(u, y)
		red.videoLine(v, y)
		luma, row := img.Y[y*img.YStride:], out.Pix[y*out.Stride:]
		for x := range w {
			row[4*x], row[4*x+1], row[4*x+2] = videoToRGB(luma[x], u[x], v[x])
			row[4*x+3] = 255
		}
	}
	return out
}

// videoToRGB converts one pixel as libwebp's dsp/yuv.h does, in fixed point of 6 bits.
func videoToRGB(y, u, v uint8) (r, g, b uint8) {
	by := func(value uint8, factor int) int { return int(value) * factor >> 8 }
	l := by(y, 19077)
	return clip8((l + by(v, 26149) - 14234) >> 6),
		clip8((l - by(u, 6419) - by(v, 13320) + 8708) >> 6),
		clip8((l + by(u, 33050) - 17685) >> 6)
}

// videoLine computes the values of the image's line y by libwebp's "fancy upsampling" (dsp/upsampling.c): of the four
// nearest values of the plane, the weights are 9, 3, 3 and 1, rounded in two steps.
func (c chroma) videoLine(out []uint8, y int) {
	near := c.row(y / 2)
	far := c.row(y/2 - 1 + y%2*2)
	for x := range out {
		at := x / 2
		beside := at - 1 + x%2*2
		n, f := int(near[at]), int(far[at])
		if beside < 0 || beside == c.width {
			out[x] = uint8((3*n + f + 2) >> 2)
			continue
		}
		nearBeside, farBeside := int(near[beside]), int(far[beside])
		diagonal := (n + 3*nearBeside + 3*f + farBeside + 8) >> 3
		out[x] = uint8((diagonal + n) >> 1)
	}
}
