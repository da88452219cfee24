package encode

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
)

// ErrTooLarge means that an image does not fit in the limit at an acceptable quality.
var ErrTooLarge = errors.New("image does not fit in the limit")

// qualities are the JPEG qualities that Fit tries in turn.
func qualities() []int { return []int{95, 92, 88, 84, 78, 70, 60, 50, 40} }

// Fit encodes an image together with its parameters text in at most limit bytes: as a PNG if that fits, else as the
// best JPEG that does. No limit is 0. ext is "png" or "jpg". The error is ErrTooLarge if nothing fits.
func Fit(img image.Image, parameters string, limit int64) (data []byte, ext string, err error) {
	if data, err = PNG(img, parameters); err != nil {
		return nil, "", err
	}
	if limit <= 0 || int64(len(data)) <= limit {
		return data, "png", nil
	}
	for _, q := range qualities() {
		if data, err = asJPEG(img, parameters, q); err != nil {
			return nil, "", err
		}
		if int64(len(data)) <= limit {
			return data, "jpg", nil
		}
	}
	return nil, "", fmt.Errorf("%w: %d bytes as a JPEG, the limit is %d", ErrTooLarge, len(data), limit)
}

// PNG encodes an image with its parameters text. An empty text is left out.
func PNG(img image.Image, parameters string) ([]byte, error) {
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	if parameters == "" {
		return b.Bytes(), nil
	}
	return addPNGText(b.Bytes(), parameters), nil
}

// asJPEG encodes an image with its parameters text as the EXIF user comment.
func asJPEG(img image.Image, parameters string, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	if parameters == "" {
		return b.Bytes(), nil
	}
	data, err := addJPEGExif(b.Bytes(), userComment(parameters))
	if err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return data, nil
}

// ErrNoParameters means that an image has no parameters text.
var ErrNoParameters = errors.New("image holds no parameters")

// ReadParameters reads the parameters text in a PNG, JPEG or WebP file. An EXIF user comment overrides a PNG's text, as
// in A1111. Errors are ErrNoParameters and ErrNotImage. The program itself reads no text back: tests do, to hold that
// it says everything that decides an image, as A1111's own reader would find it.
func ReadParameters(file []byte) (Parameters, error) {
	text, err := parametersText(file)
	if err != nil {
		return Parameters{}, err
	}
	if trimBlank(text) == "" {
		return Parameters{}, ErrNoParameters
	}
	return ParseParameters(text), nil
}

func parametersText(file []byte) (string, error) {
	format := sniff(file)
	if format == "" {
		return "", ErrNotImage
	}
	m := readMetadata(file, format)
	if comment := readExif(m.exif).comment; trimBlank(comment) != "" {
		return comment, nil
	}
	return m.text, nil
}
