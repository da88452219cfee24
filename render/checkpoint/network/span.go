package network

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// span writes a SPAN.
type span struct{ *writer }

// spanBlocks is how many attention blocks it has (Wan et al., 2023).
const spanBlocks = 6

// The mean colour of DIV2K and the range of levels, by which SPAN prepares an image.
var spanMean = []float32{0.4488, 0.4371, 0.4040}

const spanRange = 255

// SPAN writes the Swift Parameter-free Attention Network from weights in its own names: conv_1, block_N.cM_r,
// conv_cat, conv_2 and upsampler.0. Its convolutions of three layers must be merged already, as package checkpoint
// does. normalized says that the image is prepared by mean and range.
func SPAN(weights Weights, normalized bool, o graph.WriteOptions) (graph.Written, error) {
	s := span{newWriter(weights, o)}
	x := s.floats(upscalerInput, 0, 3, 0, 0)
	if normalized {
		mean := s.numbers("mean", s.computes(), []int{1, 3, 1, 1}, spanMean)
		levels := s.numbers("range", s.computes(), nil, []float32{spanRange})
		x = s.multiply(s.node("Sub", []string{x, mean}), levels)
	}
	first := s.conv(x, "conv_1", 1)
	var outputs []string
	inner := ""
	x = first
	for i := 1; i <= spanBlocks; i++ {
		x, inner = s.block(x, fmt.Sprintf("block_%d", i))
		outputs = append(outputs, x)
	}
	x = s.conv(s.concat(1, first, s.conv(x, "conv_2", 1), outputs[0], inner), "conv_cat", 1)
	x = s.conv(x, "upsampler.0", 1)
	s.output(s.shuffle(x, s.side(s.shape("upsampler.0.weight", 4)[0])), upscalerOutput, 0, 3, 0, 0)
	return s.finish()
}

// block is an attention block: (y + x)·(σ(y) − ½), where y is three convolutions. It also returns what the first of
// them made, activated: its code activates in place.
func (s span) block(x, module string) (out, inner string) {
	inner = s.silu(s.conv(x, module+".c1_r", 1))
	y := s.conv(s.silu(s.conv(inner, module+".c2_r", 1)), module+".c3_r", 1)
	half := s.numbers("half", s.computes(), nil, []float32{0.5})
	attention := s.node("Sub", []string{s.node("Sigmoid", []string{y}), half})
	return s.multiply(s.add(y, x), attention), inner
}
