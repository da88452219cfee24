package vision

import (
	"encoding/json"
	"errors"
	"fmt"

	"darkroom/render/filehash"
)

// ConfigFile is what transformers calls the file of these settings.
const ConfigFile = "preprocessor_config.json"

// Read reads the settings of transformers' CLIPImageProcessor, for a network that reads squares of side pixels. What a
// file leaves out is as CLIP has it. The error names the file; os.ErrNotExist where there is none.
func Read(path string, side int) (Preprocessor, error) {
	data, err := filehash.ReadSmall(path)
	if err != nil {
		return Preprocessor{}, err
	}
	p, err := parse(data, side)
	if err != nil {
		return Preprocessor{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// processorConfig is preprocessor_config.json.
type processorConfig struct {
	DoResize  bool      `json:"do_resize"`
	Size      pixelSize `json:"size"`
	Resample  int       `json:"resample"`
	DoCrop    bool      `json:"do_center_crop"`
	Crop      pixelSize `json:"crop_size"`
	DoRescale bool      `json:"do_rescale"`
	Rescale   float64   `json:"rescale_factor"`
	DoNorm    bool      `json:"do_normalize"`
	Mean      []float64 `json:"image_mean"`
	Std       []float64 `json:"image_std"`
}

func parse(data []byte, side int) (Preprocessor, error) {
	usual := CLIP(side)
	c := processorConfig{
		DoResize: true, Size: pixelSize{Shortest: side}, Resample: pillowBicubic, DoCrop: true,
		Crop: pixelSize{Width: side, Height: side}, DoRescale: true, Rescale: usual.Rescale, DoNorm: true,
		Mean: usual.Mean[:], Std: usual.Std[:],
	}
	if err := json.Unmarshal(data, &c); err != nil {
		return Preprocessor{}, err
	}
	p := Preprocessor{Rescale: c.Rescale, Std: [3]float64{1, 1, 1}}
	if !c.DoRescale {
		p.Rescale = 1
	}
	if c.DoNorm {
		if len(c.Mean) != 3 || len(c.Std) != 3 {
			return p, fmt.Errorf("image_mean %v and image_std %v, want three numbers each", c.Mean, c.Std)
		}
		p.Mean, p.Std = [3]float64(c.Mean), [3]float64(c.Std)
	}
	if err := errors.Join(p.setFilter(c.Resample), p.setSizes(c, side)); err != nil {
		return p, err
	}
	return p, p.Check()
}

// Pillow's numbers of filters.
const (
	pillowLanczos  = 1
	pillowBilinear = 2
	pillowBicubic  = 3
)

func (p *Preprocessor) setFilter(number int) error {
	p.Filter = map[int]string{pillowLanczos: Lanczos, pillowBilinear: Bilinear, pillowBicubic: Bicubic}[number]
	if p.Filter == "" {
		return fmt.Errorf("resample %d, want 3 (bicubic), 2 (bilinear) or 1 (Lanczos)", number)
	}
	return nil
}

// setSizes takes the sizes of both steps. What comes out must be what the network reads.
func (p *Preprocessor) setSizes(c processorConfig, side int) error {
	if !c.DoResize {
		return errors.New("do_resize is false: then every image would have to fit already")
	}
	p.Shortest, p.Size = c.Size.Shortest, [2]int{c.Size.Width, c.Size.Height}
	if c.DoCrop {
		if p.Shortest == 0 && c.Crop != c.Size {
			return fmt.Errorf("size %v and crop_size %v: want a shortest_edge, or the same size", c.Size, c.Crop)
		}
		if p.Size = [2]int{c.Crop.Width, c.Crop.Height}; c.Crop.Shortest > 0 {
			p.Size = [2]int{c.Crop.Shortest, c.Crop.Shortest}
		}
	} else if p.Shortest > 0 {
		return errors.New("do_center_crop is false: then images would have all shapes")
	}
	if p.Size != [2]int{side, side} {
		return fmt.Errorf("it makes images of %d×%d pixels, and the network reads %d×%d", p.Size[0], p.Size[1], side, side)
	}
	return nil
}

// pixelSize is a size as settings of all years write it: 224, {"shortest_edge": 224} or {"height": 224, "width": 224}.
// One number is the shortest edge, or both sides of what is cut out.
type pixelSize struct {
	Shortest int `json:"shortest_edge"`
	Width    int `json:"width"`
	Height   int `json:"height"`
}

// UnmarshalJSON reads each form.
func (s *pixelSize) UnmarshalJSON(data []byte) error {
	var one int
	if json.Unmarshal(data, &one) == nil {
		*s = pixelSize{Shortest: one}
		return nil
	}
	type sides pixelSize
	var read sides
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	*s = pixelSize(read)
	return nil
}

// String writes the size as messages do.
func (s pixelSize) String() string {
	if s.Shortest > 0 {
		return fmt.Sprintf("shortest_edge %d", s.Shortest)
	}
	return fmt.Sprintf("%d×%d", s.Width, s.Height)
}
