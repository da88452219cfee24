package hypernet

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/addon/torchfile"
)

// settings are what a file says of its modules' structure.
type settings struct {
	name           string
	structure      []float64 // widths of layers, as multiples of the context's
	activation     string
	norm           bool
	activateOutput bool
	dropout        []float64 // of each layer: it takes a place in the numbering
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

// Activations names the activations that a hypernetwork may have, as A1111 does: torch's, in lower case, but "swish",
// which is Hardswish there.
func Activations() []string {
	return []string{
		"celu", "elu", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "leakyrelu", "linear",
		"logsigmoid", "mish", "relu", "relu6", "rrelu", "selu", "sigmoid", "silu",
		"softplus", "softshrink", "softsign", "swish", "tanh", "tanhshrink",
	}
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
	if s.activation != "" && !slices.Contains(Activations(), s.activation) {
		return fmt.Errorf("the activation %.40q is not supported", s.activation)
	}
	return nil
}

// metadataSettings reads the settings of a safetensors file, each as JSON or as Python writes it.
func metadataSettings(m map[string]string) (settings, error) {
	s := settings{
		name: m["name"], activation: m["activation_func"], structure: []float64{1, 2, 1},
		norm:           strings.EqualFold(m["is_layer_norm"], "true"),
		activateOutput: !strings.EqualFold(m["activate_output"], "false"),
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
