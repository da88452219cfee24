package checkpoint_test

import (
	"maps"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
)

// cudaKernels are the operations of opset 20, and the runtime's own, that its CUDA provider has a kernel for, of those
// that are written: ONNX Runtime's docs/OperatorKernels.md. A kernel counts if it begins at the version that opset 20
// has of the operation, or names the version where it ends: a kernel without an end serves the version alone at which it
// begins (core/framework/kernel_registry.cc).
var cudaKernels = []string{
	"Add", "Cast", "Concat", "Conv", "Cos", "Expand", "Gather", "GatherElements", "Gelu", "Gemm", "Identity",
	"InstanceNormalization", "LayerNormalization", "Less", "MatMul", "Mul", "MultiHeadAttention", "QuickGelu", "Reshape",
	"Shape", "Sin", "Slice", "Split", "Sub", "Transpose", "Unsqueeze", "Where",
}

// onCPU are operations that the CUDA provider lacks and that are done once for a prompt, on some whole numbers: where its
// end token is.
var onCPU = []string{"Equal", "ArgMax"}

// TestWrittenForCUDA: the networks that run in every step, and the VAE, have no operation that would be computed on the
// CPU while a GPU waits. CUDA graphs are refused for networks that have one.
func TestWrittenForCUDA(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		goldentest.CheckpointSD1, goldentest.CheckpointBF16, goldentest.CheckpointSD2V, goldentest.CheckpointSDXLF16,
		goldentest.CheckpointInpaint, goldentest.CheckpointRefiner, goldentest.CheckpointSSD,
	} {
		m := open(t, goldentest.Checkpoint(t, name))
		networks := map[string]folder.Network{
			"unet": m.UnetNetwork(), "decoder": m.DecoderNetwork(), "encoder": m.EncoderNetwork(),
		}
		for i := range m.Ports.TextEncoders {
			networks["text encoder"] = m.TextEncoderNetwork(i)
		}
		for part, n := range networks {
			w, err := n.Written.Write(graph.WriteOptions{Float16: true, Converted: true, NoResize: true, Branches: true})
			if err != nil {
				t.Fatal(err)
			}
			for op := range operations(t, w.Model) {
				if !slices.Contains(cudaKernels, op) && (part != "text encoder" || !slices.Contains(onCPU, op)) {
					t.Errorf("%s, %s: CUDA has no kernel for %s", name, part, op)
				}
			}
			for _, x := range w.Weights {
				if part == "unet" && x.Type != graph.Float16 || part == "decoder" && x.Type != graph.Float {
					t.Errorf("%s, %s: %s would be cast in every run", name, part, x.Name)
				}
			}
		}
	}
}

// operations counts a model's operations: in ModelProto graph = 7; in GraphProto node = 1; in NodeProto op_type = 4.
func operations(t *testing.T, model []byte) map[string]int {
	t.Helper()
	count := map[string]int{}
	for _, g := range parts(t, model, 7) {
		for _, node := range parts(t, g, 1) {
			for _, op := range parts(t, node, 4) {
				count[string(op)]++
			}
		}
	}
	if len(count) == 0 {
		t.Fatalf("no operations in %d bytes: %v", len(model), slices.Collect(maps.Keys(count)))
	}
	return count
}

// parts are the fields of a number in a message.
func parts(t *testing.T, message []byte, number protowire.Number) (all [][]byte) {
	t.Helper()
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			t.Fatal(protowire.ParseError(size))
		}
		length := protowire.ConsumeFieldValue(n, kind, message[size:])
		if length < 0 {
			t.Fatal(protowire.ParseError(length))
		}
		if n == number && kind == protowire.BytesType {
			content, _ := protowire.ConsumeBytes(message[size:])
			all = append(all, content)
		}
		message = message[size+length:]
	}
	return all
}
