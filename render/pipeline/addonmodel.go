package pipeline

import (
	"fmt"
	"slices"

	"darkroom/render/addon"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// unetPart is the folder of the UNet.
const unetPart = weightname.Unet

// describeForAddons says what add-ons must know of a model's weights.
func describeForAddons(f *folder.Model, device onnx.Device) (*addon.Model, error) {
	m := &addon.Model{
		Name: f.Name, Family: f.Config.Family.Name, Hash: f.Hash, Parts: map[string]map[string]addon.Info{},
	}
	networks := map[string]folder.Network{unetPart: f.UnetNetwork()}
	for i, part := range f.Config.Family.TextParts() {
		networks[part] = f.TextEncoderNetwork(i)
	}
	weights, branches := map[string]map[string]storedWeight{}, map[string]map[string]bool{}
	for part, n := range networks {
		w, err := n.Expose(device.Kind == onnx.CPU && !device.KeepFloat16, graph.WriteOptions{Branches: true})
		if err != nil {
			return nil, err
		}
		weights[part], branches[part] = storedWeights(w), map[string]bool{}
		for _, b := range w.Branches {
			branches[part][b.Module] = true
		}
		m.Parts[part] = map[string]addon.Info{}
		for name, x := range weights[part] {
			m.Parts[part][name] = x.info()
		}
	}
	m.HasBranch = func(part, module string) bool { return branches[part][module] }
	m.Read = func(part, weight string) (tensor.Tensor, error) { return weights[part][weight].read() }
	return m, nil
}

// storedWeight is a weight and the file that it lies in.
type storedWeight struct {
	graph.ExposedWeight
	network folder.Weighted
}

// storedWeights lists the weights that a network's layers multiply by, or that are named in its file, by canonical
// name.
func storedWeights(w folder.Weighted) map[string]storedWeight {
	all := map[string]storedWeight{}
	for _, x := range w.Weights {
		all[x.CanonicalName()] = storedWeight{x, w}
	}
	return all
}

// elementTypes are the graphs' element types as safetensors calls them.
var elementTypes = map[graph.Type]safetensors.DType{
	graph.Double: safetensors.F64, graph.Float: safetensors.F32, graph.Float16: safetensors.F16,
	graph.BFloat16: safetensors.BF16, graph.Float8E4M3: safetensors.F8E4M3, graph.Float8E5M2: safetensors.F8E5M2,
}

func (w storedWeight) info() addon.Info {
	i := addon.Info{DType: elementTypes[w.Stored]}
	for _, d := range w.Dims {
		i.Shape = append(i.Shape, int64(d))
	}
	if size := i.DType.Size(); len(i.Shape) == 2 && i.Shape[0] == 0 && size > 0 { // a table that may grow
		i.Shape[0] = w.Length / size / i.Shape[1]
	}
	if w.Transposed && len(i.Shape) == 2 {
		i.Shape[0], i.Shape[1] = i.Shape[1], i.Shape[0]
	}
	return i
}

// read returns the values in the canonical shape.
func (w storedWeight) read() (tensor.Tensor, error) {
	data := w.Data
	if data == nil {
		file := w.network.Files[w.File]
		if file == nil {
			return tensor.Tensor{}, fmt.Errorf("weight %s is in no file", w.Name)
		}
		mapping, err := file.Map()
		if err != nil {
			return tensor.Tensor{}, err
		}
		defer mapping.Close()
		data = mapping.Bytes(w.Offset, w.Length)
	}
	values, err := safetensors.Floats(elementTypes[w.Stored], data)
	if err != nil {
		return tensor.Tensor{}, fmt.Errorf("weight %s: %w", w.Name, err)
	}
	shape := slices.Clone(w.Dims)
	if len(shape) == 2 && shape[0] == 0 {
		shape[0] = len(values) / shape[1]
	}
	t := tensor.Tensor{Shape: shape, Data: values}
	if w.Transposed && len(w.Dims) == 2 {
		t = tensor.Transpose(t)
	}
	return t, nil
}
