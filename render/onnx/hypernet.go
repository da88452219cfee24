package onnx

import (
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// hypernetShapes says what hypernetworks are made of.
func hypernetShapes(all []tensor.Hypernet) []graph.HypernetShape {
	var shapes []graph.HypernetShape
	for _, h := range all {
		shape := graph.HypernetShape{}
		for width, modules := range h.Widths {
			var both [2][]graph.HypernetLayer
			for i, layers := range modules {
				for _, l := range layers {
					both[i] = append(both[i], hypernetLayer(l))
				}
			}
			shape[width] = both
		}
		shapes = append(shapes, shape)
	}
	return shapes
}

func hypernetLayer(l tensor.HypernetLayer) graph.HypernetLayer {
	out := graph.HypernetLayer{Op: l.Op}
	if s := l.Weight.Shape; len(s) > 0 { // a norm has one number of each
		out.In, out.Out = s[0], s[len(s)-1]
	}
	return out
}

// hypernetNumbers are what an input of a hypernetwork is fed.
func hypernetNumbers(x graph.HypernetInput, h tensor.Hypernet) tensor.Tensor {
	if x.Width == 0 {
		return tensor.Tensor{Shape: []int{1}, Data: []float32{h.Strength}}
	}
	layer := h.Widths[x.Width][x.Module][x.Layer]
	if x.Bias {
		return layer.Bias
	}
	return layer.Weight
}
