// Package onnx runs the networks of a Stable Diffusion model folder on ONNX Runtime. It is the only importer of the
// runtime's binding, and knows nothing of prompts, samplers or seeds.
//
//	lib, err := onnx.FindLibrary("")            // where cmd/ort puts it, or ONNXRUNTIME_LIB
//	err = onnx.Open(lib)                        // once per process
//	folder, err := onnx.OpenFolder("models/x")  // checked, hashed; nothing is loaded yet
//	model, err := onnx.Load(ctx, folder, onnx.Device{Kind: onnx.CPU})
//	defer model.Close()
//	text, err := model.EncodeText(ctx, ids, 0)
//	noise, err := model.Unet(ctx, latents, 999, tensor.Given{Hidden: text.Hidden})
//	pixels, err := model.DecodeLatents(ctx, latents)
//
// Model folders are the ecosystem's: the layout that Optimum and diffusers export. Exports of different years differ
// in names, element types and ranks; they are read from the files (package graph), never assumed. Values in Go are
// float32; a float16 network is fed and read as bytes on a GPU, and computes in float32 on a CPU (graph.Widen).
//
// What costs: Load reads the weights (seconds for gigabytes). A call costs the network's own time plus a few
// microseconds. Cancelling a context stops a running network at its next node, and the model stays usable.
//
// Graph and weights meet in one place only (newSession). Where a graph is edited (a text encoder's inner layers, a scalar
// that the binding cannot make, convolutions that wrap around), that is done in memory on the graph alone, and its weights
// are still read from the file. So weights owned by the caller (memory-mapped, shared, patched by a LoRA) can later be
// given to a session there, without a change to anything else. docs/models.md says which folders are opened.
package onnx
