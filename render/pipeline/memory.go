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
// The weights of a checkpoint are mapped on the CPU, unless they are to be packed.
func Need(m *folder.Model, d onnx.Device) int64 {
	if d.Kind != onnx.CPU {
		return int64(cardPart(m)*float64(m.Bytes)) + cardRun(m)
	}
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
	case d.Kind != onnx.CPU: // of a safety checker
		part = 1.1
	case d.Mapped, written && !d.Packed:
		part = mapped
	}
	return int64(part * float64(bytes))
}

// cardPart is what lies on a card of each byte of a model's files. The weights of a checkpoint lie there in float16, but
// for the VAE's, which are 2 to 8 % of them and lie there in float32; those of an ONNX folder as they are.
func cardPart(m *folder.Model) float64 {
	if !m.FromCheckpoint() {
		return 1.1
	}
	switch m.Config.Weights {
	case "float32":
		return 0.6
	case "float8":
		return 2.2
	}
	return 1.1
}

// cardRun is what runs need on a card at their most, which is in the VAE's decoder: three tensors of 256 channels of
// float32 for each pixel of the image or of a tile (render/bench/budget.py), and a workspace for convolutions.
func cardRun(m *folder.Model) int64 {
	const tile, workspace = 512 * 512, 256 << 20
	size := m.Config.NativeSize
	return int64(min(size.Width*size.Height, tile))*3*256*4 + workspace
}

// defaultBudget is the memory for models where nobody says how much: half of what this process may have on the CPU.
// What a GPU has is not known here; 0 is for one model at a time.
func defaultBudget(d onnx.Device) int64 {
	if d.Kind != onnx.CPU {
		return 0
	}
	return machineMemory() / 2
}
