package network

import (
	"fmt"

	"darkroom/render/onnx/graph"
)

// The names of an upscaler's input and output: RGB [b,3,h,w] from 0 to 1, and the same larger.
const (
	upscalerInput  = "image"
	upscalerOutput = "upscaled"
)

// Of an RRDBNet (Wang et al., ESRGAN, 2018, and its BasicSR code): how much of a residual counts, and the slope of its
// leaky rectifiers.
const (
	residualShare = 0.2
	rrdbSlope     = 0.2
)

// rrdb writes an RRDBNet.
type rrdb struct{ *writer }

// RRDBNet writes ESRGAN's network from weights in Real-ESRGAN's names: conv_first, body.N.rdbM.convK, conv_body,
// conv_upN, conv_hr and conv_last. Blocks, channels and doublings are read from them. A network whose first
// convolution reads 12 or 48 channels works on squares of 2 or 4 pixels (Real-ESRGAN's pixel_unshuffle). convK of
// ESRGAN+ may have a conv1x1 beside it.
func RRDBNet(weights Weights, o graph.WriteOptions) (graph.Written, error) {
	r := rrdb{newWriter(weights, o)}
	x := r.unshuffle(r.floats(upscalerInput, 0, 3, 0, 0), r.shape("conv_first.weight", 4)[1])
	first := r.conv(x, "conv_first", 1)
	x = first
	for i := 0; weights.Has(fmt.Sprintf("body.%d.rdb1.conv1.weight", i)); i++ {
		x = r.block(x, fmt.Sprintf("body.%d", i))
	}
	x = r.add(first, r.conv(x, "conv_body", 1))
	for i := 1; weights.Has(fmt.Sprintf("conv_up%d.weight", i)); i++ {
		x = r.leaky(r.conv(r.double(x), fmt.Sprintf("conv_up%d", i), 1), rrdbSlope)
	}
	x = r.conv(r.leaky(r.conv(x, "conv_hr", 1), rrdbSlope), "conv_last", 1)
	r.output(x, upscalerOutput, 0, 3, 0, 0)
	return r.finish()
}

// block is a residual of three dense blocks.
func (r rrdb) block(x, module string) string {
	y := x
	for i := 1; i <= 3; i++ {
		y = r.dense(y, fmt.Sprintf("%s.rdb%d", module, i))
	}
	return r.residual(x, y)
}

// dense is a dense block: each convolution reads what all before it made.
func (r rrdb) dense(x, module string) string {
	all := []string{x}
	for i := 1; i <= 4; i++ {
		in := x
		if i > 1 {
			in = r.concat(1, all...)
		}
		y := r.leaky(r.conv(in, fmt.Sprintf("%s.conv%d", module, i), 1), rrdbSlope)
		if own := module + ".conv1x1"; r.weights.Has(own + ".weight") {
			switch i { // ESRGAN+ (Rakotonirina and Rasoanaivo, 2020), section 3
			case 2:
				y = r.add(y, r.conv(x, own, 1))
			case 4:
				y = r.add(y, all[2])
			}
		}
		all = append(all, y)
	}
	return r.residual(x, r.conv(r.concat(1, all...), module+".conv5", 1))
}

// residual is x + 0.2·y.
func (r rrdb) residual(x, y string) string {
	share := r.numbers("residual share", r.computes(), nil, []float32{residualShare})
	return r.add(r.multiply(y, share), x)
}

func (w *writer) leaky(x string, slope float32) string {
	return w.node("LeakyRelu", []string{x}, attribute{"alpha", slope})
}

// unshuffle turns squares of pixels into channels until there are as many as wanted, in torch's order: that of a
// channel's pixels together. ONNX has the channels of a pixel together.
func (w *writer) unshuffle(x string, channels int) string {
	side := map[int]int{3 * 2 * 2: 2, 3 * 4 * 4: 4}[channels]
	if side == 0 {
		return x
	}
	x = w.node("SpaceToDepth", []string{x}, attribute{"blocksize", side})
	var order []int
	for i := range channels {
		color, pixel := i/(side*side), i%(side*side)
		order = append(order, pixel*3+color)
	}
	return w.node("Gather", []string{x, w.ints(order...)}, attribute{"axis", 1})
}

// shuffle turns channels into squares of pixels, in torch's order.
func (w *writer) shuffle(x string, side int) string {
	if side == 1 {
		return x
	}
	return w.node("DepthToSpace", []string{x}, attribute{"blocksize", side}, attribute{"mode", "CRD"})
}

// side is the side of the squares that a network makes of its last channels; an error where they make none.
func (w *writer) side(channels int) int {
	for side := 1; side <= 8; side++ {
		if channels == 3*side*side {
			return side
		}
	}
	w.fail("the last convolution makes %d channels, which are no squares of colours", channels)
	return 1
}
