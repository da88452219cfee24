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
)

// The reasons why an input image is refused.
var (
	ErrNotImage      = errors.New("not a PNG, JPEG, WebP or GIF image")
	ErrTooManyPixels = errors.New("image has too many pixels")
	ErrDamaged       = errors.New("image is damaged or cut off")
	ErrAnimated      = errors.New("animated WebP is not supported")
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
// reading them is a bounded work. It stops soon once ctx is done, with the error of ctx. A GIF gives its first frame.
// An orientation in EXIF or XMP is applied. format is "png", "jpeg", "webp" or "gif". The other errors are
// ErrNotImage, ErrTooManyPixels, ErrTooComplex, ErrDamaged and ErrAnimated, with details.
func Decode(ctx context.Context, data []byte, maxPixels int) (img image.Image, format string, err error) {
	format = sniff(data)
	c, ok := codecOf(format)
	if !ok {
		return nil, "", ErrNotImage
	}
	if format == "webp" && animated(data) {
		return nil, format, ErrAnimated
	}
	config, err := c.readConfig(inPieces(ctx, data))
	if err != nil {
		return nil, format, stopCause(ctx, err)
	}
	if pixels := int64(config.Width) * int64(config.Height); pixels > int64(maxPixels) {
		return nil, format, fmt.Errorf(
			"%w: %d x %d, at most %d in all", ErrTooManyPixels, config.Width, config.Height, maxPixels,
		)
	}
	if err := checkWork(data, format); err != nil {
		return nil, format, err
	}
	img, err = c.read(inPieces(ctx, data))
	if err != nil {
		return nil, format, stopCause(ctx, err)
	}
	return orient(img, readMetadata(data, format).orientation()), format, nil
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

// animated reports whether a WebP says it is an animation (a flag of its extended header).
func animated(data []byte) bool {
	return len(data) > 20 && string(data[12:16]) == "VP8X" && data[20]&2 != 0
}
