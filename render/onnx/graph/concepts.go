package graph

import (
	"errors"
	"fmt"
)

// The outputs that ExposeConcepts gives a network, float32 [n, concepts].
const (
	LikenessOutput = "darkroom.likeness"
	MarginOutput   = "darkroom.margin"
)

var errUnknownComparison = errors.New("it does not compare images with concepts as Stable Diffusion's checker does")

// ExposeConcepts edits the network of a safety checker in diffusers' layout, whose output flagged says of each image
// only whether it shows a concept, so that it gives the numbers behind that in place of its outputs: LikenessOutput,
// the cosine of the image and each concept, and MarginOutput, by how much that is above the concept's threshold. What
// is above 0 there flags the image. Only the input pixels stays: the network does not get the images that it would
// blacken. It also returns how many concepts there are.
//
// Names and forms of nodes differ between exporters, so the numbers are found by what happens to them: the comparison
// whose results are summed up to flagged, and before it the product whose sum with other terms is compared.
func ExposeConcepts(model []byte, pixels, flagged string) (edited []byte, count int, err error) {
	n, weights, err := parseModel(model)
	if err != nil {
		return nil, 0, fmt.Errorf("expose concepts: %w", err)
	}
	at, ok := n.comparison(flagged)
	if !ok {
		return nil, 0, fmt.Errorf("expose concepts: %w", errUnknownComparison)
	}
	compared, threshold := n.nodes[at].in[0], n.nodes[at].in[1]
	likeness, constants := n.product(compared)
	if count = vectorLength(append(constants, threshold), n, weights); likeness == "" || count == 0 {
		return nil, 0, fmt.Errorf("expose concepts: %w", errUnknownComparison)
	}
	difference := MarginOutput + ".own"
	nodes := appendMessage(nil, 1, newCast(LikenessOutput, likeness, Float))
	nodes = appendMessage(nodes, 1, newNode("Sub", difference, compared, threshold))
	nodes = appendMessage(nodes, 1, newCast(MarginOutput, difference, Float))
	for _, name := range []string{LikenessOutput, MarginOutput} {
		nodes = appendMessage(nodes, 12, EncodeValue(Value{Name: name, Type: Float, Dims: []int{0, count}}))
	}
	keep := n.ancestors(compared, threshold, likeness)
	edited, err = rewriteFields(model, edits{7: func(message []byte) ([]byte, error) {
		return withOutputs(message, n, keep, pixels, nodes)
	}})
	return edited, count, err
}

func newCast(out, in string, kind Type) []byte {
	return append(newNode("Cast", out, in), newIntAttribute("to", int64(kind))...)
}

// vectorLength is the length of the first weight of one dimension among some values; 0 for none.
func vectorLength(values []string, n network, weights map[string][]rawField) int {
	for _, value := range values {
		dims, err := repeatedInts(weights[n.skipCasts(value)], 1) // TensorProto.dims
		if err == nil && len(dims) == 1 && dims[0] > 0 && dims[0] <= maxConcepts {
			return int(dims[0])
		}
	}
	return 0
}

// maxConcepts bounds how many concepts a checker has; Stable Diffusion's has 17.
const maxConcepts = 1 << 12

// comparison finds the node that compares numbers with thresholds, going back from what its results are summed up to.
func (n network) comparison(flagged string) (at int, ok bool) {
	value := flagged
	for range n.nodes { // so that a network with a cycle ends
		i, made := n.producers[value]
		if !made || len(n.nodes[i].in) == 0 {
			return at, ok
		}
		switch x := n.nodes[i]; x.op {
		case "Greater":
			if len(x.in) != 2 || !n.dependsOnInput[x.in[0]] || n.dependsOnInput[x.in[1]] {
				return 0, false
			}
			at, ok = i, true
		case "Cast", "Identity", "ReduceSum", "ReduceMax", "Reshape", "Squeeze":
		default:
			return at, ok
		}
		value = n.nodes[i].in[0]
	}
	return 0, false
}

// product finds the matrix product among the terms of a sum, "" for none, and the terms that depend on no input.
func (n network) product(value string) (product string, constants []string) {
	seen := map[string]bool{}
	for todo := []string{value}; len(todo) > 0; {
		x := todo[0]
		todo = todo[1:]
		i, made := n.producers[x]
		switch {
		case seen[x]:
			continue
		case !n.dependsOnInput[x]:
			constants = append(constants, x)
			continue
		case !made:
			continue
		}
		seen[x] = true
		switch n.nodes[i].op {
		case "MatMul", "Gemm":
			if product == "" {
				product = x
			}
		case "Add", "Sub", "Cast", "Identity":
			todo = append(todo, n.nodes[i].in...)
		}
	}
	return product, constants
}

// ancestors marks the nodes that values are computed by.
func (n network) ancestors(values ...string) []bool {
	seen := make([]bool, len(n.nodes))
	for todo := values; len(todo) > 0; {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if at, made := n.producers[x]; made && !seen[at] {
			seen[at] = true
			todo = append(todo, n.nodes[at].in...)
		}
	}
	return seen
}

// withOutputs writes a graph with some of its nodes, one input, and more fields in place of its outputs. In GraphProto
// node = 1, initializer = 5, input = 11, output = 12.
func withOutputs(message []byte, n network, keep []bool, input string, more []byte) ([]byte, error) {
	fields, err := splitFields(message)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(message)+len(more))
	at := 0
	for _, f := range fields {
		switch f.number {
		case 1:
			if at++; !keep[at-1] {
				continue
			}
		case 11:
			if name := stringField(splitOrNil(f.content), 1); name != input && n.dependsOnInput[name] {
				continue
			}
		case 12:
			continue
		}
		out = append(out, f.raw...)
	}
	return append(out, more...), nil
}

// OutputOperator is the operator that makes an output, without casts after it; "" where that cannot be told.
func OutputOperator(model []byte, output string) string {
	n, _, err := parseModel(model)
	if err != nil {
		return ""
	}
	if at, made := n.producers[n.skipCasts(output)]; made {
		return n.nodes[at].op
	}
	return ""
}
