package graph

// CopyNetwork is a network that copies: its output y has the numbers of its input x, in another element type where the
// two differ. x may have any shape.
//
// In ModelProto ir_version = 1, graph = 7, opset_import = 8; in OperatorSetIdProto version = 2; in GraphProto node = 1,
// name = 2, input = 11, output = 12. Since opset 19 Cast and Identity take all types.
func CopyNetwork(from, to Type) []byte {
	node := newNode("Identity", "y", "x")
	if from != to {
		node = append(newNode("Cast", "y", "x"), newIntAttribute("to", int64(to))...)
	}
	g := appendMessage(appendMessage(nil, 1, node), 2, []byte("copy"))
	g = appendMessage(g, 11, encodeAnyShape("x", from))
	g = appendMessage(g, 12, encodeAnyShape("y", to))
	m := appendMessage(appendNumber(nil, 1, 9), 7, g)
	return appendMessage(m, 8, appendNumber(nil, 2, 19))
}

// encodeAnyShape makes a ValueInfoProto as EncodeValue does, without a shape.
func encodeAnyShape(name string, kind Type) []byte {
	tensor := appendNumber(nil, 1, uint64(kind))
	return appendMessage(appendMessage(nil, 1, []byte(name)), 2, appendMessage(nil, 1, tensor))
}
