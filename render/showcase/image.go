package showcase

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"

	"golang.org/x/image/draw"
)

const (
	// MaxImages is how many images a model has at most.
	MaxImages = 4
	// MaxSide is the longer side of an image at most, in pixels.
	MaxSide = 256
	// maxBytes is how large one image may be: four have 60 KiB together.
	maxBytes = 15 << 10
)

// Image is a small image of what a model can render.
type Image struct {
	Prompt string `json:"prompt"`
	JPEG   []byte `json:"jpeg"`
}

// ErrUnreadable means that a text holds no images.
var ErrUnreadable = errors.New("no showcase")

// Encode writes the images of a model.
func Encode(images []Image) string {
	text, err := json.Marshal(images)
	if err != nil {
		panic("internal error: images must always encode: " + err.Error())
	}
	return string(text)
}

// Decode reads what Encode wrote. It takes nothing that is larger or more than this package makes.
func Decode(text string) ([]Image, error) {
	var all []Image
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if len(all) > MaxImages {
		return nil, fmt.Errorf("%w: %d images", ErrUnreadable, len(all))
	}
	for _, i := range all {
		c, err := jpeg.DecodeConfig(bytes.NewReader(i.JPEG))
		if err != nil || max(c.Width, c.Height) > MaxSide || len(i.JPEG) > maxBytes || i.Prompt == "" {
			return nil, fmt.Errorf("%w: an image of %d bytes, %d×%d", ErrUnreadable, len(i.JPEG), c.Width, c.Height)
		}
	}
	return all, nil
}

// shrink makes a small image of what was rendered.
func shrink(prompt string, img image.Image) (Image, error) {
	b := img.Bounds()
	if side := max(b.Dx(), b.Dy()); side > MaxSide {
		small := image.Rect(0, 0, max(1, b.Dx()*MaxSide/side), max(1, b.Dy()*MaxSide/side))
		to := image.NewRGBA(small)
		draw.CatmullRom.Scale(to, small, img, b, draw.Src, nil)
		img = to
	}
	for quality := 88; quality >= 8; quality -= 8 {
		var out bytes.Buffer
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality}); err != nil {
			return Image{}, fmt.Errorf("encode an example image: %w", err)
		}
		if out.Len() <= maxBytes {
			return Image{Prompt: prompt, JPEG: out.Bytes()}, nil
		}
	}
	return Image{}, fmt.Errorf("encode an example image: it has more than %d bytes", maxBytes)
}
