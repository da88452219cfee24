// Package hypernet reads A1111's hypernetworks: small networks in front of the keys and values of a UNet's attentions,
// one pair for each width of context (modules/hypernetworks/hypernetwork.py).
package hypernet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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

// settings are what a file says of its modules' structure.
type settings struct {
	name           string
	structure      []float64 // widths of layers, as multiples of the context's
	activation     string
	norm           bool
	activateOutput bool
	dropout        []float64 // of each layer: it takes a place in the numbering
}

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

// Families names the families that have a text as wide as one of the network's; nil where none is known.
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

// torchSettings reads the settings beside the modules. What is missing has A1111's defaults for loading.
func torchSettings(dict *torchfile.Dict) (settings, error) {
	s := settings{structure: []float64{1, 2, 1}, activateOutput: true}
	s.name, _ = dict.Get("name").(string)
	s.activation, _ = dict.Get("activation_func").(string)
	s.norm, _ = dict.Get("is_layer_norm").(bool)
	if on, ok := dict.Get("activate_output").(bool); ok {
		s.activateOutput = on
	}
	if list, ok := numbers(dict.Get("layer_structure")); ok {
		s.structure = list
	}
	useDropout, _ := dict.Get("use_dropout").(bool)
	lastLayer, _ := dict.Get("last_layer_dropout").(bool)
	var ok bool
	if s.dropout, ok = numbers(dict.Get("dropout_structure")); !ok {
		s.dropout = oldDropout(len(s.structure), useDropout, lastLayer)
	}
	return s, s.check()
}

func numbers(v any) ([]float64, bool) {
	list, ok := v.(*torchfile.List)
	if !ok {
		return nil, false
	}
	var out []float64
	for _, item := range list.Items {
		switch x := item.(type) {
		case int64:
			out = append(out, float64(x))
		case float64:
			out = append(out, x)
		default:
			return nil, false
		}
	}
	return out, true
}

// oldDropout is the dropout of files that do not list it (parse_dropout_structure).
func oldDropout(layers int, use, lastLayer bool) []float64 {
	out := make([]float64, layers)
	if !use {
		return out
	}
	for i := 1; i < layers-2; i++ {
		out[i] = 0.3
	}
	if layers > 2 && lastLayer {
		out[layers-2] = 0.3
	}
	return out
}

func (s settings) check() error {
	n := len(s.structure)
	if n < 2 || n > 16 || s.structure[0] != 1 || s.structure[n-1] != 1 {
		return fmt.Errorf("a layer structure of %v: want up to 16 numbers that begin and end with 1", s.structure)
	}
	for _, x := range s.structure {
		if !(x > 0 && x <= 64) {
			return fmt.Errorf("a layer structure of %v", s.structure)
		}
	}
	if len(s.dropout) != n {
		return fmt.Errorf("a dropout structure of %d numbers for a layer structure of %d", len(s.dropout), n)
	}
	if s.activation != "" && Activations()[s.activation] == nil {
		return fmt.Errorf("the activation %.40q is not supported", s.activation)
	}
	return nil
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
		parts := strings.SplitN(key, ".", 3)
		if len(parts) < 3 {
			return Network{}, fmt.Errorf("no hypernetwork: a tensor called %.60q", key)
		}
		width, err := strconv.Atoi(parts[0])
		side := slices.Index([]string{"0", "1"}, parts[1])
		if err != nil || side < 0 {
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
		both[side][parts[2]] = tensor.Tensor{Shape: shape, Data: data}
		states[width] = both
	}
	return build(s, states)
}

// metadataSettings reads the settings of a safetensors file, each as JSON or as Python writes it.
func metadataSettings(m map[string]string) (settings, error) {
	s := settings{
		name: m["name"], activation: m["activation_func"], structure: []float64{1, 2, 1},
		norm: strings.EqualFold(m["is_layer_norm"], "true"), activateOutput: !strings.EqualFold(m["activate_output"], "false"),
	}
	if strings.EqualFold(s.activation, "none") {
		s.activation = ""
	}
	for name, into := range map[string]*[]float64{"layer_structure": &s.structure, "dropout_structure": &s.dropout} {
		if text := m[name]; text != "" && !strings.EqualFold(text, "none") {
			if err := json.Unmarshal([]byte(text), into); err != nil {
				return s, fmt.Errorf("%s %.60q: want a list of numbers", name, text)
			}
		}
	}
	if s.dropout == nil {
		s.dropout = oldDropout(len(s.structure), strings.EqualFold(m["use_dropout"], "true"),
			strings.EqualFold(m["last_layer_dropout"], "true"))
	}
	return s, s.check()
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

// module puts the layers of a module together, counted as torch's Sequential counts them: a linear layer, its
// activation, its norm, its dropout. Every tensor must have a place.
func (s settings) module(width int, state map[string]tensor.Tensor) (Module, error) {
	left := map[string]tensor.Tensor{}
	for name, t := range state {
		for i, old := range []string{"linear1.", "linear2."} { // the first versions named the two layers
			if rest, ok := strings.CutPrefix(name, old); ok {
				name = fmt.Sprintf("linear.%d.%s", i, rest)
			}
		}
		left[name] = t
	}
	take := func(index int, shape ...int) (*Affine, error) {
		a := &Affine{}
		for name, into := range map[string]*tensor.Tensor{"weight": &a.Weight, "bias": &a.Bias} {
			key := fmt.Sprintf("linear.%d.%s", index, name)
			want := shape
			if name == "bias" {
				want = shape[:1]
			}
			t, ok := left[key]
			if !ok || !slices.Equal(t.Shape, want) || t.Check() != nil || !finite(t) {
				return nil, fmt.Errorf("%s has the shape %v, want numbers of the shape %v", key, t.Shape, want)
			}
			delete(left, key)
			*into = t
		}
		return a, nil
	}
	var m Module
	place, last := 0, len(s.structure)-2
	for i := range last + 1 {
		in, out := int(float64(width)*s.structure[i]), int(float64(width)*s.structure[i+1])
		linear, err := take(place, out, in)
		if err != nil {
			return nil, err
		}
		m, place = append(m, Layer{Linear: linear}), place+1
		if s.activation != "" && s.activation != "linear" && (i < last || s.activateOutput) {
			m, place = append(m, Layer{Activation: s.activation}), place+1
		}
		if s.norm {
			norm, err := take(place, out)
			if err != nil {
				return nil, err
			}
			m, place = append(m, Layer{Norm: norm}), place+1
		}
		if s.dropout[i+1] > 0 {
			place++
		}
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("%d tensors have no place in a layer structure of %v", len(left), s.structure)
	}
	return m, nil
}

func finite(t tensor.Tensor) bool {
	return !slices.ContainsFunc(t.Data, func(x float32) bool { return math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) })
}
