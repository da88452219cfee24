package encode

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"

	"golang.org/x/image/draw"

	"darkroom/render/encode/vp8l"
)

// ErrTooLarge means that an image does not fit in the limit, however small it is made.
var ErrTooLarge = errors.New("image does not fit in the limit")

// File is an image as a file, in the best form that fits.
type File struct {
	Data          []byte
	Ext           string // "png", "webp" (lossless) or "jpg"
	Quality       int    // of a JPEG
	Width, Height int    // pixels: fewer than the image has, where no other form fits
	PNG           int64  // bytes that it has or would have, about, as a PNG; 0 if that is not known
}

const (
	// worthWebP is by how much a PNG may be over the limit for a lossless WebP to be tried. It never was smaller than 0.8
	// of the PNG, except for images of few colours, whose PNG is small.
	worthWebP = 1.6
	// hopeless is by how much a guess at the size of a PNG must be over the limit for none to be made: that takes ten
	// seconds and more for an image of 16 megapixels.
	hopeless = 2
	// leastSide is how small an image may be made, in pixels.
	leastSide = 64
	// smallQuality is the quality of an image that was made smaller.
	smallQuality = 70
)

// qualities are the JPEG qualities that Fit may choose, the best first.
func qualities() []int { return []int{95, 92, 88, 84, 78, 70, 60, 50, 40} }

// Fit encodes an image together with its parameters text in at most limit bytes: as a PNG if that fits, else as a
// lossless WebP, else as the best JPEG that does, else made smaller. No limit is 0. The error is ErrTooLarge if nothing
// fits.
func Fit(img image.Image, parameters string, limit int64) (File, error) {
	if png, err := guessPNG(img); err != nil {
		return File{}, err
	} else if limit > 0 && png > hopeless*limit {
		return fitBelowPNG(img, parameters, limit, png)
	}
	data, err := PNG(img, parameters)
	if err != nil {
		return File{}, err
	}
	f := File{Data: data, Ext: "png", Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), PNG: int64(len(data))}
	if limit <= 0 || f.PNG <= limit {
		return f, nil
	}
	return fitBelowPNG(img, parameters, limit, f.PNG)
}

const (
	guessBand  = 64 // lines
	guessEvery = 8  // one band of so many is encoded
)

// guessPNG guesses how many bytes an image has as a PNG, by some bands of it; 0 for an image that is encoded fast.
func guessPNG(img image.Image) (int64, error) {
	part, ok := img.(interface {
		SubImage(r image.Rectangle) image.Image
	})
	b := img.Bounds()
	if !ok || b.Dy() < 2*guessBand*guessEvery {
		return 0, nil
	}
	bytes, lines := 0, 0
	for y := b.Min.Y; y+guessBand <= b.Max.Y; y += guessBand * guessEvery {
		data, err := PNG(part.SubImage(image.Rect(b.Min.X, y, b.Max.X, y+guessBand)), "")
		if err != nil {
			return 0, err
		}
		bytes, lines = bytes+len(data), lines+guessBand
	}
	return int64(bytes) * int64(b.Dy()) / int64(lines), nil
}

// Refit brings a file that Fit wrote into a form of at most limit bytes, with its text. Errors are ErrTooLarge, and
// those of Decode for a file that is none of Fit's.
func Refit(file []byte, limit int64) (File, error) {
	format := sniff(file)
	c, ok := codecOf(format)
	if !ok {
		return File{}, notImage(file)
	}
	config, err := c.readConfig(bytes.NewReader(file))
	if err != nil {
		return File{}, err
	}
	if int64(config.Width)*int64(config.Height) > maxRefit {
		return File{}, fmt.Errorf("%w: %d x %d", ErrTooManyPixels, config.Width, config.Height)
	}
	img, err := c.read(bytes.NewReader(file))
	if err != nil {
		return File{}, err
	}
	text, err := parametersText(file)
	if err != nil {
		return File{}, err
	}
	if format == "png" {
		return fitBelowPNG(img, text, limit, int64(len(file)))
	}
	return fitJPEG(img, text, limit)
}

// maxRefit bounds the pixels of an image that is encoded anew.
const maxRefit = 1 << 27

// fitBelowPNG encodes an image whose PNG is too large.
func fitBelowPNG(img image.Image, parameters string, limit, png int64) (File, error) {
	if float64(png) <= worthWebP*float64(limit) {
		data, err := WebP(img, parameters)
		if err == nil && int64(len(data)) <= limit {
			return File{Data: data, Ext: "webp", Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), PNG: png}, nil
		}
		if err != nil && !errors.Is(err, vp8l.ErrSize) {
			return File{}, err
		}
	}
	f, err := fitJPEG(img, parameters, limit)
	f.PNG = png
	return f, err
}

// fitJPEG encodes an image as the best JPEG that fits. If none does, the image is made smaller.
func fitJPEG(img image.Image, parameters string, limit int64) (File, error) {
	var best File
	all := qualities()
	for least, most := 0, len(all); least < most; { // the best one that fits is at least, or after it
		middle := (least + most) / 2
		f, err := newJPEG(img, parameters, all[middle])
		if err != nil {
			return File{}, err
		}
		if int64(len(f.Data)) <= limit {
			best, most = f, middle
		} else {
			least = middle + 1
		}
	}
	for w, h := smaller(img.Bounds().Dx()), smaller(img.Bounds().Dy()); best.Data == nil; w, h = smaller(w), smaller(h) {
		if max(w, h) < leastSide {
			return File{}, fmt.Errorf("%w: the limit is %d bytes", ErrTooLarge, limit)
		}
		small := image.NewRGBA(image.Rect(0, 0, max(w, 1), max(h, 1)))
		draw.ApproxBiLinear.Scale(small, small.Rect, img, img.Bounds(), draw.Src, nil)
		f, err := newJPEG(small, parameters, smallQuality)
		if err != nil {
			return File{}, err
		}
		if int64(len(f.Data)) <= limit {
			best = f
		}
	}
	return best, nil
}

// smaller is three quarters of a side.
func smaller(side int) int { return side * 3 / 4 }

func newJPEG(img image.Image, parameters string, quality int) (File, error) {
	data, err := asJPEG(img, parameters, quality)
	size := img.Bounds().Size()
	return File{Data: data, Ext: "jpg", Quality: quality, Width: size.X, Height: size.Y}, err
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
// in A1111. Errors are ErrNoParameters and ErrNotImage.
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

// ReadText returns the text that ReadParameters reads, as it is; "" if there is none.
func ReadText(file []byte) string {
	text, err := parametersText(file)
	if err != nil {
		return ""
	}
	return trimBlank(text)
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
