package folder

import (
	"fmt"
	"slices"

	"darkroom/render/onnx/graph"
)

// portSpec describes an input or output that is wanted.
type portSpec struct {
	part     string   // the network
	names    []string // what exports of different years call it
	ranks    []int
	types    []graph.Type
	dims     map[int]int // dimensions that must have a value where they are fixed
	optional bool        // it may be absent, and is found by its name alone
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

// Ports are the inputs and outputs of a folder's networks. One without a name is absent.
type Ports struct {
	TextEncoders              []TextEncoder // in the order of family.Family
	Sample, Timestep, Context graph.Value   // inputs of the UNet
	Pooled, TimeIDs, Guidance graph.Value   // inputs of the UNet: SDXL's text_embeds and time_ids, LCM's timestep_cond
	Noise                     graph.Value   // output of the UNet
	Latent, Pixels            graph.Value   // of the decoder
	Image, Mean               graph.Value   // of the encoder
	float16Timestep           bool          // the timestep is a float16 scalar, which is fed as float32
}

// Conditioning lists the inputs for the tensors of a tensor.Conditioning, in the order of its fields.
func (p Ports) Conditioning() []graph.Value {
	return []graph.Value{p.Context, p.Pooled, p.TimeIDs, p.Guidance}
}

// unetInputs lists the UNet's inputs in the order in which they are fed.
func (p Ports) unetInputs() []graph.Value {
	all := []graph.Value{p.Sample, p.Timestep}
	for _, v := range p.Conditioning() {
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

// wantedPort is where a port is noted once it is found.
type wantedPort struct {
	into   *graph.Value
	output bool
	portSpec
}

// wantedPorts lists what to find in the UNet and the VAE.
func (f *Model) wantedPorts() []wantedPort {
	p, c := &f.Ports, f.Config
	two, four := []int{2}, []int{4}
	latents := map[int]int{1: c.LatentChannels}
	colours := map[int]int{1: 3}
	return []wantedPort{
		{&p.Sample, false, portSpec{unetPart, []string{"sample"}, four, floatTypes, nil, false}},
		{
			&p.Timestep, false,
			portSpec{unetPart, []string{"timestep", "timesteps", "t"}, []int{0, 1}, numberTypes, nil, false},
		},
		{
			&p.Context, false,
			portSpec{unetPart, []string{"encoder_hidden_states", "encoder_hidden_state"}, []int{3}, floatTypes, nil, false},
		},
		{&p.Pooled, false, portSpec{unetPart, []string{"text_embeds"}, two, floatTypes, nil, true}},
		{&p.TimeIDs, false, portSpec{unetPart, []string{"time_ids"}, two, floatTypes, nil, true}},
		{&p.Guidance, false, portSpec{unetPart, []string{"timestep_cond"}, two, floatTypes, nil, true}},
		{
			&p.Noise, true,
			portSpec{unetPart, []string{"out_sample", "noise_pred", "sample"}, four, floatTypes, latents, false},
		},
		{&p.Latent, false, portSpec{decoderPart, []string{"latent_sample", "latent"}, four, floatTypes, latents, false}},
		{&p.Pixels, true, portSpec{decoderPart, []string{"sample", "image"}, four, floatTypes, colours, false}},
		{&p.Image, false, portSpec{encoderPart, []string{"sample", "image"}, four, floatTypes, colours, false}},
		{
			&p.Mean, true,
			portSpec{encoderPart, []string{"latent_parameters", "latent_sample", "latent"}, four, floatTypes, nil, false},
		},
	}
}

// findPorts finds every input and output that is used, and refuses a network that wants more.
func (f *Model) findPorts() error {
	p, c := &f.Ports, f.Config
	for _, x := range f.wantedPorts() {
		if x.part == encoderPart && !c.CanEncode {
			continue
		}
		v, err := f.port(x.portSpec, x.output)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path(x.part), err)
		}
		*x.into = v
	}
	p.float16Timestep = p.Timestep.Type == graph.Float16 && len(p.Timestep.Dims) == 0
	for i := range c.Family.TextEncoders {
		t, err := f.findTextEncoder(i)
		if err != nil {
			return fmt.Errorf("%s: %w", f.path(t.part), err)
		}
		p.TextEncoders = append(p.TextEncoders, t)
	}
	return f.checkUnknownInputs()
}

// port finds one value by its names, or by position where it is the only one.
func (f *Model) port(w portSpec, output bool) (graph.Value, error) {
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
func (f *Model) checkUnknownInputs() error {
	p := f.Ports
	known := map[string][]graph.Value{unetPart: p.unetInputs(), decoderPart: {p.Latent}, encoderPart: {p.Image}}
	for _, t := range p.TextEncoders {
		known[t.part] = []graph.Value{t.IDs}
	}
	for _, part := range f.networkParts() {
		for _, in := range f.graphs[part].Inputs {
			if !slices.ContainsFunc(known[part], func(v graph.Value) bool { return v.Name == in.Name }) {
				return fmt.Errorf("%s: input %v is not supported; want only %v", f.path(part), in, known[part])
			}
		}
	}
	return nil
}
