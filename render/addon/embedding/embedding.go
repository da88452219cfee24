// Package embedding reads textual inversions (https://arxiv.org/abs/2208.01618): rows that stand in a text encoder
// for a word. They come as safetensors, as files of torch.save, and inside A1111's PNGs.
package embedding

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"darkroom/render/addon/torchfile"
	"darkroom/render/family"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// MaxVectors is how many vectors an embedding may have: a chunk of a prompt has no more places, and A1111 divides none.
const MaxVectors = 75

// maxWidth bounds a vector; the widest text encoders have 1280 numbers per token.
const maxWidth = 8192

// Embedding is a textual inversion.
type Embedding struct {
	Name string // as the file calls it inside; empty for none
	// Rows are [vectors, width] by text encoder: weightname.TextEncoder, and weightname.TextEncoder2 of SDXL's second.
	Rows map[string]tensor.Tensor
}

// Extensions lists the endings of the files that Open reads.
func Extensions() []string { return []string{".safetensors", ".pt", ".bin", ".png"} }

// Open reads a textual inversion by its extension.
func Open(path string) (Embedding, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".safetensors":
		return openSafetensors(path)
	case ".pt", ".bin":
		root, err := torchfile.Open(path)
		if err != nil {
			return Embedding{}, err
		}
		return fromTorch(root)
	case ".png":
		return openPNG(path)
	default:
		return Embedding{}, fmt.Errorf("a %q file, want one of %s", extension, strings.Join(Extensions(), ", "))
	}
}

// Vectors is how many tokens the embedding stands for.
func (e Embedding) Vectors() int {
	for _, rows := range e.Rows {
		return rows.Shape[0]
	}
	return 0
}

// Families names the families whose text encoders have vectors of this width; nil for a width that none is known of.
func (e Embedding) Families() []string {
	_, first := e.Rows[weightname.TextEncoder]
	second, both := e.Rows[weightname.TextEncoder2]
	switch {
	case first && both && second.Shape[1] == 1280:
		return []string{family.SDXL.Name}
	case !first || both:
		return nil
	}
	switch e.Rows[weightname.TextEncoder].Shape[1] {
	case 768:
		return []string{family.SD1.Name}
	case 1024:
		return []string{family.SD2.Name}
	default:
		return nil
	}
}

// TextWidth is the width of the vectors, of two text encoders together.
func (e Embedding) TextWidth() (width int) {
	for _, rows := range e.Rows {
		width += rows.Shape[1]
	}
	return width
}

// Fits checks the embedding against the widths of a model's text encoders. An error is a sentence without a subject.
func (e Embedding) Fits(widths map[string]int) error {
	for part, width := range widths {
		rows, ok := e.Rows[part]
		if !ok {
			return fmt.Errorf("has no vectors for this model's %s", strings.ReplaceAll(part, "_", " "))
		}
		if rows.Shape[1] != width {
			return fmt.Errorf("has vectors of %d numbers, and this model's have %d", rows.Shape[1], width)
		}
	}
	return nil
}

// New makes an embedding of named tensors, as files of all kinds hold them: "clip_l" and "clip_g" for SDXL, else one
// tensor under any name.
func New(name string, tensors map[string]tensor.Tensor) (Embedding, error) {
	e := Embedding{Name: name, Rows: map[string]tensor.Tensor{}}
	l, hasL := tensors["clip_l"]
	g, hasG := tensors["clip_g"]
	switch {
	case hasL && hasG && len(tensors) == 2:
		e.Rows[weightname.TextEncoder], e.Rows[weightname.TextEncoder2] = l, g
	case len(tensors) == 1:
		for key, t := range tensors {
			part := weightname.TextEncoder
			if key == "clip_g" {
				part = weightname.TextEncoder2
			}
			e.Rows[part] = t
		}
	default:
		return e, fmt.Errorf("%d tensors, want one, or clip_l and clip_g", len(tensors))
	}
	vectors := 0
	for part, rows := range e.Rows {
		if len(rows.Shape) == 1 {
			rows.Shape = []int{1, rows.Shape[0]}
			e.Rows[part] = rows
		}
		if err := check(rows); err != nil {
			return e, err
		}
		if vectors > 0 && rows.Shape[0] != vectors {
			return e, errors.New("clip_l and clip_g differ in their number of vectors")
		}
		vectors = rows.Shape[0]
	}
	return e, nil
}

func check(rows tensor.Tensor) error {
	if len(rows.Shape) != 2 || rows.Check() != nil || rows.Shape[1] > maxWidth {
		return fmt.Errorf("a tensor of shape %v, want [vectors, width]", rows.Shape)
	}
	if rows.Shape[0] > MaxVectors {
		return fmt.Errorf("%d vectors, want at most %d", rows.Shape[0], MaxVectors)
	}
	for _, x := range rows.Data {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return errors.New("broken: a value is not a number")
		}
	}
	return nil
}

// maxTensors bounds the tensors of a file: an embedding has one or two.
const maxTensors = 4

func openSafetensors(path string) (_ Embedding, err error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return Embedding{}, err
	}
	return FromSafetensors(file, file.Names(), file.Metadata["name"])
}

// FromSafetensors reads an embedding from some tensors of a file. What stands before their last dot does not count:
// "bundle_emb.NAME.clip_l" inside a LoRA is clip_l.
func FromSafetensors(file *safetensors.File, keys []string, name string) (_ Embedding, err error) {
	if len(keys) > maxTensors {
		return Embedding{}, fmt.Errorf("%d tensors, want one, or clip_l and clip_g", len(keys))
	}
	mapping, err := file.Map()
	if err != nil {
		return Embedding{}, err
	}
	defer func() { err = errors.Join(err, mapping.Close()) }()
	tensors := map[string]tensor.Tensor{}
	for _, key := range keys {
		t := file.Tensors[key]
		if t.Count() > MaxVectors*maxWidth {
			return Embedding{}, fmt.Errorf("%.60q has %d values: no embedding", key, t.Count())
		}
		data, err := mapping.Floats(t)
		if err != nil {
			return Embedding{}, fmt.Errorf("%.60q: %w", key, err)
		}
		shape := make([]int, len(t.Shape))
		for i, d := range t.Shape {
			shape[i] = int(d)
		}
		tensors[key[strings.LastIndexByte(key, '.')+1:]] = tensor.Tensor{Shape: shape, Data: data}
	}
	return New(name, tensors)
}

// fromTorch reads A1111's dict with string_to_param, or one of tensors.
func fromTorch(root any) (Embedding, error) {
	dict, ok := root.(*torchfile.Dict)
	if !ok {
		return Embedding{}, errors.New("no dict, so no embedding")
	}
	name, _ := dict.Get("name").(string)
	if params, ok := dict.Get("string_to_param").(*torchfile.Dict); ok {
		if inner, ok := params.Get("_parameters").(*torchfile.Dict); ok { // a ParameterDict of torch before 1.12
			params = inner
		}
		dict = params
	}
	tensors := map[string]tensor.Tensor{}
	for _, key := range dict.Keys {
		if t, ok := dict.Get(key).(*torchfile.Tensor); ok {
			tensors[fmt.Sprint(key)] = tensor.Tensor{Shape: t.Shape, Data: t.Data}
		}
	}
	return New(name, tensors)
}
