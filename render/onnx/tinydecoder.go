package onnx

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// tinyPaths are where a tiny decoder may lie in a folder. No pipeline has one, so there is no agreed place: the first is
// named like the other parts, as an export of diffusers' AutoencoderTiny would be; the others are what TAESD's own files
// are called.
var tinyPaths = []string{"vae_tiny_decoder/model.onnx", "taesd_decoder/model.onnx", "taesd_decoder.onnx", "taesdxl_decoder.onnx"}

// tiny is a folder's tiny decoder, which decides no picture: it shows what becomes of one.
type tinySpec struct {
	path           string // empty for none
	latent, pixels graph.Value
	scalingFactor  float64 // latents are divided by it
	zeroToOne      bool    // it answers pixels from 0 to 1, as TAESD's own network does; diffusers' from -1 to 1
}

// findTiny reads the header of a tiny decoder, if there is one.
func (f *Folder) findTiny() error {
	for _, rel := range tinyPaths {
		path := filepath.Join(f.Dir, filepath.FromSlash(rel))
		if missing(path) {
			continue
		}
		h, err := graph.Read(path)
		if err != nil {
			return err
		}
		if f.tinyDecoder, err = readTiny(path, h, f.Config); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	return nil
}

func readTiny(path string, h graph.Header, c Config) (tinySpec, error) {
	t := tinySpec{path: path, scalingFactor: 1, zeroToOne: true}
	if len(h.Inputs) != 1 || len(h.Outputs) != 1 {
		return t, fmt.Errorf("inputs %v and outputs %v, want one of each of a tiny decoder", h.Inputs, h.Outputs)
	}
	t.latent, t.pixels = h.Inputs[0], h.Outputs[0]
	four := []int{4}
	err := errors.Join(portSpec{ranks: four, types: floatTypes, dims: map[int]int{1: c.LatentChannels}}.check(t.latent),
		portSpec{ranks: four, types: floatTypes, dims: map[int]int{1: 3}}.check(t.pixels))
	if err != nil {
		return t, err
	}
	own := struct {
		Class   string   `json:"_class_name"`
		Scaling *float64 `json:"scaling_factor"`
	}{}
	if err := readJSON(filepath.Join(filepath.Dir(path), "config.json"), &own); err != nil && !errors.Is(err, os.ErrNotExist) {
		return t, err
	}
	t.zeroToOne = own.Class != "AutoencoderTiny"
	if own.Scaling != nil {
		t.scalingFactor = *own.Scaling
	}
	if !(t.scalingFactor > 0) {
		return t, fmt.Errorf("scaling_factor %v in its config.json, want a positive number", t.scalingFactor)
	}
	return t, nil
}

// Tiny is a model's tiny decoder.
type TinyDecoder struct{ model *Model }

// Tiny returns the tiny decoder; nil when the folder has none.
func (m *Model) TinyDecoder() *TinyDecoder {
	if m.tinyDecoder == nil {
		return nil
	}
	return &TinyDecoder{m}
}

func (f *Folder) tinyNetwork() network {
	return network{path: f.tinyDecoder.path, inputs: []graph.Value{f.tinyDecoder.latent}, outputs: []graph.Value{f.tinyDecoder.pixels}}
}

// DecodeLatents turns latents [b,4,h,w] as the sampler leaves them into pixels [b,3,8h,8w] in −1..1.
func (t *TinyDecoder) DecodeLatents(ctx context.Context, latents tensor.Tensor) (tensor.Tensor, error) {
	if err := latents.Check(); err != nil || len(latents.Shape) != 4 {
		return tensor.Tensor{}, fmt.Errorf("decode preview: latents %v, want [b,4,h,w]", latents.Shape)
	}
	m, own := t.model, t.model.Folder.tinyDecoder
	f := m.Folder.Config.PixelsPerLatent
	latents = tensor.Scale(latents, float32(1/own.scalingFactor))
	out := tensor.New(latents.Shape[0], 3, latents.Shape[2]*f, latents.Shape[3]*f)
	err := m.tinyDecoder.inBatches(latents.Batch(), func(from, to int) error {
		in, err := m.tinyDecoder.feed(own.latent, latents.Rows(from, to))
		return m.tinyDecoder.callSingle(ctx, own.pixels, out.Rows(from, to), err, in)
	})
	if own.zeroToOne {
		for i, v := range out.Data {
			out.Data[i] = 2*v - 1
		}
	}
	return withStep(out, "decode preview", err)
}
