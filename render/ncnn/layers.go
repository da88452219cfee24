package ncnn

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// What the settings of layers mean, by their keys: docs/developer-guide/operators.md of ncnn.
const (
	activationNone      = 0
	activationRelu      = 1
	activationLeakyRelu = 2

	resizeNearest = 1
	resizeBicubic = 3
)

// convolution reads one that keeps the image's sides, with its activation.
func (r *reader) convolution(l layer, in []*blob) (blob, error) {
	if err := l.only(0, 1, 4, 5, 6, 9, 10); err != nil {
		return blob{}, err
	}
	channels := in[0].channels
	outputs, err := l.whole(0, 0, 1, maxChannels)
	kernel, err2 := l.whole(1, 0, 1, maxKernel)
	padding, err3 := l.whole(4, 0, 0, maxKernel)
	bias, err4 := l.whole(5, 0, 0, 1)
	count, err5 := l.whole(6, 0, 1, math.MaxInt32)
	if err := cmp.Or(err, err2, err3, err4, err5); err != nil {
		return blob{}, err
	}
	if kernel%2 == 0 || padding != kernel/2 {
		return blob{}, fmt.Errorf("a kernel of %d with a padding of %d, want one that keeps the image's sides", kernel, padding)
	}
	if count != outputs*channels*kernel*kernel {
		return blob{}, fmt.Errorf("%d weights, want %d (%d × %d channels, %d × %d)", count, outputs*channels*kernel*kernel,
			outputs, channels, kernel, kernel)
	}
	name := r.constantName()
	w, err := r.weights.tagged(count)
	if err != nil {
		return blob{}, err
	}
	constants := []constant{{name + "weight", []int{outputs, channels, kernel, kernel}, w}}
	inputs := []string{in[0].from, name + "weight"}
	if bias == 1 {
		b, err := r.weights.plain(outputs)
		if err != nil {
			return blob{}, err
		}
		constants, inputs = append(constants, constant{name + "bias", []int{outputs}, b}), append(inputs, name+"bias")
	}
	like := blob{channels: outputs, scale: in[0].scale}
	attributes := []attribute{{"kernel_shape", []int{kernel, kernel}}, {"pads", []int{padding, padding, padding, padding}}}
	return r.activation(l, r.add(l, "Conv", inputs, like, attributes, constants...))
}

// activation reads what a convolution does with its results.
func (r *reader) activation(l layer, b blob) (blob, error) {
	kind, err := l.whole(9, activationNone, activationNone, activationLeakyRelu)
	if err != nil {
		return blob{}, err
	}
	switch slope := l.settings[10]; {
	case kind == activationNone && slope == nil:
		return b, nil
	case kind == activationRelu && slope == nil:
		return r.add(l, "Relu", []string{b.from}, b, nil), nil
	case kind == activationLeakyRelu && len(slope) == 1:
		return r.add(l, "LeakyRelu", []string{b.from}, b, []attribute{{"alpha", float32(slope[0])}}), nil
	}
	return blob{}, fmt.Errorf("the activation %d with the numbers %v is not known", kind, l.settings[10])
}

func (r *reader) constantName() string { return strconv.Itoa(len(r.steps)) + "." }

// prelu reads a slope for each channel.
func (r *reader) prelu(l layer, in []*blob) (blob, error) {
	slopes, err := l.whole(0, 0, in[0].channels, in[0].channels)
	if err := cmp.Or(err, l.only(0)); err != nil {
		return blob{}, err
	}
	v, err := r.weights.plain(slopes)
	if err != nil {
		return blob{}, err
	}
	name := r.constantName() + "slope"
	return r.add(l, "PRelu", []string{in[0].from, name}, *in[0], nil, constant{name, []int{slopes, 1, 1}, v}), nil
}

// concat puts channels side by side.
func (r *reader) concat(l layer, in []*blob) (blob, error) {
	axis, err := l.whole(0, 0, 0, 0)
	if err := cmp.Or(err, l.only(0)); err != nil {
		return blob{}, err
	}
	all, names := blob{scale: in[0].scale}, make([]string, 0, len(in))
	for _, b := range in {
		if b.scale != all.scale {
			return blob{}, errors.New("images of several sizes side by side")
		}
		all.channels += b.channels
		names = append(names, b.from)
	}
	return r.add(l, "Concat", names, all, []attribute{{"axis", axis + 1}}), nil // ncnn does not count the batch
}

// binary reads a sum of two images.
func (r *reader) binary(l layer, in []*blob) (blob, error) {
	_, err := l.whole(0, 0, 0, 0) // of its operations only the sum is used
	if err := cmp.Or(err, l.only(0), alike(in)); err != nil {
		return blob{}, err
	}
	return r.add(l, "Add", []string{in[0].from, in[1].from}, *in[0], nil), nil
}

// eltwise reads a sum of two images, each with a factor.
func (r *reader) eltwise(l layer, in []*blob) (blob, error) {
	_, err := l.whole(0, 0, 1, 1)
	if err := cmp.Or(err, l.only(0, 1), alike(in)); err != nil {
		return blob{}, err
	}
	factors := l.settings[1]
	if factors != nil && len(factors) != len(in) {
		return blob{}, fmt.Errorf("%d factors of %d images", len(factors), len(in))
	}
	names := []string{in[0].from, in[1].from}
	for i, x := range factors {
		if x == 1 {
			continue
		}
		name := r.constantName() + "factor"
		names[i] = r.add(l, "Mul", []string{names[i], name}, *in[i], nil, constant{name, nil, floats(float32(x))}).from
	}
	return r.add(l, "Add", names, *in[0], nil), nil
}

func alike(in []*blob) error {
	if a, b := in[0], in[1]; a.channels != b.channels || a.scale != b.scale {
		return fmt.Errorf("a sum of %d channels %v times larger and %d channels %v times larger", a.channels, a.scale,
			b.channels, b.scale)
	}
	return nil
}

// interp reads a change of size: to whole pixels by repeating them, or by cubic interpolation, which in ncnn has the
// factor -0.75 and looks at the pixels' centres, as ONNX does by default.
func (r *reader) interp(l layer, in []*blob) (blob, error) {
	kind, err := l.whole(0, 0, resizeNearest, resizeBicubic)
	high, err2 := l.number(1, 1)
	wide, err3 := l.number(2, 1)
	if err := cmp.Or(err, err2, err3, l.only(0, 1, 2)); err != nil {
		return blob{}, err
	}
	attributes := []attribute{
		{"mode", "nearest"}, {"coordinate_transformation_mode", "asymmetric"}, {"nearest_mode", "floor"},
	}
	switch {
	case high != wide || wide < 1.0/maxInner || wide > maxInner:
		return blob{}, fmt.Errorf("sides %v and %v times longer", wide, high)
	case kind == resizeBicubic:
		attributes = []attribute{
			{"mode", "cubic"}, {"coordinate_transformation_mode", "half_pixel"}, {"cubic_coeff_a", float32(-0.75)},
		}
	case kind != resizeNearest || wide != math.Trunc(wide):
		return blob{}, fmt.Errorf("the interpolation %d to sides %v times longer is not known", kind, wide)
	}
	like := *in[0]
	like.scale *= wide
	name := r.constantName() + "scales"
	scales := constant{name, []int{4}, floats(1, 1, float32(high), float32(wide))}
	return r.add(l, "Resize", []string{in[0].from, "", name}, like, attributes, scales), nil
}

// shuffle makes larger images of channels.
func (r *reader) shuffle(l layer, in []*blob) (blob, error) {
	factor, err := l.whole(0, 1, 1, maxScale)
	if err := cmp.Or(err, l.only(0)); err != nil {
		return blob{}, err
	}
	like := *in[0]
	if like.channels%(factor*factor) != 0 {
		return blob{}, fmt.Errorf("%d channels for images %d times larger", like.channels, factor)
	}
	like.channels /= factor * factor
	like.scale *= float64(factor)
	return r.add(l, "DepthToSpace", []string{in[0].from}, like, []attribute{{"blocksize", factor}, {"mode", "CRD"}}), nil
}
