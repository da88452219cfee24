// Package network writes the ONNX graphs of Stable Diffusion's networks, and of upscalers. It walks the canonical names
// of a file's weights (package weightname), so that variants such as inpainting models and pruned ones need no code of
// their own.
//
// Weights are inputs of a graph, so that all models of one shape and element type have the same graph, byte for byte,
// and share what a runtime makes of it. Attention, layer norms and Gelu are single operations. A graph takes any size
// and batch. What it reads and gives is float32.
//
// The networks are those of diffusers: UNet2DConditionModel, AutoencoderKL, and transformers' CLIPTextModel; and those
// of upscalers: RRDBNet (ESRGAN), SRVGGNetCompact and SPAN.
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
	Offset, Length int64  // in the file, in bytes
	Data           []byte // of a weight that is computed from others; nil for one in a file
}

// Weights are the weights of a part, by canonical name.
type Weights map[string]Weight

// Has says whether there is a weight.
func (w Weights) Has(name string) bool { _, ok := w[name]; return ok }

// ContextWidth is how many numbers of a token a UNet reads; 0 for one that reads none.
func (w Weights) ContextWidth() int {
	for name, weight := range w {
		if module, ok := cutWeight(name); ok && len(weight.Shape) == 2 && hasSuffix(module, ".attn2.to_k") {
			return weight.Shape[1]
		}
	}
	return 0
}

// Channels is how many channels a convolution reads; 0 for a weight of another kind.
func (w Weight) Channels() int {
	if len(w.Shape) != 4 {
		return 0
	}
	return w.Shape[1]
}
