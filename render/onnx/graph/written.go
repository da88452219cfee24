package graph

import "fmt"

// WriteOptions say how a network is written.
type WriteOptions struct {
	Float16 bool // the UNet and the text encoders compute in float16
	// Converted declares each weight in the type that the network computes in, whatever the file has: whoever feeds it
	// converts it once, and no run does.
	Converted bool
	// NoResize has sides doubled by other operations than Resize. The runtime's CUDA provider has no kernel for the
	// version of Resize that opset 20 has; the runtime would compute it on the CPU.
	NoResize bool
	// Branches gives every linear layer a side branch: y = layer(x) + (x·Down)·Up.
	Branches bool
	// Constants has the graph refer to the weights in their files as constants, in place of inputs, so that the runtime
	// can pack them.
	Constants bool
	Hypernets []HypernetShape // in front of a UNet's keys and values; for other networks none
}

// Written is a network that the program wrote itself. Its weights are in the order in which they are read, each is in a
// file, and each has the canonical name of package weightname.
type Written struct {
	Exposed

	Inputs  []Value // without weights, branches and ExtraRows
	Outputs []Value
	// ExtraRows is the input [rows, width] of a text encoder with the embeddings of ids from the vocabulary's end on. It
	// has at least one row. Its name is empty for other networks.
	ExtraRows Value
}

// LayerName is what the output of a written text encoder is called that leaves out so many layers.
func LayerName(skip int) string { return fmt.Sprintf("layer.%d", skip) }
