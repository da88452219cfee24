// Package network writes the ONNX graphs of Stable Diffusion's networks. It walks the canonical names of a file's
// weights (package weightname), so that variants such as inpainting models and pruned ones need no code of their own.
//
// Weights are inputs of a graph, so that all models of one shape and element type have the same graph, byte for byte,
// and share what a runtime makes of it. Attention, layer norms and Gelu are single operations. A graph takes any size
// and batch. What it reads and gives is float32.
//
// The networks are those of diffusers: UNet2DConditionModel, AutoencoderKL, and transformers' CLIPTextModel.
package network

import (
	"darkroom/render/onnx/graph"
)

// Weight is a weight that a network reads, and where it is.
type Weight struct {
	Type           graph.Type // of floating-point numbers
	Shape          []int
	Transposed     bool // the matrix lies as [in, out], not as [out, in]
	File           string
	Offset, Length int64 // in the file, in bytes
}

// Weights are the weights of a part, by canonical name.
type Weights map[string]Weight

// Options say how a graph is written.
type Options struct {
	Float16 bool // the UNet computes in float16
	// Branches gives every linear layer a side branch: y = layer(x) + (x·Down)·Up.
	Branches bool
	// Constants has the graph refer to the weights in their files as constants, in place of inputs, so that the runtime
	// can pack them.
	Constants bool
}

// Written is a written graph.
type Written struct {
	graph.Exposed // Weights are in the order in which they are read, and none has Data

	Inputs  []graph.Value // without weights, branches and ExtraRows
	Outputs []graph.Value
	// ExtraRows is the input [rows, width] of a text encoder with the embeddings of ids from the vocabulary's end on. It
	// has at least one row. Its name is empty for other networks.
	ExtraRows graph.Value
}

// Unused counts the weights that a graph does not read.
func (w Written) Unused(all Weights) int { return len(all) - len(w.Weights) }

// Has says whether there is a weight.
func (w Weights) Has(name string) bool { _, ok := w[name]; return ok }
