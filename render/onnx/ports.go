package onnx

import (
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// wanted describes an input or output by the part it plays.
type wanted struct {
	part  string   // the network
	names []string // as exports of different years call it
	ranks []int
	types []graph.Type
	dims  map[int]int // dimensions that must have a value where they are fixed
	hint  string      // what it means when a dimension differs
}

func (w wanted) check(v graph.Value) error {
	switch {
	case !slices.Contains(w.types, v.Type):
		return fmt.Errorf("%v: want element type %v", v, w.types)
	case !slices.Contains(w.ranks, len(v.Dims)):
		return fmt.Errorf("%v: want %v dimensions", v, w.ranks)
	case v.Type == graph.Float16 && len(v.Dims) == 0:
		return fmt.Errorf("%v: want float32, or one dimension", v) // the binding cannot make a float16 scalar
	}
	for i, n := range w.dims {
		if v.Dims[i] != 0 && v.Dims[i] != n {
			return fmt.Errorf("%v: want %d in dimension %d%s", v, n, i+1, w.hint)
		}
	}
	return nil
}

// ports are the inputs and outputs of a folder's networks, by the part they play.
type ports struct {
	ids, hidden                      graph.Value // of the text encoder
	sample, timestep, context, noise graph.Value // of the UNet
	latent, pixels                   graph.Value // of the decoder
	picture, mean                    graph.Value // of the encoder
}

var (
	floats   = []graph.Type{graph.Float, graph.Float16}
	integers = []graph.Type{graph.Int32, graph.Int64}
	numbers  = []graph.Type{graph.Float, graph.Float16, graph.Double, graph.Int32, graph.Int64}
)

// checkGraphs finds every port and fills in the limits that the exports set.
func (f *Folder) checkGraphs() error {
	p, err := f.ports()
	if err != nil {
		return err
	}
	c := &f.Config
	if c.TextWidth == 0 {
		c.TextWidth = max(p.hidden.Dims[2], p.context.Dims[2])
	}
	if c.TextWidth == 0 {
		return fmt.Errorf("%s: the width of a token is not told; want hidden_size in text_encoder/config.json", f.Dir)
	}
	for part, v := range map[string]graph.Value{textPart: p.hidden, unetPart: p.context} {
		if w := v.Dims[2]; w != 0 && w != c.TextWidth {
			return fmt.Errorf("%s: %v: want %d in dimension 3, as in the configuration; these parts are of different models", f.path(part), v, c.TextWidth)
		}
	}
	if n := p.context.Dims[1]; n != 0 {
		if n%c.TextLength != 0 {
			return fmt.Errorf("%s: %v: want a multiple of %d in dimension 2", f.path(unetPart), p.context, c.TextLength)
		}
		c.Chunks = n / c.TextLength
	}
	c.FractionalTimesteps = !slices.Contains(integers, p.timestep.Type)
	c.Fixed = Size{p.sample.Dims[3] * c.PixelsPerLatent, p.sample.Dims[2] * c.PixelsPerLatent}
	if (c.Fixed.Width == 0) != (c.Fixed.Height == 0) {
		return fmt.Errorf("%s: %v: want both sides fixed or both free", f.path(unetPart), p.sample)
	}
	if c.Fixed != (Size{}) {
		c.Multiple = c.PixelsPerLatent // whatever was exported fits itself
	}
	return nil
}

// ports finds every input and output that is used, and refuses a network that wants more.
func (f *Folder) ports() (ports, error) {
	c := f.Config
	four := []int{4}
	latents := map[int]int{1: c.LatentChannels}
	var p ports
	find := []struct {
		into   *graph.Value
		output bool
		wanted
	}{
		{&p.ids, false, wanted{textPart, []string{"input_ids"}, []int{2}, integers, map[int]int{1: c.TextLength}, ""}},
		{&p.hidden, true, wanted{textPart, []string{"last_hidden_state"}, []int{3}, floats, map[int]int{1: c.TextLength}, ""}},
		{&p.sample, false, wanted{unetPart, []string{"sample"}, four, floats, latents, ": an inpainting, depth or image-editing UNet is not understood yet"}},
		{&p.timestep, false, wanted{unetPart, []string{"timestep", "timesteps", "t"}, []int{0, 1}, numbers, nil, ""}},
		{&p.context, false, wanted{unetPart, []string{"encoder_hidden_states", "encoder_hidden_state"}, []int{3}, floats, nil, ""}},
		{&p.noise, true, wanted{unetPart, []string{"out_sample", "noise_pred", "sample"}, four, floats, latents, ""}},
		{&p.latent, false, wanted{decoderPart, []string{"latent_sample", "latent"}, four, floats, latents, ""}},
		{&p.pixels, true, wanted{decoderPart, []string{"sample", "image"}, four, floats, map[int]int{1: 3}, ""}},
		{&p.picture, false, wanted{encoderPart, []string{"sample", "image"}, four, floats, map[int]int{1: 3}, ""}},
		{&p.mean, true, wanted{encoderPart, []string{"latent_parameters", "latent_sample", "latent"}, four, floats, nil, ""}},
	}
	for _, x := range find {
		if x.part == encoderPart && !c.CanEncode {
			continue
		}
		v, err := f.port(x.wanted, x.output)
		if err != nil {
			return p, fmt.Errorf("%s: %w", f.path(x.part), err)
		}
		*x.into = v
	}
	return p, f.checkExtra(p)
}

// port finds one value by its names, or by position where it is the only one.
func (f *Folder) port(w wanted, output bool) (graph.Value, error) {
	h := f.graphs[w.part]
	v, ok := h.Input(w.names...)
	all, kind := h.Inputs, "input"
	if output {
		v, ok = h.Output(w.names...)
		all, kind = h.Outputs, "output"
	}
	if !ok && len(all) == 1 && (output || w.part != unetPart) { // a UNet has three inputs
		v, ok = all[0], true
	}
	if !ok {
		return v, fmt.Errorf("no %s called %q, it has %v", kind, w.names[0], all)
	}
	return v, w.check(v)
}

// checkExtra refuses a network with an input that would stay empty, and a mean of a wrong width.
func (f *Folder) checkExtra(p ports) error {
	known := map[string][]graph.Value{textPart: {p.ids}, unetPart: {p.sample, p.timestep, p.context}, decoderPart: {p.latent}, encoderPart: {p.picture}}
	for part, h := range f.graphs {
		for _, in := range h.Inputs {
			if !slices.ContainsFunc(known[part], func(v graph.Value) bool { return v.Name == in.Name }) {
				return fmt.Errorf("%s: input %v is not understood; want only %v", f.path(part), in, known[part])
			}
		}
	}
	if n := f.Config.LatentChannels; f.Config.CanEncode && p.mean.Dims[1] != 0 && p.mean.Dims[1] != n && p.mean.Dims[1] != 2*n {
		return fmt.Errorf("%s: %v: want %d or %d in dimension 2", f.path(encoderPart), p.mean, n, 2*n)
	}
	return nil
}
