package graph

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/tensor"
)

// HypernetShape says what a hypernetwork's modules are made of, by the width of the context that they change: one for
// what keys are made of, one for values. In an attention whose context x has that width, the keys are made of
// x + strength·layers(x).
type HypernetShape map[int][2][]HypernetLayer

// HypernetLayer is a layer of a module: HypernetLinear, HypernetNorm (In and Out are its width), or an activation by
// A1111's name.
type HypernetLayer struct {
	Op      string
	In, Out int // 0 for an activation
}

// The layers of a module that have weights.
const (
	HypernetLinear = "Linear"
	HypernetNorm   = "LayerNorm"
)

// HypernetInput is an input for the numbers of a hypernetwork.
type HypernetInput struct {
	Value
	Net    int // which of several hypernetworks
	Width  int // of the context; 0 for the strength, which is one for a hypernetwork
	Module int // 0 keys, 1 values
	Layer  int
	Bias   bool // a layer's bias; else its weight: of a linear layer [in, out]
}

// Hypernets writes hypernetworks into a graph, one after the other.
type Hypernets struct {
	Inputs []HypernetInput

	nodes, initializers []byte // fields of a GraphProto that nobody took yet
	shapes              []HypernetShape
	kind                Type
	changed             map[string]string // contexts that were changed, by what they were
	constants           map[float32]bool
	count               int
}

// NewHypernets begins with the inputs of some hypernetworks; kind is what the network computes in. An activation that
// is not known is an error.
func NewHypernets(shapes []HypernetShape, kind Type) (*Hypernets, error) {
	h := &Hypernets{shapes: shapes, kind: kind, changed: map[string]string{}, constants: map[float32]bool{}}
	for net, shape := range shapes {
		h.input(HypernetInput{Net: net, Value: Value{Name: strengthName(net), Dims: []int{1}}})
		for _, width := range slices.Sorted(maps.Keys(shape)) {
			for module, layers := range shape[width] {
				for i, layer := range layers {
					if err := h.declare(net, width, module, i, layer); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return h, nil
}

func (h *Hypernets) input(in HypernetInput) {
	in.Type = h.kind
	h.Inputs = append(h.Inputs, in)
}

func (h *Hypernets) declare(net, width, module, i int, layer HypernetLayer) error {
	of := HypernetInput{Net: net, Width: width, Module: module, Layer: i}
	weight, bias := of, of
	bias.Bias = true
	weight.Name, bias.Name = h.names(net, width, module, i)
	bias.Dims = []int{layer.Out}
	switch layer.Op {
	case HypernetLinear:
		weight.Dims = []int{layer.In, layer.Out}
	case HypernetNorm:
		weight.Dims = []int{layer.Out}
	default:
		if activations[layer.Op] == nil {
			return fmt.Errorf("hypernetwork: the activation %.40q is not supported", layer.Op)
		}
		return nil
	}
	h.input(weight)
	h.input(bias)
	return nil
}

func strengthName(net int) string { return fmt.Sprintf("darkroom.hypernet.%d", net) }

func (h *Hypernets) names(net, width, module, layer int) (weight, bias string) {
	name := fmt.Sprintf("darkroom.hypernet.%d.%d.%d.%d", net, width, module, layer)
	return name + ".weight", name + ".bias"
}

// Change returns what a layer reads in place of its context: module is its module's name, width that of the context.
// Layers that make no keys or values, and widths that no hypernetwork knows, keep what they have.
func (h *Hypernets) Change(context, module string, width int) string {
	which := strings.LastIndexByte(module, '.')
	at := slices.Index([]string{".to_k", ".to_v"}, module[max(which, 0):])
	if at < 0 {
		return context
	}
	key := fmt.Sprint(at, " ", context)
	if h.changed[key] == "" {
		x := context
		for net, shape := range h.shapes {
			if modules, ok := shape[width]; ok {
				x = h.change(x, net, width, at, modules[at])
			}
		}
		h.changed[key] = x
	}
	return h.changed[key]
}

// Take returns the nodes and the initializers, as fields of a GraphProto, that were written since the last call.
func (h *Hypernets) Take() (nodes, initializers []byte) {
	nodes, initializers = h.nodes, h.initializers
	h.nodes, h.initializers = nil, nil
	return nodes, initializers
}

func (h *Hypernets) change(x string, net, width, module int, layers []HypernetLayer) string {
	y := x
	for i, layer := range layers {
		weight, bias := h.names(net, width, module, i)
		switch layer.Op {
		case HypernetLinear:
			y = h.node("Add", h.node("MatMul", y, weight), bias)
		case HypernetNorm:
			y = h.nodeWith("LayerNormalization", []string{y, weight, bias}, newIntAttribute("axis", -1),
				newFloatAttribute("epsilon", 1e-5))
		default:
			y = activations[layer.Op](h, y)
		}
	}
	return h.node("Add", x, h.node("Mul", y, strengthName(net)))
}

func (h *Hypernets) node(op string, in ...string) string { return h.nodeWith(op, in) }

func (h *Hypernets) nodeWith(op string, in []string, attributes ...[]byte) string {
	h.count++
	out := "darkroom.hypernet.y" + strconv.Itoa(h.count)
	n := newNode(op, out, in...)
	for _, a := range attributes {
		n = append(n, a...)
	}
	h.nodes = appendMessage(h.nodes, 1, n)
	return out
}

// number is a scalar constant: in TensorProto data_type = 2, name = 8, raw_data = 9.
func (h *Hypernets) number(v float32) string {
	name := fmt.Sprintf("darkroom.hypernet.number %v", v)
	if !h.constants[v] {
		h.constants[v] = true
		raw := binary.LittleEndian.AppendUint32(nil, math.Float32bits(v))
		if h.kind == Float16 {
			raw = binary.LittleEndian.AppendUint16(nil, tensor.ToFloat16(v))
		}
		t := appendMessage(appendNumber(nil, 2, uint64(h.kind)), 8, []byte(name))
		h.initializers = appendMessage(h.initializers, 5, appendMessage(t, 9, raw))
	}
	return name
}

// activations write torch's activations with their default settings, by the names that A1111 gives them: torch's in
// lower case, but "swish", which is Hardswish (modules/hypernetworks/hypernetwork.py).
var activations = map[string]func(h *Hypernets, x string) string{
	"linear":      func(_ *Hypernets, x string) string { return x },
	"relu":        operation("Relu"),
	"relu6":       func(h *Hypernets, x string) string { return h.clip(x, 0, 6) },
	"hardtanh":    func(h *Hypernets, x string) string { return h.clip(x, -1, 1) },
	"leakyrelu":   operation("LeakyRelu", newFloatAttribute("alpha", 0.01)),
	"rrelu":       operation("LeakyRelu", newFloatAttribute("alpha", (1.0/8+1.0/3)/2)), // the mean of its random slopes
	"elu":         operation("Elu"),
	"celu":        operation("Elu"),
	"selu":        operation("Selu"),
	"sigmoid":     operation("Sigmoid"),
	"tanh":        operation("Tanh"),
	"softplus":    operation("Softplus"),
	"softsign":    operation("Softsign"),
	"hardshrink":  operation("Shrink", newFloatAttribute("lambd", 0.5), newFloatAttribute("bias", 0)),
	"softshrink":  operation("Shrink", newFloatAttribute("lambd", 0.5), newFloatAttribute("bias", 0.5)),
	"hardsigmoid": hardSigmoid,
	"swish":       hardSwish,
	"hardswish":   hardSwish,
	"silu":        func(h *Hypernets, x string) string { return h.node("Mul", x, h.node("Sigmoid", x)) },
	"tanhshrink":  func(h *Hypernets, x string) string { return h.node("Sub", x, h.node("Tanh", x)) },
	"mish":        func(h *Hypernets, x string) string { return h.node("Mul", x, h.node("Tanh", h.node("Softplus", x))) },
	"logsigmoid": func(h *Hypernets, x string) string {
		return h.node("Neg", h.node("Softplus", h.node("Neg", x)))
	},
	"gelu": func(h *Hypernets, x string) string {
		half := h.node("Mul", x, h.number(0.5))
		erf := h.node("Erf", h.node("Mul", x, h.number(1/math.Sqrt2)))
		return h.node("Mul", half, h.node("Add", erf, h.number(1)))
	},
}

func operation(op string, attributes ...[]byte) func(h *Hypernets, x string) string {
	return func(h *Hypernets, x string) string { return h.nodeWith(op, []string{x}, attributes...) }
}

func hardSigmoid(h *Hypernets, x string) string {
	return h.nodeWith("HardSigmoid", []string{x}, newFloatAttribute("alpha", 1.0/6), newFloatAttribute("beta", 0.5))
}

func hardSwish(h *Hypernets, x string) string { return h.node("Mul", x, hardSigmoid(h, x)) }

// clip bounds values, with operations that have had the same form in every version.
func (h *Hypernets) clip(x string, low, high float32) string {
	return h.node("Min", h.node("Max", x, h.number(low)), h.number(high))
}
