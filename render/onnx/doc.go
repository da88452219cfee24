// Package onnx runs the networks of a checked model folder on ONNX Runtime: sessions, devices and their memory. It is
// the only importer of the runtime's binding, and knows nothing of prompts, samplers or seeds.
//
//	lib, err := onnx.FindLibrary("")          // where cmd/ort puts it, or ONNXRUNTIME_LIB
//	err = onnx.Open(lib)                      // once per process
//	f, err := folder.Open("models/x")         // checked, hashed; nothing is loaded yet
//	model, err := onnx.Load(ctx, f, onnx.Device{Kind: onnx.CPU})
//	defer model.Close()
//	text, err := model.EncodeText(ctx, ids, 0)
//	noise, err := model.Unet(ctx, latents, 999, tensor.Conditioning{Hidden: text.Hidden})
//	pixels, err := model.DecodeLatents(ctx, latents)
//
// Values in Go are float32. A float16 network gets and gives bytes on a GPU, and computes in float32 on a CPU
// (graph.Widen).
//
// Costs: Load reads the weights (seconds for gigabytes). A call costs the network's own time plus a few microseconds.
// When a context ends, a running network stops at its next node, and the model stays usable.
//
// Graph and weights meet in one place only (newSession). Where a graph is edited (a text encoder's inner layers, a
// scalar that the binding cannot make, circular padding), the edit is made in memory on the graph alone, and its
// weights are still read from the file. So weights owned by the caller (memory-mapped, shared, patched by a LoRA) can
// later be given to a session there, without a change to anything else.
package onnx
