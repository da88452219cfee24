package vision

import (
	"errors"
	"fmt"
	"image"
	"math"

	"darkroom/render/encode"
	"darkroom/render/tensor"
)

// Preprocessor says how pixels become what a network reads. Its JSON is canonical: it stands in hashes.
type Preprocessor struct {
	// Shortest is what the shorter side is scaled to; 0 scales to Size whatever the image's shape.
	Shortest int    `json:"shortest,omitempty"`
	Size     [2]int `json:"size"`   // width and height of the result; where Shortest is set, the middle is cut out
	Filter   string `json:"filter"` // of the scaling: Bicubic, Bilinear or Lanczos, as Pillow has them
	// Rescale is what bytes are multiplied by before Mean is taken off and the rest is divided by Std, by channel.
	Rescale float64    `json:"rescale"`
	Mean    [3]float64 `json:"mean"`
	Std     [3]float64 `json:"std"`
}

// The filters.
const (
	Bicubic  = "bicubic"
	Bilinear = "bilinear"
	Lanczos  = "lanczos"
)

// CLIP is what OpenAI's CLIP was trained with, for a network that reads squares of side pixels. The numbers are
// OPENAI_CLIP_MEAN and OPENAI_CLIP_STD of transformers' image_utils.py.
func CLIP(side int) Preprocessor {
	return Preprocessor{
		Shortest: side, Size: [2]int{side, side}, Filter: Bicubic, Rescale: 1.0 / 255,
		Mean: [3]float64{0.48145466, 0.4578275, 0.40821073}, Std: [3]float64{0.26862954, 0.26130258, 0.27577711},
	}
}

// The bounds of images: no CLIP reads larger ones, and a longer one would be scaled to more pixels than fit in memory.
const (
	maxSide   = 2048
	maxAspect = 100
)

// Check says what is wrong with the settings.
func (p Preprocessor) Check() error {
	for _, side := range p.Size {
		if side < 1 || side > maxSide {
			return fmt.Errorf("images of %d×%d pixels, want sides of 1 to %d", p.Size[0], p.Size[1], maxSide)
		}
	}
	if p.Shortest < 0 || p.Shortest > maxSide {
		return fmt.Errorf("a shorter side of %d pixels, want 1 to %d", p.Shortest, maxSide)
	}
	if _, ok := filters()[p.Filter]; !ok {
		return fmt.Errorf("filter %q, want %s, %s or %s", p.Filter, Bicubic, Bilinear, Lanczos)
	}
	if !isPositive(p.Rescale) {
		return fmt.Errorf("rescale_factor %v, want a positive number", p.Rescale)
	}
	for c := range 3 {
		if !isPositive(p.Std[c]) || math.IsNaN(p.Mean[c]) || math.IsInf(p.Mean[c], 0) {
			return fmt.Errorf("image_mean %v and image_std %v, want finite and positive numbers", p.Mean, p.Std)
		}
	}
	return nil
}

func isPositive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// Pixels returns what the network reads of an image: [1, 3, height, width]. A transparent image is laid on white.
func (p Preprocessor) Pixels(img image.Image) (tensor.Tensor, error) {
	if err := p.Check(); err != nil {
		return tensor.Tensor{}, err
	}
	at := img.Bounds().Size()
	if at.X < 1 || at.Y < 1 {
		return tensor.Tensor{}, errors.New("an empty image")
	}
	if short := min(at.X, at.Y); max(at.X, at.Y) > maxAspect*short {
		return tensor.Tensor{}, fmt.Errorf(
			"an image of %d×%d pixels: at most %d times as long as wide", at.X, at.Y, maxAspect)
	}
	to := p.scaledSize(at)
	scaled := encode.ResizeAsPillow(onWhite(img), to.X, to.Y, filters()[p.Filter])
	return p.normalize(scaled), nil
}

// scaledSize is the size before the middle is cut out: get_resize_output_image_size of transformers, which rounds down.
func (p Preprocessor) scaledSize(from image.Point) image.Point {
	switch {
	case p.Shortest == 0:
		return image.Pt(p.Size[0], p.Size[1])
	case from.X <= from.Y:
		return image.Pt(p.Shortest, p.Shortest*from.Y/from.X)
	}
	return image.Pt(p.Shortest*from.X/from.Y, p.Shortest)
}

// normalize cuts the middle out and turns bytes into numbers. What lies outside the image is black, and there is one
// row or column more of it before the image than after it where their number is odd: center_crop of transformers.
func (p Preprocessor) normalize(img *image.NRGBA) tensor.Tensor {
	width, height := p.Size[0], p.Size[1]
	left, top := floorHalf(img.Rect.Dx()-width), floorHalf(img.Rect.Dy()-height)
	levels := p.levels()
	out := tensor.New(1, 3, height, width)
	for i := range width * height {
		at, black := image.Pt(left+i%width, top+i/width), [3]byte{}
		pixel := black[:]
		if at.In(img.Rect) {
			pixel = img.Pix[img.PixOffset(at.X, at.Y):][:3]
		}
		for c, level := range pixel {
			out.Data[c*width*height+i] = levels[c][level]
		}
	}
	return out
}

// floorHalf halves a number and rounds down, below zero too.
func floorHalf(n int) int { return n >> 1 }

// levels is what each byte of each channel becomes.
func (p Preprocessor) levels() (of [3][256]float32) {
	for c := range of {
		for level := range of[c] {
			of[c][level] = float32((float64(level)*p.Rescale - p.Mean[c]) / p.Std[c])
		}
	}
	return of
}

func filters() map[string]encode.Filter {
	return map[string]encode.Filter{Bicubic: encode.Bicubic(), Bilinear: encode.Bilinear(), Lanczos: lanczos()}
}

// lanczos is Pillow's LANCZOS, of three lobes.
func lanczos() encode.Filter {
	const lobes = 3
	sinc := func(t float64) float64 {
		if t == 0 {
			return 1
		}
		return math.Sin(math.Pi*t) / (math.Pi * t)
	}
	return encode.Filter{Support: lobes, At: func(t float64) float64 {
		if math.Abs(t) >= lobes {
			return 0
		}
		return sinc(t) * sinc(t/lobes)
	}}
}
