package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/filehash"
	"darkroom/render/onnx/graph"
	"darkroom/render/picture"
)

// upscalerPart is the folder of a network that enlarges finished images. No pipeline has one, so the name is ours.
const upscalerPart = "upscaler"

// Upscaler is a folder's network for larger images, such as an export of ESRGAN. It is no part of the folder's hash,
// because it decides only the images whose Spec names it by its own.
type Upscaler struct {
	Ref             picture.Ref // its hash is the SHA-256 of its file
	Image, Enlarged graph.Value // RGB [n, 3, h, w] from 0 to 1
	Scale           int         // how many times larger its images are
	Multiple        int         // of the sides of its input
	path            string
}

// Network returns the upscaler's network.
func (u *Upscaler) Network() Network {
	return Network{Path: u.path, Inputs: []graph.Value{u.Image}, Outputs: []graph.Value{u.Enlarged}}
}

// findUpscaler reads the header of an upscaler, if there is one.
func (f *Model) findUpscaler() error {
	path := f.path(upscalerPart)
	if missing(path) {
		return nil
	}
	h, err := graph.Read(path)
	if err != nil {
		return err
	}
	u, err := readUpscaler(path, h)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	sum, err := filehash.Open("").Sum(path, nil)
	if err != nil {
		return err
	}
	u.Ref = picture.Ref{Name: f.Name, Hash: sum.SHA256}
	f.Upscaler = u
	return nil
}

func readUpscaler(path string, h graph.Header) (*Upscaler, error) {
	if len(h.Inputs) != 1 || len(h.Outputs) != 1 {
		return nil, fmt.Errorf("inputs %v and outputs %v, want one of each of an upscaler", h.Inputs, h.Outputs)
	}
	u := &Upscaler{path: path, Image: h.Inputs[0], Enlarged: h.Outputs[0], Multiple: 1}
	pictures := portSpec{ranks: []int{4}, types: floatTypes, dims: map[int]int{1: 3}}
	if err := errors.Join(pictures.check(u.Image), pictures.check(u.Enlarged)); err != nil {
		return nil, err
	}
	if u.Image.Dims[2] != 0 || u.Image.Dims[3] != 0 {
		return nil, fmt.Errorf("%v: want both sides free, for pictures of any size", u.Image)
	}
	own := struct {
		Scale    int `json:"scale"`
		Multiple int `json:"multiple"`
	}{Multiple: 1}
	config := filepath.Join(filepath.Dir(path), "config.json")
	if err := readJSON(config, &own); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if own.Scale < 2 || own.Scale > 8 || own.Multiple < 1 || own.Multiple > 64 {
		return nil, fmt.Errorf(
			"scale %d and multiple %d in its config.json, want 2 to 8 and 1 to 64", own.Scale, own.Multiple,
		)
	}
	u.Scale, u.Multiple = own.Scale, own.Multiple
	return u, nil
}
