package safety

import (
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"darkroom/render/encode"
	"darkroom/render/tensor"
)

// preprocessor is transformers' CLIPImageProcessor: the shorter side of an image becomes as many pixels as the network
// reads, and the middle square counts.
type preprocessor struct {
	shortest  int // pixels of the shorter side, before the middle is cut out
	side      int // of the result
	filter    encode.Filter
	mean, std [3]float32 // by channel: red, green, blue, from 0 to 1
}

// clipPreprocessor has the means and deviations of CLIP's training images (OPENAI_CLIP_MEAN and OPENAI_CLIP_STD of
// transformers).
func clipPreprocessor(side int) preprocessor {
	return preprocessor{
		shortest: side, side: side, filter: encode.Bicubic(),
		mean: [3]float32{0.48145466, 0.4578275, 0.40821073}, std: [3]float32{0.26862954, 0.26130258, 0.27577711},
	}
}

// preprocessorFiles are where a preprocessor's settings may lie, seen from the folder of the checker: in it, or as
// diffusers has it, beside it.
func preprocessorFiles(dir string) []string {
	const name = "preprocessor_config.json"
	return []string{filepath.Join(dir, name), filepath.Join(filepath.Dir(dir), "feature_extractor", name)}
}

// readPreprocessor reads the settings of the preprocessor, or takes CLIP's where there are none, for a network that
// reads squares of side pixels.
func readPreprocessor(dir string, side int) (preprocessor, error) {
	p := clipPreprocessor(side)
	for _, path := range preprocessorFiles(dir) {
		err := p.read(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = p.check()
		}
		if err != nil {
			return p, fmt.Errorf("%s: %w", path, err)
		}
		return p, nil
	}
	return p, nil
}

// The filters of Pillow, by their number.
const (
	pillowBilinear = 2
	pillowBicubic  = 3
)

func (p *preprocessor) read(path string) error {
	own := struct {
		Size      pixelCount `json:"size"`
		Crop      pixelCount `json:"crop_size"`
		Resample  int        `json:"resample"`
		Normalize bool       `json:"do_normalize"`
		Mean      []float32  `json:"image_mean"`
		Std       []float32  `json:"image_std"`
	}{Resample: pillowBicubic, Normalize: true}
	if err := readJSON(path, &own); err != nil {
		return err
	}
	switch own.Resample {
	case pillowBicubic:
	case pillowBilinear:
		p.filter = encode.Bilinear()
	default:
		return fmt.Errorf("resample %d, want 3 (bicubic) or 2 (bilinear)", own.Resample)
	}
	if own.Size > 0 {
		p.shortest, p.side = int(own.Size), int(own.Size)
	}
	if own.Crop > 0 {
		p.side = int(own.Crop)
	}
	if !own.Normalize {
		p.mean, p.std = [3]float32{}, [3]float32{1, 1, 1}
		return nil
	}
	if len(own.Mean) == 3 && len(own.Std) == 3 {
		p.mean, p.std = [3]float32(own.Mean), [3]float32(own.Std)
	}
	return nil
}

// maxSide bounds the images of a checker, far above those of any.
const maxSide = 1024

func (p *preprocessor) check() error {
	switch {
	case p.side < 1 || p.side > maxSide || p.shortest < p.side || p.shortest > maxSide:
		return fmt.Errorf("size %d and crop_size %d, want 1 to %d, and the crop not larger", p.shortest, p.side, maxSide)
	case p.std[0] <= 0 || p.std[1] <= 0 || p.std[2] <= 0:
		return fmt.Errorf("image_std %v, want positive numbers", p.std)
	}
	return nil
}

// prepare returns the pixels of an image [1,3,side,side].
func (p *preprocessor) prepare(img image.Image) (tensor.Tensor, error) {
	size := img.Bounds().Size()
	short, width, height := min(size.X, size.Y), p.shortest, p.shortest
	if short < 1 {
		return tensor.Tensor{}, errors.New("an empty image")
	}
	if size.X > size.Y {
		width = p.shortest * size.X / short
	} else {
		height = p.shortest * size.Y / short
	}
	scaled := encode.ResizeAsPillow(img, width, height, p.filter)
	left, top, area := (width-p.side)/2, (height-p.side)/2, p.side*p.side
	out := tensor.New(1, 3, p.side, p.side)
	for i := range area {
		at := scaled.PixOffset(left+i%p.side, top+i/p.side)
		for c := range 3 {
			out.Data[c*area+i] = (float32(scaled.Pix[at+c])/255 - p.mean[c]) / p.std[c]
		}
	}
	return out, nil
}

// pixelCount is a number of pixels as old and new settings write it: 224, {"shortest_edge": 224}, or {"height": 224,
// "width": 224} of a square.
type pixelCount int

// UnmarshalJSON reads either form.
func (n *pixelCount) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, (*int)(n)) == nil {
		return nil
	}
	var sides struct {
		Shortest int `json:"shortest_edge"`
		Height   int `json:"height"`
		Width    int `json:"width"`
	}
	if err := json.Unmarshal(data, &sides); err != nil {
		return err
	}
	*n = pixelCount(max(sides.Shortest, sides.Height))
	if sides.Shortest == 0 && sides.Height != sides.Width {
		return fmt.Errorf("%d×%d pixels, want a square", sides.Width, sides.Height)
	}
	return nil
}
