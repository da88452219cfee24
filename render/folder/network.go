package folder

import (
	"path/filepath"

	"darkroom/render/onnx/graph"
)

// Network is one network of a folder, as a session loads it.
type Network struct {
	Path            string // of the file
	Inputs, Outputs []graph.Value
	Edits           []Edit // made to the graph, in memory, before it is loaded
}

// Edit changes a model whose weights are left out; see graph.ReadSkeleton.
type Edit func(model []byte) ([]byte, error)

// TextEncoderNetwork returns the network of text encoder i, edited where layers must be added. It outputs all layers
// that can be read, then the pooled vector if there is one.
func (f *Model) TextEncoderNetwork(i int) Network {
	t := f.Ports.TextEncoders[i]
	n := Network{Path: f.path(t.part), Inputs: []graph.Value{t.IDs}, Outputs: t.Outputs()}
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
	n := Network{Path: f.path(unetPart), Inputs: p.unetInputs(), Outputs: []graph.Value{p.Noise}}
	if p.float16Timestep {
		n.Edits = append(n.Edits, func(model []byte) ([]byte, error) { return graph.WidenScalar(model, p.Timestep) })
	}
	return n
}

// DecoderNetwork returns the VAE's decoder.
func (f *Model) DecoderNetwork() Network {
	return Network{
		Path: f.path(decoderPart), Inputs: []graph.Value{f.Ports.Latent}, Outputs: []graph.Value{f.Ports.Pixels},
	}
}

// EncoderNetwork returns the VAE's encoder, for a folder that has one. An encoder that draws a sample inside the
// network is edited to give the mean.
func (f *Model) EncoderNetwork() Network {
	n := Network{Path: f.path(encoderPart), Inputs: []graph.Value{f.Ports.Image}, Outputs: []graph.Value{f.Ports.Mean}}
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

func (f *Model) path(part string) string { return filepath.Join(f.Dir, part, "model.onnx") }
