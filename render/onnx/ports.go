package onnx

import (
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// wanted describes an input or output by the part it plays.
type portSpec struct {
	part     string   // the network
	names    []string // as exports of different years call it
	ranks    []int
	types    []graph.Type
	dims     map[int]int // dimensions that must have a value where they are fixed
	optional bool        // it is known by its name alone, and may be absent
}

func (w portSpec) check(v graph.Value) error {
	switch {
	case !slices.Contains(w.types, v.Type):
		return fmt.Errorf("%v: want element type %v", v, w.types)
	case !slices.Contains(w.ranks, len(v.Dims)):
		return fmt.Errorf("%v: want %v dimensions", v, w.ranks)
	}
	for i, n := range w.dims {
		if v.Dims[i] != 0 && v.Dims[i] != n {
			return fmt.Errorf("%v: want %d in dimension %d", v, n, i+1)
		}
	}
	return nil
}

// ports are the inputs and outputs of a folder's networks, by the part they play. One without a name is absent.
type ports struct {
	textEncoders                     []textEncoder // the text encoder; SDXL's two
	sample, timestep, context, noise graph.Value   // of the UNet
	float16Timestep                  bool          // the timestep is a float16 scalar, which is fed as float32: see widened
	pooled, timeIDs, guidance        graph.Value   // of the UNet: SDXL's text_embeds and time_ids, LCM's timestep_cond
	latent, pixels                   graph.Value   // of the decoder
	picture, mean                    graph.Value   // of the encoder
}

// tower is a text encoder's ports.
type textEncoder struct {
	part        string
	ids, pooled graph.Value
	last        graph.Value   // hidden states after the final norm
	finalNorm   bool          // the layers are read after the final norm
	layerCount  int           // layers, as the configuration says; 0 where it does not
	layers      []graph.Value // hidden states, by the number of layers left out
	layersAdded bool          // but for the first, or for all of SDXL's, the layers are no outputs of the file: see exposeLayers
}

// conditioningPorts lists the inputs for the tensors of a tensor.Given, in its order.
func (p ports) conditioningPorts() []graph.Value {
	return []graph.Value{p.context, p.pooled, p.timeIDs, p.guidance}
}

// unetInputs lists the UNet's inputs in the order they are fed.
func (p ports) unetInputs() []graph.Value {
	all := []graph.Value{p.sample, p.timestep}
	for _, v := range p.conditioningPorts() {
		if v.Name != "" {
			all = append(all, v)
		}
	}
	return all
}

var (
	floatTypes   = []graph.Type{graph.Float, graph.Float16}
	integerTypes = []graph.Type{graph.Int32, graph.Int64}
	numberTypes  = []graph.Type{graph.Float, graph.Float16, graph.Double, graph.Int32, graph.Int64}
)

// findPorts finds every input and output that is used, and refuses a network that wants more.
func (f *Folder) findPorts() error {
	p, c := &f.ports, f.Config
	two, four := []int{2}, []int{4}
	latents := map[int]int{1: c.LatentChannels}
	colours := map[int]int{1: 3}
	find := []struct {
		into   *graph.Value
		output bool
		portSpec
	}{
		{&p.sample, false, portSpec{unetPart, []string{"sample"}, four, floatTypes, nil, false}},
		{&p.timestep, false, portSpec{unetPart, []string{"timestep", "timesteps", "t"}, []int{0, 1}, numberTypes, nil, false}},
		{&p.context, false, portSpec{unetPart, []string{"encoder_hidden_states", "encoder_hidden_state"}, []int{3}, floatTypes, nil, false}},
		{&p.pooled, false, portSpec{unetPart, []string{"text_embeds"}, two, floatTypes, nil, true}},
		{&p.timeIDs, false, portSpec{unetPart, []string{"time_ids"}, two, floatTypes, nil, true}},
		{&p.guidance, false, portSpec{unetPart, []string{"timestep_cond"}, two, floatTypes, nil, true}},
		{&p.noise, true, portSpec{unetPart, []string{"out_sample", "noise_pred", "sample"}, four, floatTypes, latents, false}},
		{&p.latent, false, portSpec{decoderPart, []string{"latent_sample", "latent"}, four, floatTypes, latents, false}},
		{&p.pixels, true, portSpec{decoderPart, []string{"sample", "image"}, four, floatTypes, colours, false}},
		{&p.picture, false, portSpec{encoderPart, []string{"sample", "image"}, four, floatTypes, colours, false}},
		{&p.mean, true, portSpec{encoderPart, []string{"latent_parameters", "latent_sample", "latent"}, four, floatTypes, nil, false}},
	}
	for _, x := range find {
		if x.part == encoderPart && !c.CanEncode {
			continue
		}
		v, err := f.port(x.portSpec, x.output)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path(x.part), err)
		}
		*x.into = v
	}
	p.float16Timestep = p.timestep.Type == graph.Float16 && len(p.timestep.Dims) == 0
	for i := range c.Family.TextEncoders {
		t, err := f.findTextEncoder(i)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path(t.part), err)
		}
		p.textEncoders = append(p.textEncoders, t)
	}
	return f.checkUnknownInputs()
}

// port finds one value by its names, or by position where it is the only one.
func (f *Folder) port(w portSpec, output bool) (graph.Value, error) {
	h := f.graphs[w.part]
	v, ok := h.Input(w.names...)
	all, kind := h.Inputs, "input"
	if output {
		v, ok = h.Output(w.names...)
		all, kind = h.Outputs, "output"
	}
	if !ok && w.optional {
		return graph.Value{}, nil
	}
	if !ok && len(all) == 1 && (output || w.part != unetPart) { // a UNet has three inputs
		v, ok = all[0], true
	}
	if !ok {
		return v, fmt.Errorf("no %s called %q, it has %v", kind, w.names[0], all)
	}
	return v, w.check(v)
}

// checkUnknownInputs refuses a network with an input that would stay empty.
func (f *Folder) checkUnknownInputs() error {
	p := f.ports
	known := map[string][]graph.Value{unetPart: p.unetInputs(), decoderPart: {p.latent}, encoderPart: {p.picture}}
	for _, t := range p.textEncoders {
		known[t.part] = []graph.Value{t.ids}
	}
	for _, part := range append(f.Config.Family.TextParts(), unetPart, decoderPart, encoderPart) {
		for _, in := range f.graphs[part].Inputs {
			if !slices.ContainsFunc(known[part], func(v graph.Value) bool { return v.Name == in.Name }) {
				return fmt.Errorf("%s: input %v is not understood; want only %v", f.path(part), in, known[part])
			}
		}
	}
	return nil
}
