package folder

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/onnx/graph"
)

// tinyDecoderPaths are where a tiny decoder may lie in a folder. No pipeline has one, so there is no agreed place: the
// first is named like the other parts, as an export of diffusers' AutoencoderTiny would be; the others are the names of
// TAESD's own files.
var tinyDecoderPaths = []string{
	"vae_tiny_decoder/model.onnx", "taesd_decoder/model.onnx", "taesd_decoder.onnx", "taesdxl_decoder.onnx",
}

// TinyDecoder is a folder's tiny decoder, which decides no image: it makes previews.
type TinyDecoder struct {
	Latent, Pixels graph.Value
	ScalingFactor  float64 // latents are divided by it
	ZeroToOne      bool    // its pixels lie from 0 to 1, as those of TAESD's own network; diffusers' from -1 to 1
	path           string
}

// Network returns the decoder's network.
func (t *TinyDecoder) Network() Network {
	return Network{Path: t.path, Inputs: []graph.Value{t.Latent}, Outputs: []graph.Value{t.Pixels}}
}

// findTinyDecoder reads the header of a tiny decoder, if there is one.
func (f *Model) findTinyDecoder() error {
	for _, rel := range tinyDecoderPaths {
		path := filepath.Join(f.Dir, filepath.FromSlash(rel))
		if missing(path) {
			continue
		}
		h, err := graph.Read(path)
		if err != nil {
			return err
		}
		t, err := readTinyDecoder(path, h, f.Config)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		f.TinyDecoder = t
		return nil
	}
	return nil
}

func readTinyDecoder(path string, h graph.Header, c Config) (*TinyDecoder, error) {
	t := &TinyDecoder{path: path, ScalingFactor: 1, ZeroToOne: true}
	if len(h.Inputs) != 1 || len(h.Outputs) != 1 {
		return nil, fmt.Errorf("inputs %v and outputs %v, want one of each of a tiny decoder", h.Inputs, h.Outputs)
	}
	t.Latent, t.Pixels = h.Inputs[0], h.Outputs[0]
	four := []int{4}
	err := errors.Join(portSpec{ranks: four, types: floatTypes, dims: map[int]int{1: c.LatentChannels}}.check(t.Latent),
		portSpec{ranks: four, types: floatTypes, dims: map[int]int{1: 3}}.check(t.Pixels))
	if err != nil {
		return nil, err
	}
	own := struct {
		Class   string   `json:"_class_name"`
		Scaling *float64 `json:"scaling_factor"`
	}{}
	if err := readJSON(filepath.Join(filepath.Dir(path), "config.json"), &own); err != nil &&
		!errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	t.ZeroToOne = own.Class != "AutoencoderTiny"
	if own.Scaling != nil {
		t.ScalingFactor = *own.Scaling
	}
	if !(t.ScalingFactor > 0) {
		return nil, fmt.Errorf("scaling_factor %v in its config.json, want a positive number", t.ScalingFactor)
	}
	return t, nil
}
