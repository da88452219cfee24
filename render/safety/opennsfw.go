package safety

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"

	"darkroom/render/encode"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// The preprocessing of open_nsfw (classify_nsfw.py of yahoo/open_nsfw): the image becomes a square of 256 pixels, goes
// through JPEG, because the network learnt from JPEG files, and gives its middle. Caffe read colours as BGR, with the
// means of the images that it was trained on subtracted.
const (
	nsfwResize  = 256
	nsfwSide    = 224
	nsfwQuality = 75 // Pillow's
)

// nsfwMean is by channel: blue, green, red.
var nsfwMean = [3]float32{104, 117, 123}

// nsfwThreshold is where packages of open_nsfw flag an image. Yahoo calls what is below 0.2 safe and what is above 0.8
// not safe.
const nsfwThreshold = 0.5

// openNSFW opens open_nsfw: a network of one input [n,224,224,3] or [n,3,224,224] and one output [n,2], the
// probabilities of being safe and of not being safe.
func openNSFW(path string, h graph.Header) (*Model, error) {
	unknown := fmt.Errorf("%s: inputs %v and outputs %v are those of no known checker; want Stable Diffusion's "+
		"(clip_input, has_nsfw_concepts) or open_nsfw ([?,224,224,3] or [?,3,224,224] to probabilities [?,2])",
		path, h.Inputs, h.Outputs)
	if len(h.Inputs) != 1 || len(h.Outputs) != 1 {
		return nil, unknown
	}
	in, out := h.Inputs[0], h.Outputs[0]
	last, ok := channelsLast(in)
	if !ok || !isFloat(out) || len(out.Dims) != 2 || out.Dims[1] != 2 {
		return nil, unknown
	}
	s, err := graph.ReadSkeleton(path)
	if err != nil {
		return nil, err
	}
	if op := graph.OutputOperator(s.Model, out.Name); op != "Softmax" {
		return nil, fmt.Errorf("%s: its output is made by %s, want Softmax as in open_nsfw", path, op)
	}
	size, err := sizeOf(path, h)
	if err != nil {
		return nil, err
	}
	return &Model{
		Path: path, Kind: "open_nsfw", Bytes: size,
		Network: folder.Network{Path: path, Inputs: h.Inputs, Outputs: h.Outputs},
		prepare: func(img image.Image) (tensor.Tensor, error) { return prepareNSFW(img, last) },
		judge:   judgeNSFW,
	}, nil
}

// channelsLast tells the two layouts of pixels apart.
func channelsLast(v graph.Value) (last, ok bool) {
	if !isFloat(v) || len(v.Dims) != 4 {
		return false, false
	}
	switch [3]int(v.Dims[1:]) {
	case [3]int{nsfwSide, nsfwSide, 3}:
		return true, true
	case [3]int{3, nsfwSide, nsfwSide}:
		return false, true
	}
	return false, false
}

func isFloat(v graph.Value) bool { return v.Type == graph.Float || v.Type == graph.Float16 }

// prepareNSFW returns the pixels of an image, [1,224,224,3] or [1,3,224,224].
func prepareNSFW(img image.Image, channelsLast bool) (tensor.Tensor, error) {
	var file bytes.Buffer
	square := encode.ResizeAsPillow(img, nsfwResize, nsfwResize, encode.Bilinear())
	if err := jpeg.Encode(&file, square, &jpeg.Options{Quality: nsfwQuality}); err != nil {
		return tensor.Tensor{}, err
	}
	smeared, _, err := encode.Decode(context.Background(), file.Bytes(), nsfwResize*nsfwResize)
	if err != nil {
		return tensor.Tensor{}, err
	}
	out := tensor.New(1, 3, nsfwSide, nsfwSide)
	if channelsLast {
		out = tensor.New(1, nsfwSide, nsfwSide, 3)
	}
	const margin, area = (nsfwResize - nsfwSide) / 2, nsfwSide * nsfwSide
	for i := range area {
		r, g, b, _ := smeared.At(margin+i%nsfwSide, margin+i/nsfwSide).RGBA()
		for c, v := range [3]uint32{b, g, r} {
			at := c*area + i
			if channelsLast {
				at = 3*i + c
			}
			out.Data[at] = float32(v>>8) - nsfwMean[c]
		}
	}
	return out, nil
}

// judgeNSFW reads the probabilities [n,2].
func judgeNSFW(outputs []tensor.Tensor) ([]Verdict, error) {
	if len(outputs) != 1 {
		return nil, errors.New("want one output")
	}
	rows, err := rowsOf(outputs[0])
	if err != nil {
		return nil, err
	}
	all := make([]Verdict, len(rows))
	for i, row := range rows {
		if len(row) != 2 {
			return nil, fmt.Errorf("an output of shape %v, want [n,2]", outputs[0].Shape)
		}
		all[i] = Verdict{Scores: []Score{{"nsfw", row[1], nsfwThreshold}}, Flagged: row[1] >= nsfwThreshold}
	}
	return all, nil
}
