package tensor

// Branch is a low-rank change of a linear layer: y = layer(x) + (x·Down)·Up.
type Branch struct {
	Down Tensor // [in, rank]
	Up   Tensor // [rank, out], with the strength multiplied in
}

// Changes are what add-ons change in one network. Modules and weights have their canonical names (package weightname).
type Changes struct {
	Branches map[string]Branch // by linear layer: "down_blocks.0.attentions.0.proj_in"
	// Weights replace those of the model, by name ("conv_in.weight"): the numbers in the element type of the model's own
	// weight and in its canonical shape, row-major and little-endian. A linear layer's shape is [out, in].
	Weights map[string][]byte
	// ExtraRows are embeddings [rows, width] of a text encoder, for the ids from the end of its vocabulary on. Empty for
	// none.
	ExtraRows Tensor
	Hypernets []Hypernet // of a UNet, one after the other
}

// Hypernet changes what the attentions of a UNet make keys and values of: the context x becomes x + Strength·layers(x).
type Hypernet struct {
	Strength float32
	Widths   map[int][2][]HypernetLayer // by the width of the context: for keys, for values
}

// HypernetLayer is a layer: "Linear" with a weight [in, out], "LayerNorm" with a weight [width], or an activation by
// A1111's name, without numbers.
type HypernetLayer struct {
	Op           string
	Weight, Bias Tensor
}

// Empty says that nothing is changed.
func (c Changes) Empty() bool {
	return len(c.Branches) == 0 && len(c.Weights) == 0 && c.ExtraRows.Empty() && len(c.Hypernets) == 0
}
