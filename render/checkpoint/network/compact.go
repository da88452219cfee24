package network

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// Compact writes Real-ESRGAN's SRVGGNetCompact from weights in its own names: body.N are convolutions (even N) and the
// slopes of rectifiers. What it makes is added to the image, enlarged by repeated pixels.
func Compact(weights Weights, o graph.WriteOptions) (graph.Written, error) {
	w := newWriter(weights, o)
	image := w.floats(upscalerInput, 0, 3, 0, 0)
	x, last := image, 0
	for i := 0; weights.Has(fmt.Sprintf("body.%d.weight", i)); i += 2 {
		x, last = w.conv(x, fmt.Sprintf("body.%d", i), 1), i
		slope, next := fmt.Sprintf("body.%d.weight", i+1), fmt.Sprintf("body.%d.weight", i+2)
		switch {
		case weights.Has(slope):
			x = w.node("PRelu", []string{x, w.weight(slope, w.shape(slope, 1)[0], 1, 1)})
		case weights.Has(next):
			w.fail("no weight %s: rectifiers without slopes of their own are not known", slope)
		}
	}
	side := w.side(w.shape(fmt.Sprintf("body.%d.weight", last), 4)[0])
	if side > 1 {
		scale := w.numbers("scale", graph.Float, []int{4}, []float32{1, 1, float32(side), float32(side)})
		image = w.resize(image, scale, "")
	}
	w.output(w.add(w.shuffle(x, side), image), upscalerOutput, 0, 3, 0, 0)
	return w.finish()
}
