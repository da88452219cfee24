package onnx

import (
	"fmt"
	"slices"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"darkroom/render/folder"
	"darkroom/render/mapped"
	"darkroom/render/onnx/capi"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// acquireMemory has the binding hold the memory of a device, if its networks are fed from there.
func (b *binding) acquireMemory(d Device) (err error) {
	if d.resident() {
		b.memory, err = acquireMemory(d)
	}
	return err
}

// makeResident has the session fed from the device's memory, if the binding holds that.
func (b *binding) makeResident(n folder.Network, d Device, widened bool) error {
	if b.memory == nil {
		return nil
	}
	address, err := sessionOf(b.shared.ort)
	if err != nil {
		return err
	}
	b.resident = &resident{
		memory: b.memory, session: address, inputs: portsOf(n.Inputs, widened), outputs: portsOf(n.Outputs, widened),
	}
	if !d.Graphs {
		return nil
	}
	b.resident.graphs = &graphReplays{resident: b.resident, recordings: &b.shared.recordings}
	b.resident.own, err = b.memory.shareArena(address)
	return err
}

// portsOf are inputs or outputs as the loaded network has them.
func portsOf(values []graph.Value, widened bool) []graph.Value {
	s, all := &session{widened: widened}, slices.Clone(values)
	for i, v := range values {
		all[i] = s.port(v)
	}
	return all
}

// chooseArena has a session take its memory from the arena that all on the device share; one that records CUDA graphs
// keeps its own.
func (d Device) chooseArena(o *ort.SessionOptions) error {
	if d.Graphs {
		return nil
	}
	return useArena(o)
}

// addWeight binds a weight as it lies in its file. Networks that read the same one share the device's copy.
func (r *resident) addWeight(x graph.ExposedWeight, f *mapped.File, shape []int, data []byte) error {
	t, err := r.memory.share(keyOf(x, f, shape), func() (*capi.Value, error) {
		return r.memory.upload(x.Stored, shape, data, x.Type)
	})
	if err != nil {
		return fmt.Errorf("weight %s: %w", x.Name, err)
	}
	r.add(x.Name, t)
	return nil
}

// addNumbers binds numbers that no other network has.
func (r *resident) addNumbers(port graph.Value, kind graph.Type, shape []int, data []byte) error {
	v, err := r.memory.upload(kind, shape, data, port.Type)
	if err != nil {
		return fmt.Errorf("weight %s: %w", port.Name, err)
	}
	r.add(port.Name, &deviceTensor{Value: v, memory: r.memory, users: 1})
	return nil
}

// rankStep is the rank that factors of a rank are filled up to with zeros, so that shapes and pieces of memory repeat
// when add-ons change: 0, 1, 16, then multiples of 32 up to 128, then multiples of 64. Rank 1 is a step of its own,
// since a CPU adds up a single column in another order, and the result would not have the same bits.
func rankStep(rank int) int {
	up := func(to int) int { return (rank + to - 1) / to * to }
	switch {
	case rank <= 1:
		return rank
	case rank <= 16:
		return 16
	case rank <= 128:
		return up(32)
	}
	return up(64)
}

// addFactors binds the factors of a side branch, filled up with zeros to a step of ranks, which adds nothing to what
// they give.
func (r *resident) addFactors(x graph.BranchInput, with tensor.Branch, rank int) error {
	in, out, padded := x.Down.Dims[0], x.Up.Dims[1], rankStep(rank)
	down, up := tensor.New(in, padded), tensor.New(padded, out)
	for i := range in {
		copy(down.Data[i*padded:], with.Down.Data[i*rank:(i+1)*rank])
	}
	copy(up.Data, with.Up.Data)
	if err := r.addFloats(x.Down, down); err != nil {
		return err
	}
	return r.addFloats(x.Up, up)
}

// addFloats binds numbers, rounded to the type of the input on the device.
func (r *resident) addFloats(port graph.Value, t tensor.Tensor) error {
	return r.addNumbers(port, graph.Float, t.Shape, floatBytes(t.Data))
}

// floatBytes are numbers as they lie in memory.
func floatBytes(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}
