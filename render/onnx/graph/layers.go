package graph

import (
	"errors"
	"fmt"
	"slices"
)

// LayerOptions says how ExposeLayers reads a network.
type LayerOptions struct {
	Max       int  // the most layers to expose
	Count     int  // how many layers the network has, as its configuration says; 0 where it does not
	FinalNorm bool // expose each layer after a copy of the network's final norm, like the last layer
}

var errUnknownLayers = errors.New("its layers are not recognised")

// ExposeLayers adds the hidden states between a CLIP text encoder's layers to the outputs of its network. The output
// last is that of the last layer, after the final norm.
//
// Names and forms of nodes differ between exporters, so the layers are found by the structure of a transformer: a chain
// of residual connections x + f(x), two in each layer (attention, then the feed-forward part), from the embeddings to
// the final norm. A network of another form, a fused one for example, is refused.
//
// It returns the edited model and its new outputs: the last layer but one, the last but two, and so on.
//
// Each run then writes all these layers, a few megabytes, also those that nobody asked for.
func ExposeLayers(model []byte, last Value, o LayerOptions) ([]byte, []Value, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, nil, fmt.Errorf("expose layers: %w", err)
	}
	var out []byte
	var layers []Value
	for _, f := range fields {
		if f.number != 7 { // ModelProto.graph
			out = append(out, f.raw...)
			continue
		}
		edited, added, err := exposeLayers(f.content, last, o)
		if err != nil {
			return nil, nil, fmt.Errorf("expose layers: %w", err)
		}
		out, layers = appendMessage(out, 7, edited), added
	}
	if len(layers) == 0 {
		return nil, nil, fmt.Errorf("expose layers: %w", errUnknownLayers)
	}
	return out, layers, nil
}

func exposeLayers(message []byte, last Value, o LayerOptions) ([]byte, []Value, error) {
	n, err := parseNetwork(message)
	if err != nil {
		return nil, nil, err
	}
	norm, top, err := n.finalNorm(last.Name)
	if err != nil {
		return nil, nil, err
	}
	inner, err := n.layers(top, o.Count)
	if err != nil {
		return nil, nil, err
	}
	out := slices.Clone(message)
	var layers []Value
	for i, value := range inner[:min(len(inner), o.Max)] {
		v := Value{Name: fmt.Sprintf("darkroom.layer.%d", i+1), Type: last.Type, Dims: last.Dims}
		if o.FinalNorm {
			out = append(out, n.copyNodes(norm, map[string]string{top: value, last.Name: v.Name}, v.Name+"/")...)
		} else {
			cast := append(newNode("Cast", v.Name, value), newIntAttribute("to", int64(v.Type))...)
			out = appendMessage(out, 1, cast)
		}
		out = appendMessage(out, 12, n.copyOutput(last.Name, v.Name))
		layers = append(layers, v)
	}
	return out, layers, nil
}

// layers follows the residual connections down from the last layer and returns the values of the layers below it, the
// embeddings last.
func (n network) layers(top string, count int) ([]string, error) {
	var chain []string
	for x, ok := n.residualInput(top); ok && len(chain) <= len(n.nodes); x, ok = n.residualInput(x) {
		chain = append(chain, x)
	}
	if len(chain)%2 != 0 || len(chain) == 0 || count != 0 && len(chain) != 2*count {
		return nil, fmt.Errorf(
			"%w: %d residual connections, want two for each of %d layers", errUnknownLayers, len(chain), count,
		)
	}
	var inner []string
	for i := 1; i < len(chain); i += 2 {
		inner = append(inner, chain[i])
	}
	return inner, nil
}

// finalNorm finds the nodes between the last layer's value, top, and the output.
func (n network) finalNorm(output string) (norm []int, top string, err error) {
	seen := map[string]bool{}
	for todo := []string{output}; len(todo) > 0; {
		x := todo[0]
		todo = todo[1:]
		if seen[x] {
			continue
		}
		seen[x] = true
		if _, sum := n.residualInput(x); sum && n.skipCasts(x) == x {
			if top != "" {
				return nil, "", errUnknownLayers
			}
			top = x
			continue
		}
		at, made := n.producers[x]
		if !made {
			return nil, "", errUnknownLayers // the network's own input, without a residual connection before it
		}
		if !slices.Contains(norm, at) {
			norm = append(norm, at)
		}
		for _, in := range n.nodes[at].in {
			if n.dependsOnInput[in] {
				todo = append(todo, in)
			}
		}
	}
	slices.Sort(norm)
	if top == "" || len(norm) == 0 {
		return nil, "", errUnknownLayers
	}
	return norm, top, nil
}
