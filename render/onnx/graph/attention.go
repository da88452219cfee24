package graph

import (
	"fmt"
	"slices"
)

// FuseAttention edits a network in memory so that attention that was exported as two multiplications with a softmax
// between them becomes one operation of ONNX Runtime's own, com.microsoft.MultiHeadAttention. That never holds the
// whole matrix of attention weights: 512 MiB for each image of 512×512 pixels in the first layer of Stable Diffusion 1.
// What it does not recognise stays as it is.
//
// It recognises torch's scaled_dot_product_attention as torch.onnx.export writes it for diffusers:
//
//	softmax(Transpose(Reshape(q))·√s × Transpose(Reshape(k))·√s) × Transpose(Reshape(v)), transposed and reshaped back
func FuseAttention(model []byte) ([]byte, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, fmt.Errorf("fuse attention: %w", err)
	}
	var out []byte
	fused, known := 0, false
	for _, f := range fields {
		switch {
		case f.number == 7: // ModelProto.graph
			var edited []byte
			if edited, fused, err = fuseGraph(f.content); err != nil {
				return nil, fmt.Errorf("fuse attention: %w", err)
			}
			out = appendMessage(out, 7, edited)
			continue
		case f.number == 8 && stringField(splitOrNil(f.content), 1) == ortDomain: // opset_import
			known = true
		}
		out = append(out, f.raw...)
	}
	if fused == 0 {
		return model, nil
	}
	if !known { // OperatorSetIdProto: domain = 1, version = 2
		out = appendMessage(out, 8, appendNumber(appendMessage(nil, 1, []byte(ortDomain)), 2, 1))
	}
	return out, nil
}

// ortDomain is the domain of the operators that only ONNX Runtime has.
const ortDomain = "com.microsoft"

// splitOrNil divides a message into its fields; a malformed one has none.
func splitOrNil(message []byte) []rawField {
	fields, err := splitFields(message)
	if err != nil {
		return nil
	}
	return fields
}

// fuseGraph edits a GraphProto: node = 1, initializer = 5.
func fuseGraph(message []byte) (out []byte, fused int, err error) {
	n, err := parseNetwork(message)
	if err != nil {
		return nil, 0, err
	}
	f := fuser{network: n, consumers: map[string][]int{}, weights: map[string][]rawField{}, replacements: map[int][]byte{}}
	fields, err := splitFields(message)
	if err != nil {
		return nil, 0, err
	}
	for _, field := range fields {
		if field.number == 5 {
			weight := splitOrNil(field.content)
			f.weights[stringField(weight, 8)] = weight
		}
	}
	if f.hasSubgraphs() {
		return message, 0, nil // values that a subgraph reads from outside are not followed
	}
	f.fuse()
	if len(f.replacements) == 0 {
		return message, 0, nil
	}
	unread := f.unusedNodes()
	at := -1
	for _, field := range fields {
		if field.number != 1 {
			out = append(out, field.raw...)
			continue
		}
		at++
		switch {
		case f.replacements[at] != nil:
			out = appendMessage(out, 1, f.replacements[at])
		case !unread[at]:
			out = append(out, field.raw...)
		}
	}
	return out, len(f.replacements), nil
}

// fuser finds attention in a network.
type fuser struct {
	network
	consumers    map[string][]int      // by value; twice -1 for the network's outputs
	weights      map[string][]rawField // TensorProtos by name
	replacements map[int][]byte        // by node: the node that replaces it
}

// hasSubgraphs says whether a node has a graph of its own: AttributeProto g = 6, graphs = 11.
func (f *fuser) hasSubgraphs() bool {
	for _, x := range f.nodes {
		for _, field := range x.fields {
			if field.number == 5 &&
				slices.ContainsFunc(splitOrNil(field.content), func(p rawField) bool { return p.number == 6 || p.number == 11 }) {
				return true
			}
		}
	}
	return false
}

func (f *fuser) fuse() {
	for i, x := range f.nodes {
		for _, in := range x.in {
			f.consumers[in] = append(f.consumers[in], i)
		}
	}
	for _, output := range f.outputs { // read by the caller, too
		name := stringField(output, 1)
		f.consumers[name] = append(f.consumers[name], -1, -1)
	}
	for i, x := range f.nodes {
		if x.op != "Softmax" || len(x.out) != 1 || intAttribute(attribute(x.fields, "axis"), -1) != -1 {
			continue
		}
		if at, fused := f.matchAttention(i); fused != nil {
			f.replacements[at] = fused
		}
	}
}

// matchAttention follows the network up and down from a softmax. It returns the last node of the attention, and the
// node that replaces it; nil where anything differs from the known form.
func (f *fuser) matchAttention(softmax int) (last int, fused []byte) {
	scores, ok := f.producedBy(f.nodes[softmax].in[0], "MatMul")
	if !ok {
		return 0, nil
	}
	mixed, ok := f.soleConsumer(f.nodes[softmax].out[0], "MatMul")
	if !ok || f.skipCasts(f.nodes[mixed].in[0]) != f.nodes[softmax].out[0] {
		return 0, nil
	}
	q, ok1 := f.matchScaled(f.nodes[scores].in[0], 0, 2, 1, 3)
	k, ok2 := f.matchScaled(f.nodes[scores].in[1], 0, 2, 3, 1)
	v, ok3 := f.matchHeads(f.nodes[mixed].in[1], 0, 2, 1, 3)
	if !ok1 || !ok2 || !ok3 || q.heads < 1 || q.heads != k.heads || q.heads != v.heads ||
		q.defaultScale != k.defaultScale {
		return 0, nil
	}
	transposed, ok := f.soleConsumer(f.nodes[mixed].out[0], "Transpose")
	if !ok || !f.hasPerm(transposed, 0, 2, 1, 3) {
		return 0, nil
	}
	if last, ok = f.soleConsumer(f.nodes[transposed].out[0], "Reshape"); !ok {
		return 0, nil
	}
	b := newNode("MultiHeadAttention", f.nodes[last].out[0], q.value, k.value, v.value)
	b = append(b, newIntAttribute("num_heads", int64(q.heads))...)
	if !q.defaultScale {
		b = append(b, newFloatAttribute("scale", float32(q.scale*k.scale))...)
	}
	return last, appendMessage(b, 7, []byte(ortDomain)) // NodeProto.domain
}
