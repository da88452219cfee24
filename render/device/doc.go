// Package device says on which devices to render, and with which library of ONNX Runtime on each. That is a judgement
// of what was asked for, the cards and their driver (render/gpu), and the libraries that lie here (render/onnx/install,
// render/onnx/library). It opens none of them.
//
//	m := device.Here("runtimes", "")
//	m.GPU = gpu.Look(gpu.Options{})
//	choices, err := m.Choose(device.Wanted{Kind: device.Auto})
//
// For a card, a runtime is fit whose generation of CUDA the driver supports, and that has code for the card. Of several
// the one with code of the card's own is taken, then the newest.
package device
