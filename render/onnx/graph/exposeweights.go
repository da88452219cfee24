package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Exposed is a network whose long weights, and those of all layers, are inputs, so that each run can be given others.
// Its linear layers have a side branch for low-rank changes.
type Exposed struct {
	Model     []byte
	Weights   []ExposedWeight
	Branches  []BranchInput
	Hypernets []HypernetInput
}

// ExposedWeight is a weight that became an input, and where its numbers are.
type ExposedWeight struct {
	Value
	Stored         Type   // in the file; whoever feeds another type converts the numbers
	Data           []byte // of a short weight; nil for one in a file
	File           string // relative to the model's folder
	Offset, Length int64  // in bytes
	Module         string // that it is the weight of, as "down_blocks.0.resnets.0.conv1"; "" where that is not known
	Transposed     bool   // it lies as [in, out], as exporters write a linear layer on rows of tokens
}

// CanonicalName is the weight's name as package weightname has it, which is not always that of the input.
func (w ExposedWeight) CanonicalName() string {
	if w.Module != "" {
		return w.Module + ".weight"
	}
	return w.Name
}

// BranchInput is a linear layer's side branch: y = layer(x) + (x·Down)·Up. Its rank may be any, also 0.
type BranchInput struct {
	Module   string
	Down, Up Value // [in, rank] and [rank, out]
}

// ExposeWeights edits a network in memory: see Exposed. The model comes from ReadSkeleton, so that its long weights lie
// in files, and may be widened.
//
// Which module a weight belongs to is told by its name, "down_blocks.0.resnets.0.conv1.weight", or where the exporter
// made a new one (onnx::MatMul_1234) by the name of the node that reads it: torch writes the path of the module there,
// "/down_blocks.0/attentions.0/proj_in/MatMul".
//
// hypernets are written in front of the layers that make keys and values: see Hypernets.
func ExposeWeights(model []byte, hypernets ...HypernetShape) (Exposed, error) {
	n, weights, err := parseModel(model)
	if err != nil {
		return Exposed{}, fmt.Errorf("expose weights: %w", err)
	}
	e := exposer{network: n, weights: weights, layers: map[int]layer{}, readers: map[string][]layer{}}
	e.findLayers()
	if e.hypernets, err = NewHypernets(hypernets, e.kind()); err != nil {
		return Exposed{}, err
	}
	e.Hypernets = e.hypernets.Inputs
	out, err := rewriteFields(model, edits{7: e.graph})
	if err != nil {
		return Exposed{}, fmt.Errorf("expose weights: %w", err)
	}
	e.Model = out
	return e.Exposed, nil
}

// exposer edits one network.
type exposer struct {
	Exposed
	network
	weights map[string][]rawField // TensorProtos by name
	layers  map[int]layer         // by node
	readers map[string][]layer    // by weight

	hypernets *Hypernets
}

// layer is a node that multiplies by a module's weight.
type layer struct {
	weight, module string
	transposed     bool
	kind           Type // that it computes in; 0 for the weight's own
}

// findLayers follows each layer's weight back to where it is stored.
func (e *exposer) findLayers() {
	for at, x := range e.nodes {
		operand := 1
		if !slices.Contains([]string{"MatMul", "Gemm", "Conv"}, x.op) || len(x.in) <= operand {
			continue
		}
		// A MatMul reads [in, out]; a Gemm reads [out, in] where it transposes.
		transposed := x.op == "MatMul" || x.op == "Gemm" && attributeInt(x.fields, "transB", 0) == 0
		weight, kind := x.in[operand], Type(0)
		for range e.nodes {
			made, ok := e.producers[weight]
			if !ok || !slices.Contains([]string{"Cast", "Identity", "Transpose"}, e.nodes[made].op) {
				break
			}
			transposed = transposed != (e.nodes[made].op == "Transpose")
			if e.nodes[made].op == "Cast" && kind == 0 {
				kind = Type(attributeInt(e.nodes[made].fields, "to", 0))
			}
			weight = e.nodes[made].in[0]
		}
		if e.weights[weight] != nil {
			found := layer{weight, moduleName(weight, x), transposed, kind}
			e.layers[at], e.readers[weight] = found, append(e.readers[weight], found)
		}
	}
}

// moduleName names the module that a weight belongs to.
func moduleName(weight string, reader node) string {
	if name, ok := weightOf(weight); ok {
		return name
	}
	path := strings.Split(strings.TrimPrefix(stringField(reader.fields, 3), "/"), "/")
	return strings.Join(path[:len(path)-1], ".")
}

// weightOf returns the module whose weight has a name that the exporter kept.
func weightOf(name string) (module string, ok bool) {
	module, ok = strings.CutSuffix(strings.TrimPrefix(name, narrowName("")), ".weight")
	if !ok {
		return "", false
	}
	return module, true
}

// graph edits a GraphProto: node = 1, initializer = 5, input = 11.
func (e *exposer) graph(message []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	var out []byte
	at := -1
	for _, f := range fields {
		switch f.number {
		case 1:
			at++
			out = append(out, e.node(at, f)...)
		case 5:
			w := splitOrNil(f.content)
			if input, ok := e.expose(w); ok {
				out = appendMessage(out, 11, input)
				continue
			}
			out = append(out, f.raw...)
		case 11:
			if e.weights[stringField(splitOrNil(f.content), 1)] != nil {
				continue // before IR version 4 a weight was an input too
			}
			out = append(out, f.raw...)
		default:
			out = append(out, f.raw...)
		}
	}
	for _, b := range e.Branches {
		out = appendMessage(out, 11, EncodeValue(b.Down))
		out = appendMessage(out, 11, EncodeValue(b.Up))
	}
	for _, in := range e.Hypernets {
		out = appendMessage(out, 11, EncodeValue(in.Value))
	}
	return out, nil
}

// isExternal says whether a TensorProto's numbers lie in a file: data_location = 14, where EXTERNAL is 1.
func isExternal(weight []rawField) bool {
	return slices.ContainsFunc(weight, func(f rawField) bool { return f.number == 14 && f.value == 1 })
}

// expose makes an input of a weight that lies in a file, or that is a layer's: dims = 1, raw_data = 9, external_data =
// 13.
func (e *exposer) expose(weight []rawField) (input []byte, ok bool) {
	dims, err := repeatedInts(weight, 1)
	w := ExposedWeight{
		Value:  Value{Name: stringField(weight, 8), Type: typeOf(weight), Dims: make([]int, len(dims))},
		Stored: typeOf(weight),
	}
	raw := slices.IndexFunc(weight, func(f rawField) bool { return f.number == 9 })
	if raw >= 0 && len(e.readers[w.Name]) > 0 {
		w.Data, w.Length = weight[raw].content, int64(len(weight[raw].content))
	} else if !isExternal(weight) || err != nil {
		return nil, false
	}
	for i, d := range dims {
		w.Dims[i] = int(d)
	}
	for _, f := range weight {
		if f.number != 13 {
			continue
		}
		pair := splitOrNil(f.content)
		number, _ := strconv.ParseInt(stringField(pair, 2), 10, 64) // of a location it is not read
		switch stringField(pair, 1) {
		case "location":
			w.File = stringField(pair, 2)
		case "offset":
			w.Offset = number
		case "length":
			w.Length = number
		}
	}
	readers := e.readers[w.Name]
	switch {
	case len(readers) > 0 && !slices.ContainsFunc(readers, func(l layer) bool { return l != readers[0] }):
		w.Module, w.Transposed = readers[0].module, readers[0].transposed
	case len(readers) == 0:
		if e.isTable(w.Name) { // rows may be appended
			w.Dims[0] = 0
		}
		w.Module, _ = weightOf(w.Name) // of a norm or an embedding
	}
	e.Weights = append(e.Weights, w)
	return EncodeValue(w.Value), true
}

// isTable says whether rows of a weight are looked up by their number, as those of a text encoder's embeddings.
func (e *exposer) isTable(weight string) bool {
	return slices.ContainsFunc(e.nodes, func(x node) bool {
		return x.op == "Gather" && len(x.in) == 2 && e.skipCasts(x.in[0]) == weight && attributeInt(x.fields, "axis", 0) == 0
	})
}

// EncodeValue makes a ValueInfoProto: name = 1, type = 2; in TypeProto tensor_type = 1; in its Tensor elem_type = 1,
// shape = 2; in TensorShapeProto dim = 1; in Dimension dim_value = 1. A dimension of 0 is free: it has no value.
func EncodeValue(v Value) []byte {
	var shape []byte
	for _, d := range v.Dims {
		var dim []byte
		if d > 0 {
			dim = appendNumber(nil, 1, uint64(d))
		}
		shape = appendMessage(shape, 1, dim)
	}
	tensor := appendMessage(appendNumber(nil, 1, uint64(v.Type)), 2, shape)
	return appendMessage(appendMessage(nil, 1, []byte(v.Name)), 2, appendMessage(nil, 1, tensor))
}
