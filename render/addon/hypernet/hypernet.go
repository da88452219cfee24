// Package hypernet reads A1111's hypernetworks: small networks in front of the keys and values of a UNet's attentions,
// one pair for each width of context (modules/hypernetworks/hypernetwork.py).
package hypernet

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/addon/torchfile"
	"darkroom/render/family"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
)

// Network is a hypernetwork. In every attention whose context (the text, or in self-attention the image itself) has a
// width of Widths, the keys are made of Key(context) and the values of Value(context).
type Network struct {
	Name   string // as the file calls it inside; empty for none
	Widths map[int]Pair
}

// Pair are the modules for one width of context.
type Pair struct{ Key, Value Module }

// Module is x + strength·layers(x).
type Module []Layer

// Layer is one of a module's layers: exactly one of its fields is set.
type Layer struct {
	Linear     *Affine // y = x·Weightᵀ + Bias, Weight being [out, in]
	Norm       *Affine // layer normalization with epsilon 1e-5, Weight and Bias being [width]
	Activation string  // a name of Activations
}

// Affine is a weight and a bias.
type Affine struct{ Weight, Bias tensor.Tensor }

// Extensions lists the endings of the files that Open reads.
func Extensions() []string { return []string{".pt", ".safetensors"} }

// Open reads a hypernetwork by its extension: A1111's .pt, or the same tensors as safetensors, "768.0.linear.0.weight"
// (0 keys, 1 values), with the settings as texts in the metadata.
func Open(path string) (Network, error) {
	switch extension := strings.ToLower(filepath.Ext(path)); extension {
	case ".pt":
		root, err := torchfile.Open(path)
		if err != nil {
			return Network{}, err
		}
		return fromTorch(root)
	case ".safetensors":
		return openSafetensors(path)
	default:
		return Network{}, fmt.Errorf("a %q file, want one of %s", extension, strings.Join(Extensions(), ", "))
	}
}

// imageWidths are the widths of Stable Diffusion's self-attentions, whose context is the image.
var imageWidths = []int{320, 640, 1280}

// TextWidths lists the widths of text that the network changes; nil where it changes only what the image itself is.
func (n Network) TextWidths() []int {
	isImage := func(width int) bool { return slices.Contains(imageWidths, width) }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(n.Widths)), isImage)
}

// Families names the families that have a text as wide as one of the network's; nil where none is known. A network for
// the image alone fits them all. None fits SDXL's refiner, whose text is as wide as its image: 1280.
func (n Network) Families() []string {
	var names []string
	for _, f := range []struct {
		width int
		name  string
	}{{768, family.SD1.Name}, {1024, family.SD2.Name}, {2048, family.SDXL.Name}} {
		if _, ok := n.Widths[f.width]; ok {
			names = append(names, f.name)
		}
	}
	if len(names) == 0 && len(n.TextWidths()) == 0 {
		return []string{family.SD1.Name, family.SD2.Name, family.SDXL.Name}
	}
	return names
}

func fromTorch(root any) (Network, error) {
	dict, ok := root.(*torchfile.Dict)
	if !ok {
		return Network{}, errors.New("no dict, so no hypernetwork")
	}
	s, err := torchSettings(dict)
	if err != nil {
		return Network{}, err
	}
	states := map[int][2]map[string]tensor.Tensor{}
	for _, key := range dict.Keys {
		width, ok := key.(int64)
		if !ok {
			continue
		}
		pair, ok := dict.Get(key).(*torchfile.List)
		if !ok || len(pair.Items) != 2 {
			return Network{}, fmt.Errorf("width %d: want a module for keys and one for values", width)
		}
		var both [2]map[string]tensor.Tensor
		for i, item := range pair.Items {
			state, ok := item.(*torchfile.Dict)
			if !ok {
				return Network{}, fmt.Errorf("width %d: a module that is no dict", width)
			}
			both[i] = map[string]tensor.Tensor{}
			for _, name := range state.Keys {
				if t, ok := state.Get(name).(*torchfile.Tensor); ok {
					both[i][fmt.Sprint(name)] = tensor.Tensor{Shape: t.Shape, Data: t.Data}
				}
			}
		}
		states[int(width)] = both
	}
	return build(s, states)
}

func openSafetensors(path string) (_ Network, err error) {
	file, err := safetensors.Open(path)
	if err != nil {
		return Network{}, err
	}
	s, err := metadataSettings(file.Metadata)
	if err != nil {
		return Network{}, err
	}
	mapping, err := file.Map()
	if err != nil {
		return Network{}, err
	}
	defer func() { err = errors.Join(err, mapping.Close()) }()
	states := map[int][2]map[string]tensor.Tensor{}
	for _, key := range file.Names() {
		width, side, name, ok := splitKey(key)
		if !ok {
			return Network{}, fmt.Errorf("no hypernetwork: a tensor called %.60q", key)
		}
		t := file.Tensors[key]
		data, err := mapping.Floats(t)
		if err != nil {
			return Network{}, fmt.Errorf("%.60q: %w", key, err)
		}
		both := states[width]
		if both[side] == nil {
			both[side] = map[string]tensor.Tensor{}
		}
		shape := make([]int, len(t.Shape))
		for i, d := range t.Shape {
			shape[i] = int(d)
		}
		both[side][name] = tensor.Tensor{Shape: shape, Data: data}
		states[width] = both
	}
	return build(s, states)
}

// splitKey reads "768.0.linear.0.weight": width, side and the tensor's name in its module.
func splitKey(key string) (width, side int, name string, ok bool) {
	parts := strings.SplitN(key, ".", 3)
	if len(parts) < 3 {
		return 0, 0, "", false
	}
	width, err := strconv.Atoi(parts[0])
	side = slices.Index([]string{"0", "1"}, parts[1])
	return width, side, parts[2], err == nil && side >= 0
}

// maxWidth bounds a context.
const maxWidth = 8192

func build(s settings, states map[int][2]map[string]tensor.Tensor) (Network, error) {
	n := Network{Name: s.name, Widths: map[int]Pair{}}
	for width, both := range states {
		if width < 1 || width > maxWidth {
			return n, fmt.Errorf("a context of width %d", width)
		}
		key, err := s.module(width, both[0])
		if err != nil {
			return n, fmt.Errorf("width %d, keys: %w", width, err)
		}
		value, err := s.module(width, both[1])
		if err != nil {
			return n, fmt.Errorf("width %d, values: %w", width, err)
		}
		n.Widths[width] = Pair{key, value}
	}
	if len(n.Widths) == 0 {
		return n, errors.New("no hypernetwork: it has no module")
	}
	return n, nil
}
