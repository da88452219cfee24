package folder

import (
	"path/filepath"

	"darkroom/render/mapped"
	"darkroom/render/onnx/graph"
)

// Network is one network of a folder, as a session loads it.
type Network struct {
	Path            string // of the file
	Inputs, Outputs []graph.Value
	Edits           []Edit   // made to the graph, in memory, before it is loaded
	Written         *Written // nil for a network that lies in an ONNX file, at Path
}

// Written is a network that the program writes itself, and the files of its weights.
type Written struct {
	Write func(graph.WriteOptions) (graph.Written, error)
	Files map[string]*mapped.File // by their path, which is ExposedWeight.File
}

// Edit changes a model whose weights are left out; see graph.ReadSkeleton.
type Edit func(model []byte) ([]byte, error)

// TextEncoderNetwork returns the network of text encoder i, edited where layers must be added. It outputs all layers
// that can be read, then the pooled vector if there is one.
func (f *Model) TextEncoderNetwork(i int) Network {
	t := f.Ports.TextEncoders[i]
	n := f.network(t.part, []graph.Value{t.IDs}, t.Outputs())
	if t.layersAdded {
		n.Edits = append(n.Edits, func(model []byte) ([]byte, error) {
			model, _, err := f.exposeLayers(t, model)
			return model, err
		})
	}
	return n
}

// UnetNetwork returns the UNet. It takes the timestep as float32 where the file has it as a float16 scalar, which the
// runtime's binding cannot make.
func (f *Model) UnetNetwork() Network {
	p := f.Ports
	n := f.network(unetPart, p.unetInputs(), []graph.Value{p.Noise})
	if p.float16Timestep {
		n.Edits = append(n.Edits, func(model []byte) ([]byte, error) { return graph.WidenScalar(model, p.Timestep) })
	}
	return n
}

// DecoderNetwork returns the VAE's decoder.
func (f *Model) DecoderNetwork() Network {
	return f.network(decoderPart, []graph.Value{f.Ports.Latent}, []graph.Value{f.Ports.Pixels})
}

// EncoderNetwork returns the VAE's encoder, for a folder that has one. An encoder that draws a sample inside the
// network is edited to give the mean.
func (f *Model) EncoderNetwork() Network {
	n := f.network(encoderPart, []graph.Value{f.Ports.Image}, []graph.Value{f.Ports.Mean})
	if !f.EncodesVariance() {
		n.Edits = append(n.Edits, graph.ZeroNoise)
	}
	return n
}

// EncodesVariance says whether the encoder gives mean and variance.
func (f *Model) EncodesVariance() bool {
	return f.Ports.Mean.Name == "latent_parameters" || f.Ports.Mean.Dims[1] == 2*f.Config.LatentChannels
}

// supportsSeamless says whether the convolutions of the UNet and of the VAE can be edited to pad circularly.
func (f *Model) supportsSeamless() bool {
	networks := []Network{f.UnetNetwork(), f.DecoderNetwork()}
	if f.Config.CanEncode {
		networks = append(networks, f.EncoderNetwork())
	}
	for _, n := range networks {
		s, err := graph.ReadSkeleton(n.Path)
		for _, edit := range append(n.Edits, graph.PadCircular) {
			if err == nil {
				s.Model, err = edit(s.Model)
			}
		}
		if err != nil {
			return false
		}
	}
	return true
}

func (f *Model) network(part string, inputs, outputs []graph.Value) Network {
	return Network{Path: f.path(part), Inputs: inputs, Outputs: outputs, Written: f.written[part]}
}

// path is the file of a network; of one that is written it is a name for messages.
func (f *Model) path(part string) string {
	if f.written[part] != nil {
		return f.Dir + ": " + part
	}
	return filepath.Join(f.Dir, part, "model.onnx")
}
