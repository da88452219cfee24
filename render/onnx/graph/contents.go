package graph

import (
	"encoding/binary"
	"math"
	"slices"

	"darkroom/render/tensor"
)

// Contents are the operations and weights of a network, for programs that follow it without running it.
type Contents struct {
	Inputs, Outputs []Value // inputs without weights
	Weights         map[string]Tensor
	Nodes           []Node // in the order of the file, in which each value should come before its readers
	// Others names what else the network has, which nothing here describes: functions of its own, sparse weights.
	Others []string
}

// Node is one operation.
type Node struct {
	Op, Domain, Name string
	In, Out          []string // names of values; "" for one that is left out
	Attributes       map[string]Attribute
}

// Attribute is a setting of an operation. The field of its kind is set.
type Attribute struct {
	Int      int64
	Float    float64
	Text     string
	Ints     []int64
	Floats   []float64
	Tensor   *Tensor
	Subgraph bool // it is a network, or several
}

// Tensor is a weight or a constant.
type Tensor struct {
	Value              // a dimension of 0 is empty, not free
	Numbers  []float64 // nil where there are more than maxNumbers, or where they are in another file
	External bool
}

// maxNumbers is how many numbers of a tensor are read. Shapes and scales have fewer.
const maxNumbers = 64

// ReadContents reads a ModelProto that is in memory: graph = 7, functions = 25.
func ReadContents(model []byte) (Contents, error) {
	c := Contents{Weights: map[string]Tensor{}}
	fields, err := splitFields(model)
	if err != nil {
		return c, err
	}
	found := false
	for _, f := range fields {
		switch f.number {
		case 7:
			found = true
			if err := c.readGraph(f.content); err != nil {
				return c, err
			}
		case 25:
			c.Others = append(c.Others, "functions of its own")
		}
	}
	if !found {
		return c, errMalformed
	}
	c.Inputs = slices.DeleteFunc(c.Inputs, func(v Value) bool { _, weight := c.Weights[v.Name]; return weight })
	return c, nil
}

// readGraph reads a GraphProto: node = 1, initializer = 5, input = 11, output = 12, sparse_initializer = 15.
func (c *Contents) readGraph(message []byte) error {
	fields, err := splitFields(message)
	if err != nil {
		return err
	}
	for _, f := range fields {
		switch f.number {
		case 1:
			n, err := readNode(f.content)
			if err != nil {
				return err
			}
			c.Nodes = append(c.Nodes, n)
		case 5:
			t, err := readTensor(f.content)
			if err != nil {
				return err
			}
			c.Weights[t.Name] = t
		case 11, 12:
			v, err := readValue(f.content)
			if err != nil {
				return err
			}
			if f.number == 11 {
				c.Inputs = append(c.Inputs, v)
			} else {
				c.Outputs = append(c.Outputs, v)
			}
		case 15:
			c.Others = append(c.Others, "sparse weights")
		}
	}
	return nil
}

// readNode reads a NodeProto: input = 1, output = 2, name = 3, op_type = 4, attribute = 5, domain = 7.
func readNode(message []byte) (Node, error) {
	n := Node{Attributes: map[string]Attribute{}}
	fields, err := splitFields(message)
	if err != nil {
		return n, err
	}
	n.Name, n.Op, n.Domain = stringField(fields, 3), stringField(fields, 4), stringField(fields, 7)
	for _, f := range fields {
		switch f.number {
		case 1:
			n.In = append(n.In, string(f.content))
		case 2:
			n.Out = append(n.Out, string(f.content))
		case 5:
			name, a, err := readAttribute(f.content)
			if err != nil {
				return n, err
			}
			n.Attributes[name] = a
		}
	}
	return n, nil
}

// readAttribute reads an AttributeProto: name = 1, f = 2, i = 3, s = 4, t = 5, g = 6, floats = 7, ints = 8, graphs =
// 11.
func readAttribute(message []byte) (name string, a Attribute, err error) {
	fields, err := splitFields(message)
	if err != nil {
		return "", a, err
	}
	for _, f := range fields {
		switch f.number {
		case 1:
			name = string(f.content)
		case 2:
			a.Float = float64(fixed32(f))
		case 3:
			a.Int = int64(f.value)
		case 4:
			a.Text = string(f.content)
		case 5:
			t, err := readTensor(f.content)
			if err != nil {
				return name, a, err
			}
			a.Tensor = &t
		case 6, 11:
			a.Subgraph = true
		}
	}
	if a.Ints, err = repeatedInts(fields, 8); err == nil {
		a.Floats, err = repeatedFloats(fields, 7)
	}
	return name, a, err
}

// fixed32 is the number of a field of four bytes.
func fixed32(f rawField) float32 {
	if len(f.raw) < 4 {
		return 0
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(f.raw[len(f.raw)-4:]))
}

// repeatedFloats reads a repeated float32, packed or not.
func repeatedFloats(fields []rawField, number int) (all []float64, err error) {
	for _, f := range fields {
		switch {
		case f.number != number:
		case f.content == nil:
			all = append(all, float64(fixed32(f)))
		case len(f.content)%4 != 0:
			return nil, errMalformed
		default:
			for rest := f.content; len(rest) > 0; rest = rest[4:] {
				all = append(all, float64(math.Float32frombits(binary.LittleEndian.Uint32(rest))))
			}
		}
	}
	return all, nil
}

// readTensor reads a TensorProto: dims = 1, data_type = 2, float_data = 4, int32_data = 5, int64_data = 7, name = 8,
// raw_data = 9, external_data = 13.
func readTensor(message []byte) (Tensor, error) {
	var t Tensor
	fields, err := splitFields(message)
	if err != nil {
		return t, err
	}
	dims, err := repeatedInts(fields, 1)
	if err != nil {
		return t, err
	}
	count := int64(1)
	for _, d := range dims {
		if d < 0 || d > math.MaxInt32 || count > math.MaxInt64/max(d, 1) {
			return t, errMalformed
		}
		count *= d
		t.Dims = append(t.Dims, int(d))
	}
	var raw []byte
	for _, f := range fields {
		switch f.number {
		case 2:
			t.Type = Type(f.value)
		case 9:
			raw = f.content
		case 13:
			t.External = true
		}
	}
	t.Name = stringField(fields, 8)
	if count > maxNumbers || t.External {
		return t, nil
	}
	if t.Numbers, err = tensorNumbers(t.Type, fields, raw); err != nil || int64(len(t.Numbers)) != count {
		t.Numbers = nil // of a type that no shape has, or cut short: whoever runs it will say so
	}
	return t, nil
}

// tensorNumbers reads the numbers of a tensor.
func tensorNumbers(kind Type, fields []rawField, raw []byte) (all []float64, err error) {
	size := map[Type]int{Float: 4, Float16: 2, Double: 8, Int32: 4, Int64: 8}[kind]
	if raw != nil && (size == 0 || len(raw)%size != 0) {
		return nil, errMalformed
	}
	for ; len(raw) > 0; raw = raw[size:] {
		all = append(all, rawNumber(kind, raw))
	}
	if len(all) > 0 {
		return all, nil
	}
	if kind == Float {
		return repeatedFloats(fields, 4)
	}
	number := map[Type]int{Int32: 5, Int64: 7}[kind]
	ints, err := repeatedInts(fields, number)
	for _, n := range ints {
		all = append(all, float64(n))
	}
	return all, err
}

// rawNumber reads the first number of raw data.
func rawNumber(kind Type, raw []byte) float64 {
	switch kind {
	case Float:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	case Float16:
		return float64(tensor.FromFloat16(binary.LittleEndian.Uint16(raw)))
	case Double:
		return math.Float64frombits(binary.LittleEndian.Uint64(raw))
	case Int32:
		return float64(int32(binary.LittleEndian.Uint32(raw)))
	}
	return float64(int64(binary.LittleEndian.Uint64(raw)))
}

// readValue reads a ValueInfoProto: name = 1, type = 2; in TypeProto tensor_type = 1; in its Tensor elem_type = 1,
// shape = 2; in TensorShapeProto dim = 1; in Dimension dim_value = 1.
func readValue(message []byte) (Value, error) {
	fields, err := splitFields(message)
	if err != nil {
		return Value{}, err
	}
	v := Value{Name: stringField(fields, 1)}
	for _, number := range []int{2, 1} {
		if fields, err = splitFields([]byte(stringField(fields, number))); err != nil {
			return v, err
		}
	}
	for _, f := range fields {
		if f.number == 1 {
			v.Type = Type(f.value)
		}
	}
	shape, err := splitFields([]byte(stringField(fields, 2)))
	if err != nil {
		return v, err
	}
	for _, f := range shape {
		if f.number != 1 {
			continue
		}
		d, n := splitOrNil(f.content), 0
		if len(d) > 0 && d[0].number == 1 && d[0].value < math.MaxInt32 {
			n = int(d[0].value)
		}
		v.Dims = append(v.Dims, n)
	}
	return v, nil
}
