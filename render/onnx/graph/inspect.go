package graph

// ConvChannels is how many channels the first convolution of an input reads, by the shape of its weight: for exports
// that leave the number open. 0 where that cannot be told.
func ConvChannels(model []byte, input string) int {
	n, weights, err := parseModel(model)
	if err != nil {
		return 0
	}
	for _, x := range n.nodes {
		if x.op != "Conv" || len(x.in) < 2 || n.skipCasts(x.in[0]) != input {
			continue
		}
		dims, err := repeatedInts(weights[n.skipCasts(x.in[1])], 1) // TensorProto.dims
		if err == nil && len(dims) == 4 && attributeInt(x.fields, "group", 1) == 1 {
			return int(dims[1]) // of [out, in, height, width]
		}
	}
	return 0
}

// Operators lists the operators of a network that have one of some names, each once.
func Operators(model []byte, names ...string) []string {
	n, _, err := parseModel(model)
	if err != nil {
		return nil
	}
	there := map[string]bool{}
	for _, x := range n.nodes {
		there[x.op] = true
	}
	var found []string
	for _, name := range names {
		if there[name] {
			found = append(found, name)
		}
	}
	return found
}

// parseModel reads the graph of a ModelProto, and the TensorProtos of its weights by name.
func parseModel(model []byte) (network, map[string][]rawField, error) {
	message, err := onlyGraph(model)
	if err != nil {
		return network{}, nil, err
	}
	n, err := parseNetwork(message)
	if err != nil {
		return network{}, nil, err
	}
	fields, err := splitFields(message)
	if err != nil {
		return network{}, nil, err
	}
	weights := map[string][]rawField{}
	for _, f := range fields {
		if f.number != 5 { // GraphProto.initializer
			continue
		}
		tensor, err := splitFields(f.content)
		if err != nil {
			return network{}, nil, err
		}
		weights[stringField(tensor, 8)] = tensor
	}
	return n, weights, nil
}

// onlyGraph returns ModelProto.graph.
func onlyGraph(model []byte) ([]byte, error) {
	fields, err := splitFields(model)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if f.number == 7 {
			return f.content, nil
		}
	}
	return nil, errMalformed
}

// attributeInt is the value of a node's integer attribute.
func attributeInt(node []rawField, name string, otherwise int64) int64 {
	if a := attribute(node, name); a != nil {
		return intAttribute(a, otherwise)
	}
	return otherwise
}
