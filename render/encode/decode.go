package encode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"darkroom/render/encode/icc"
)

// The reasons why an input image is refused.
var (
	ErrNotImage      = errors.New("not a PNG, JPEG, WebP or GIF image")
	ErrTooManyPixels = errors.New("image has too many pixels")
	ErrDamaged       = errors.New("image is damaged or cut off")
	ErrTooComplex    = errors.New("image takes too much work to read")
)

// codec reads one format.
type codec struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// sniff returns the format by its first bytes, whatever the file is called: "png", "jpeg", "webp", "gif" or "".
func sniff(data []byte) string {
	head := string(data[:min(len(data), 12)])
	switch {
	case strings.HasPrefix(head, pngMagic):
		return "png"
	case strings.HasPrefix(head, "\xff\xd8\xff"):
		return "jpeg"
	case len(head) == 12 && strings.HasPrefix(head, "RIFF") && head[8:] == "WEBP":
		return "webp"
	case strings.HasPrefix(head, "GIF87a"), strings.HasPrefix(head, "GIF89a"):
		return "gif"
	}
	return ""
}

func codecOf(format string) (codec, bool) {
	switch format {
	case "png":
		return codec{png.DecodeConfig, png.Decode}, true
	case "jpeg":
		return codec{jpeg.DecodeConfig, decodeJPEG}, true
	case "webp":
		return codec{webp.DecodeConfig, decodeWebP}, true
	case "gif":
		return codec{gif.DecodeConfig, decodeGIF}, true
	}
	return codec{}, false
}

// Decode reads an untrusted input image: its header first, and its pixels only if there are at most maxPixels and
// reading them is a bounded work. It stops soon once ctx is done, with the error of ctx. An animation gives its first
// frame. An orientation in EXIF or XMP is applied, and colours of a profile are converted to sRGB. format is "png",
// "jpeg", "webp" or "gif". The other errors are ErrNotImage (an *OtherFormatError if the format is known),
// ErrTooManyPixels, ErrTooComplex and ErrDamaged, with details.
func Decode(ctx context.Context, data []byte, maxPixels int) (img image.Image, format string, err error) {
	format = sniff(data)
	c, ok := codecOf(format)
	if !ok {
		return nil, "", notImage(data)
	}
	file, frame := mend(data, format)
	config, err := c.readConfig(inPieces(ctx, file))
	if err != nil {
		return nil, format, stopCause(ctx, err)
	}
	size, ok := frame.canvas(image.Pt(config.Width, config.Height))
	switch {
	case !ok:
		return nil, format, fmt.Errorf("%w: its first frame does not fit", ErrDamaged)
	case int64(size.X)*int64(size.Y) > int64(maxPixels):
		return nil, format, fmt.Errorf("%w: %d x %d, at most %d in all", ErrTooManyPixels, size.X, size.Y, maxPixels)
	}
	if err := checkWork(data, format); err != nil {
		return nil, format, err
	}
	img, err = c.read(inPieces(ctx, file))
	if err != nil {
		return nil, format, stopCause(ctx, err)
	}
	meta := readMetadata(data, format)
	return orient(inSRGB(frame.place(img), meta.icc), meta.orientation()), format, nil
}

// inSRGB converts colours of a profile to sRGB.
func inSRGB(img image.Image, profile []byte) image.Image {
	p, ok := icc.Parse(profile)
	if _, isCMYK := img.(*image.CMYK); !ok || isCMYK {
		return img
	}
	out := image.NewNRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, out.Rect.Min, draw.Src)
	p.ToSRGB(out)
	return out
}

func (c codec) readConfig(r io.Reader) (config image.Config, err error) {
	defer recoverDecode(&err)
	if config, err = c.config(r); err != nil {
		return config, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if config.Width <= 0 || config.Height <= 0 {
		return config, fmt.Errorf("%w: it has no size", ErrDamaged)
	}
	return config, nil
}

func (c codec) read(r io.Reader) (img image.Image, err error) {
	defer recoverDecode(&err)
	if img, err = c.decode(r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return img, nil
}

// recoverDecode turns a decoder's panic into an error: the bytes are untrusted.
func recoverDecode(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, p)
	}
}

// decodeGIF gives the first frame on the whole canvas, and reads no further.
func decodeGIF(r io.Reader) (image.Image, error) {
	var head bytes.Buffer
	config, err := gif.DecodeConfig(io.TeeReader(r, &head))
	if err != nil {
		return nil, err
	}
	frame, err := gif.Decode(io.MultiReader(&head, r))
	if err != nil {
		return nil, err
	}
	canvas := image.Rect(0, 0, config.Width, config.Height)
	if frame.Bounds() == canvas {
		return frame, nil
	}
	out := image.NewNRGBA(canvas)
	draw.Draw(out, frame.Bounds(), frame, frame.Bounds().Min, draw.Src)
	return out, nil
}
