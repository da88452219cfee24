package addon

import (
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
)

// Branch is a low-rank change of a linear layer: its output becomes x·Wᵀ + b + (x·Down)·Up. Several LoRAs lie side by
// side along the rank, with their strengths multiplied into Up.
type Branch struct {
	Down tensor.Tensor // [in, rank]
	Up   tensor.Tensor // [rank, out]
}

// Weight is a tensor in place of one of the model's own, of the same shape and element type.
type Weight struct {
	DType safetensors.DType
	Shape []int64
	Data  []byte // row-major, little-endian
}

// Change is what add-ons do to one part of a model.
type Change struct {
	Branches map[string]Branch // by module: "down_blocks.0.attentions.0.proj_in"
	Weights  map[string]Weight // by weight: "conv_in.weight"
}

// Changes are what add-ons do to a model, by the part's folder name in diffusers' layout.
type Changes map[string]*Change

func (c Changes) part(name string) *Change {
	if c[name] == nil {
		c[name] = &Change{Branches: map[string]Branch{}, Weights: map[string]Weight{}}
	}
	return c[name]
}

// Info says what a model knows of a weight without reading it.
type Info struct {
	DType safetensors.DType
	Shape []int64 // the canonical one
}

// Model is what an add-on must know of the model that it changes. All names are canonical: see package weightname.
type Model struct {
	Name   string
	Family string                     // of render/family; empty for unknown
	Hash   string                     // of its content
	Parts  map[string]map[string]Info // by part and weight
	// Read returns the values of a weight in its canonical shape. Apply calls it from several goroutines.
	Read func(part, weight string) (tensor.Tensor, error)
	// HasBranch says that a module takes a Branch. A change of another module replaces its weight. nil: every module
	// whose weight is a matrix takes one.
	HasBranch func(part, module string) bool
}

func (m *Model) takesBranch(part, module string) bool {
	if m.HasBranch != nil {
		return m.HasBranch(part, module)
	}
	return len(m.Parts[part][module+".weight"].Shape) == 2
}
