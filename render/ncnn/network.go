package ncnn

import (
	"errors"
	"fmt"
	"math"
)

// Network is an image network that was read: RGB in, RGB out.
type Network struct {
	Scale int // how many times larger its images are
	steps []step
	out   string // the blob that is the result
}

// step is one operation of ONNX. Its inputs are blobs and constants.
type step struct {
	op         string
	in         []string
	out        string
	attributes []attribute
	constants  []constant
}

// constant is a tensor of the network.
type constant struct {
	name string
	dims []int
	values
}

// blob is what is known of the numbers that layers hand on.
type blob struct {
	from     string  // the blob whose numbers these are; another one after Split
	channels int     // of each pixel
	scale    float64 // how many times larger its sides are than the image's
	used     bool    // a blob goes to one layer alone; Split makes several of one
}

const (
	maxChannels = 4096
	maxKernel   = 11
	maxScale    = 8 // of the result
	maxInner    = 16
	maxWeights  = 128 << 20 // bytes of a .bin file; Real-ESRGAN's largest has 33 MB
)

// Read reads a network of an upscaler: an image of three channels goes in, one of three channels and a whole number of
// times larger comes out. The error names the line of the .param file.
func Read(param, bin []byte) (*Network, error) {
	if len(bin) > maxWeights {
		return nil, fmt.Errorf("%d bytes of weights, want at most %d", len(bin), maxWeights)
	}
	layers, err := readParam(param)
	if err != nil {
		return nil, err
	}
	r := reader{weights: weights{data: bin}, blobs: map[string]*blob{}}
	for _, l := range layers {
		if err := r.layer(l); err != nil {
			return nil, fmt.Errorf("line %d: %w", l.line, err)
		}
	}
	if left := len(bin) - r.weights.at; left > 0 {
		return nil, fmt.Errorf("%d bytes of weights are left over", left)
	}
	return r.network()
}

// reader walks through the layers.
type reader struct {
	Network

	weights weights
	blobs   map[string]*blob
}

// network ends the walk: the one blob that no layer took is the result.
func (r *reader) network() (*Network, error) {
	var result *blob
	for name, b := range r.blobs {
		if b.used {
			continue
		}
		if result != nil {
			return nil, fmt.Errorf("several results; one is called %s", shown(name))
		}
		result = b
	}
	switch {
	case result == nil || len(r.steps) == 0:
		return nil, errors.New("no result")
	case result.channels != 3:
		return nil, fmt.Errorf("the result has %d channels, want 3", result.channels)
	case result.scale != math.Trunc(result.scale) || result.scale < 1 || result.scale > maxScale:
		return nil, fmt.Errorf("the result is %v times larger, want a whole number to %d", result.scale, maxScale)
	}
	r.out, r.Scale = result.from, int(result.scale)
	return &r.Network, nil
}

// kinds says how many inputs and outputs the layers have that are known, 0 for any number, and how they are read.
var kinds = map[string]struct {
	in, out int
	read    func(*reader, layer, []*blob) (blob, error)
}{
	"Convolution":  {1, 1, (*reader).convolution},
	"PReLU":        {1, 1, (*reader).prelu},
	"Concat":       {0, 1, (*reader).concat},
	"BinaryOp":     {2, 1, (*reader).binary},
	"Eltwise":      {2, 1, (*reader).eltwise},
	"Interp":       {1, 1, (*reader).interp},
	"PixelShuffle": {1, 1, (*reader).shuffle},
	"Split":        {1, 0, (*reader).split},
}

// layer reads one layer and its weights.
func (r *reader) layer(l layer) error {
	if l.kind == "Input" {
		return r.input(l)
	}
	kind, known := kinds[l.kind]
	if !known {
		return fmt.Errorf("a layer of the kind %s, which no known upscaler has", shown(l.kind))
	}
	if kind.in > 0 && len(l.in) != kind.in || kind.out > 0 && len(l.out) != kind.out || len(l.in) == 0 || len(l.out) == 0 {
		return fmt.Errorf("%s with %d inputs and %d outputs", l.kind, len(l.in), len(l.out))
	}
	in, err := r.take(l)
	if err != nil {
		return err
	}
	result, err := kind.read(r, l, in)
	if err != nil {
		return err
	}
	if result.channels > maxChannels || result.scale > maxInner || result.scale*maxInner < 1 {
		return fmt.Errorf("%d channels of images %v times larger, want at most %d and %d", result.channels, result.scale,
			maxChannels, maxInner)
	}
	for _, name := range l.out {
		if err := r.put(name, result); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) put(name string, b blob) error {
	if r.blobs[name] != nil {
		return fmt.Errorf("the blob %s is made twice", shown(name))
	}
	r.blobs[name] = &b
	return nil
}

// take takes a layer's inputs.
func (r *reader) take(l layer) ([]*blob, error) {
	in := make([]*blob, 0, len(l.in))
	for _, name := range l.in {
		b := r.blobs[name]
		if b == nil || b.used {
			return nil, fmt.Errorf("the blob %s is not there, or another layer has it", shown(name))
		}
		b.used = true
		in = append(in, b)
	}
	return in, nil
}

func (r *reader) input(l layer) error {
	if len(r.blobs) > 0 || len(l.in) != 0 || len(l.out) != 1 {
		return errors.New("an Input that is not the first layer, with one image")
	}
	if err := l.only(); err != nil {
		return err
	}
	return r.put(l.out[0], blob{from: inputName, channels: 3, scale: 1})
}

// add adds an operation, and returns its result with the channels and the scale of another blob.
func (r *reader) add(l layer, op string, in []string, like blob, attributes []attribute, constants ...constant) blob {
	name := fmt.Sprintf("%s.%d", op, len(r.steps))
	r.steps = append(r.steps, step{op, in, name, attributes, constants})
	like.from, like.used = name, false
	return like
}

func (*reader) split(l layer, in []*blob) (blob, error) {
	b := *in[0]
	b.used = false
	return b, l.only()
}
