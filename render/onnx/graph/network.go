package graph

// network is a GraphProto whose values can be followed.
type network struct {
	nodes          []node
	outputs        [][]rawField
	producers      map[string]int  // by value: the node it comes from
	dependsOnInput map[string]bool // values that depend on the network's inputs
}

// node is one NodeProto.
type node struct {
	fields  []rawField
	op      string
	in, out []string
}

// parseNetwork reads a graph: node = 1, initializer = 5, input = 11, output = 12.
func parseNetwork(message []byte) (network, error) {
	fields, err := splitFields(message)
	if err != nil {
		return network{}, err
	}
	n := network{producers: map[string]int{}, dependsOnInput: map[string]bool{}}
	weights := map[string]bool{}
	for _, f := range fields {
		if f.number != 1 && f.number != 5 && f.number != 11 && f.number != 12 {
			continue
		}
		inside, err := splitFields(f.content)
		if err != nil {
			return network{}, err
		}
		switch f.number {
		case 1:
			n.add(inside)
		case 5:
			weights[stringField(inside, 8)] = true
		case 11:
			n.dependsOnInput[stringField(inside, 1)] = true
		case 12:
			n.outputs = append(n.outputs, inside)
		}
	}
	for name := range weights { // before IR version 4 a weight was an input too
		delete(n.dependsOnInput, name)
	}
	n.markDependent()
	return n, nil
}

// add takes the next node: input = 1, output = 2, op_type = 4.
func (n *network) add(fields []rawField) {
	x := node{fields: fields, op: stringField(fields, 4)}
	for _, f := range fields {
		switch f.number {
		case 1:
			x.in = append(x.in, string(f.content))
		case 2:
			x.out = append(x.out, string(f.content))
		}
	}
	for _, out := range x.out {
		n.producers[out] = len(n.nodes)
	}
	n.nodes = append(n.nodes, x)
}

// markDependent follows the inputs through the nodes. ONNX orders nodes so that each value is produced before it is
// read.
func (n *network) markDependent() {
	for _, x := range n.nodes {
		for _, in := range x.in {
			if n.dependsOnInput[in] {
				for _, out := range x.out {
					n.dependsOnInput[out] = true
				}
				break
			}
		}
	}
}

// skipCasts goes back over nodes that change only the type.
func (n network) skipCasts(value string) string {
	for range n.nodes { // so that a network with a cycle ends
		at, made := n.producers[value]
		if !made || n.nodes[at].op != "Cast" && n.nodes[at].op != "Identity" || len(n.nodes[at].in) == 0 {
			return value
		}
		value = n.nodes[at].in[0]
	}
	return value
}

// residualInput returns x where value is a sum x + f(x).
func (n network) residualInput(value string) (x string, ok bool) {
	at, made := n.producers[n.skipCasts(value)]
	if !made || n.nodes[at].op != "Add" || len(n.nodes[at].in) != 2 {
		return "", false
	}
	a, b := n.nodes[at].in[0], n.nodes[at].in[1]
	if !n.dependsOnInput[a] || !n.dependsOnInput[b] {
		return "", false // a bias, for example
	}
	if x := n.skipCasts(a); n.dependsOn(b, x) {
		return x, true
	}
	if x := n.skipCasts(b); n.dependsOn(a, x) {
		return x, true
	}
	return "", false
}

// dependsOn says whether a value is computed from another.
func (n network) dependsOn(value, on string) bool {
	seen := make([]bool, len(n.nodes))
	for todo := []string{value}; len(todo) > 0; {
		x := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if x == on {
			return true
		}
		if at, made := n.producers[x]; made && !seen[at] {
			seen[at] = true
			todo = append(todo, n.nodes[at].in...)
		}
	}
	return false
}

// copyNodes writes copies of nodes, with some values renamed and everything they produce under a prefix.
func (n network) copyNodes(nodes []int, names map[string]string, prefix string) []byte {
	for _, at := range nodes {
		for _, out := range n.nodes[at].out {
			if names[out] == "" && out != "" {
				names[out] = prefix + out
			}
		}
	}
	var all []byte
	for _, at := range nodes {
		var b []byte
		for _, f := range n.nodes[at].fields {
			text := string(f.content)
			switch {
			case f.number <= 2 && names[text] != "":
				b = appendMessage(b, f.number, []byte(names[text]))
			case f.number == 3: // the node's own name
				b = appendMessage(b, 3, []byte(prefix+text))
			default:
				b = append(b, f.raw...)
			}
		}
		all = appendMessage(all, 1, b)
	}
	return all
}

// copyOutput copies an output's ValueInfoProto under another name.
func (n network) copyOutput(like, name string) []byte {
	var b []byte
	for _, fields := range n.outputs {
		if stringField(fields, 1) != like {
			continue
		}
		for _, f := range fields {
			if f.number == 1 {
				b = appendMessage(b, 1, []byte(name))
			} else {
				b = append(b, f.raw...)
			}
		}
	}
	return b
}
