package addon

import (
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
)

// Changes are what add-ons do to a model, by the part's folder name in diffusers' layout.
type Changes map[string]*tensor.Changes

func newChanges() *tensor.Changes {
	return &tensor.Changes{Branches: map[string]tensor.Branch{}, Weights: map[string][]byte{}}
}

func (c Changes) part(name string) *tensor.Changes {
	if c[name] == nil {
		c[name] = newChanges()
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
	// HasBranch says that a module takes a branch. A change of another module replaces its weight. nil: every module
	// whose weight is a matrix takes one.
	HasBranch func(part, module string) bool
}

func (m *Model) takesBranch(part, module string) bool {
	if m.HasBranch != nil {
		return m.HasBranch(part, module)
	}
	return len(m.Parts[part][module+".weight"].Shape) == 2
}
