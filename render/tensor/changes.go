package tensor

// Branch is a low-rank change of a linear layer: y = layer(x) + (x·Down)·Up.
type Branch struct {
	Down Tensor // [in, rank]
	Up   Tensor // [rank, out], with the strength multiplied in
}

// Changes are what add-ons change in one network. Modules and weights have their canonical names (package weightname).
type Changes struct {
	Branches map[string]Branch // by linear layer: "down_blocks.0.attentions.0.proj_in"
	// Weights replace those of the model, by name ("conv_in.weight"), in the canonical shape: a linear layer's is
	// [out, in].
	Weights map[string]Tensor
	// ExtraRows are embeddings [rows, width] of a text encoder, for the ids from the end of its vocabulary on. Empty for
	// none.
	ExtraRows Tensor
}

// Empty says that nothing is changed.
func (c Changes) Empty() bool { return len(c.Branches) == 0 && len(c.Weights) == 0 && c.ExtraRows.Empty() }
