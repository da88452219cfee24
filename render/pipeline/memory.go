package pipeline

import (
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
	"darkroom/render/safety"
)

// Need is how much memory of its own a model holds while images of its usual size are made with it, in bytes, as it is
// known before the model is loaded. Pages of weights' files do not count: the system reclaims them when it needs them.
//
// The parts of the weights' size are those that docs/benchmarks.md measures ("own part", while rendering) for Stable
// Diffusion 1.5: 4.0 GiB in float32 hold 4.3 GiB packed and 0.37 GiB mapped, 2.0 GiB in float16 hold 4.3 and 0.83 GiB.
// The weights of a checkpoint are mapped on the CPU, unless they are to be packed. On a GPU weights stay as they are.
func Need(m *folder.Model, d onnx.Device) int64 {
	return need(m.Bytes, m.Config.Float16, m.FromCheckpoint(), d)
}

// checkerNeed is Need for a safety checker.
func checkerNeed(m *safety.Model, d onnx.Device) int64 {
	return need(m.Bytes, m.Network.Inputs[0].Type == graph.Float16, m.Network.Written != nil, d)
}

func need(bytes int64, float16, written bool, d onnx.Device) int64 {
	packed, mapped := 1.08, 0.1
	if float16 {
		packed, mapped = 2.15, 0.42
	}
	part := packed
	switch {
	case d.Kind != onnx.CPU:
		part = 1.1
	case d.Mapped, written && !d.Packed:
		part = mapped
	}
	return int64(part * float64(bytes))
}

// defaultBudget is the memory for models where nobody says how much: half of what this process may have on the CPU.
// What a GPU has is not known here; 0 is for one model at a time.
func defaultBudget(d onnx.Device) int64 {
	if d.Kind != onnx.CPU {
		return 0
	}
	return machineMemory() / 2
}
