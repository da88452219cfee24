package folder

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/filehash"
	"darkroom/render/onnx/graph"
	"darkroom/render/onnx/trace"
	"darkroom/render/picture"
)

// upscalerPart is the folder of a network that enlarges finished images. No pipeline has one, so the name is ours.
const upscalerPart = "upscaler"

// Upscaler is a network for larger images, such as ESRGAN: that of a model's folder, or of a file of its own. That of
// a folder is no part of the folder's hash, because it decides only the images whose Spec names it by its own.
type Upscaler struct {
	Ref             picture.Ref // its hash is the SHA-256 of its file; empty for a file that was not hashed
	Image, Enlarged graph.Value // RGB [n, 3, h, w] from 0 to 1
	Scale           int         // how many times larger its images are
	Multiple        int         // of the sides of its input
	Runs            int         // how often it may enlarge what it has enlarged; 0 for any number
	Tile            Size        // the only size that its input has; zero for any
	Peak            float64     // numbers of activations that are held at once, for each pixel of the input
	Work            float64     // multiplications for each pixel of the input
	network         Network
}

// Network returns the upscaler's network.
func (u *Upscaler) Network() Network { return u.network }

// maxScale is how many times larger an upscaler's images may be. The largest that people have do 8.
const maxScale = 8

// findUpscaler reads the header of a model's own upscaler, if there is one.
func (f *Model) findUpscaler() error {
	path := f.path(upscalerPart)
	if missing(path) {
		return nil
	}
	var told struct {
		Scale    int `json:"scale"`
		Multiple int `json:"multiple"`
		Runs     int `json:"runs"`
	}
	config := filepath.Join(filepath.Dir(path), "config.json")
	if err := readJSON(config, &told); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if told.Scale < 0 || told.Scale > maxScale || told.Multiple < 0 || told.Multiple > maxMultiple {
		return fmt.Errorf("%s: scale %d and multiple %d, want 1 to %d and 1 to %d", config, told.Scale, told.Multiple,
			maxScale, maxMultiple)
	}
	u, _, err := readUpscaler(path, max(told.Multiple, 1))
	if err != nil {
		return err
	}
	if told.Runs < 0 {
		return fmt.Errorf("%s: runs %d, want 1 or more", config, told.Runs)
	}
	u.Runs = told.Runs
	if told.Scale > 0 && told.Scale != u.Scale {
		return fmt.Errorf("%s: scale %d, and the network's is %d", config, told.Scale, u.Scale)
	}
	sum, err := filehash.Open("").Sum(path, nil)
	if err != nil {
		return err
	}
	u.Ref = picture.Ref{Name: f.Name, Hash: sum.SHA256}
	f.Upscaler = u
	return nil
}

// OpenUpscaler reads the header of an ONNX file that enlarges images, and follows an image through it. Scale and sizes
// are found so. All of its weights must lie in the file, since its hash is the file's.
func OpenUpscaler(path string) (*Upscaler, error) {
	u, h, err := readUpscaler(path, 1)
	if err != nil {
		return nil, err
	}
	if len(h.External) > 0 {
		return nil, fmt.Errorf("%s: its weights lie in other files; want an ONNX file that holds them", path)
	}
	return u, nil
}

// readUpscaler reads an ONNX file whose sides are multiples of a number, or of a larger one where it needs that. The
// error names the file.
func readUpscaler(path string, multiple int) (*Upscaler, graph.Header, error) {
	h, err := graph.Read(path)
	if err != nil {
		return nil, h, err
	}
	if len(h.Inputs) != 1 || len(h.Outputs) != 1 {
		return nil, h, fmt.Errorf("%s: inputs %v and outputs %v, want one of each of an upscaler", path, h.Inputs, h.Outputs)
	}
	file, err := graph.ReadSkeleton(path)
	if err != nil {
		return nil, h, err
	}
	n := Network{Path: path, Inputs: h.Inputs, Outputs: h.Outputs}
	u, err := NewUpscaler(n, file.Model, multiple)
	if err != nil {
		return nil, h, fmt.Errorf("%s: %w", path, err)
	}
	return u, h, nil
}

// NewUpscaler describes a network that enlarges images. model is its graph; its weights need not be in it.
func NewUpscaler(n Network, model []byte, multiple int) (*Upscaler, error) {
	u := &Upscaler{Image: n.Inputs[0], Enlarged: n.Outputs[0], network: n}
	images := portSpec{ranks: []int{4}, types: floatTypes, dims: map[int]int{1: 3}}
	if err := cmp.Or(images.check(u.Image), images.check(u.Enlarged)); err != nil {
		return nil, err
	}
	c, err := graph.ReadContents(model)
	if err != nil {
		return nil, err
	}
	d := u.Image.Dims
	if d[0] > 1 || (d[2] == 0) != (d[3] == 0) {
		return nil, fmt.Errorf("%v: want one image at a time, and both sides free or both fixed", u.Image)
	}
	if d[2] > 0 {
		u.Tile, u.Multiple = Size{Width: d[3], Height: d[2]}, 1
		return u, u.follow(c, u.Tile)
	}
	return u, u.findMultiple(c, multiple)
}

// maxMultiple is the largest multiple that sides may have to be of.
const maxMultiple = 64

// findMultiple finds which sides a network takes: multiples of the first number, or of twice that, and so on.
func (u *Upscaler) findMultiple(c graph.Contents, first int) error {
	var fault error
	for u.Multiple = first; u.Multiple <= maxMultiple; u.Multiple *= 2 {
		// Of sides that differ, some odd multiples and some even ones: enough to see what does not fit.
		err := u.follow(c, Size{Width: 6 * u.Multiple, Height: 8 * u.Multiple})
		scale := u.Scale
		if err == nil {
			err = u.follow(c, Size{Width: 7 * u.Multiple, Height: 5 * u.Multiple})
		}
		if err == nil && u.Scale == scale {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("it makes some images %d and some %d times larger", scale, u.Scale)
		}
		fault = cmp.Or(fault, err)
	}
	return fault
}

// follow follows an image of a size through the network.
func (u *Upscaler) follow(c graph.Contents, s Size) error {
	t, err := trace.Follow(c, []int{1, 3, s.Height, s.Width})
	if err != nil {
		return err
	}
	out, pixels := t.Output, float64(s.Width*s.Height)
	if len(out) == 4 {
		u.Scale = out[2] / s.Height
	}
	if len(out) != 4 || out[1] != 3 || u.Scale < 1 || out[2] != u.Scale*s.Height || out[3] != u.Scale*s.Width {
		return fmt.Errorf("it makes the shape %v of an image of %d×%d, want a whole number of times larger",
			out, s.Width, s.Height)
	}
	if u.Scale > maxScale {
		return fmt.Errorf("it makes images %d times larger, want at most %d", u.Scale, maxScale)
	}
	u.Peak, u.Work = float64(t.Peak)/pixels, float64(t.Work)/pixels
	return nil
}
