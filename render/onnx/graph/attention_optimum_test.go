package graph_test

import (
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
)

// Attention as Optimum's own exports have it, of each family and both precisions, is all fused.
func TestFuseAttentionOptimum(t *testing.T) {
	t.Parallel()
	const softmax = "\x22\x07Softmax" // NodeProto.op_type
	for _, name := range goldentest.Names(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := graph.ReadSkeleton(filepath.Join(goldentest.Model(t, name), "unet", "model.onnx"))
			if err != nil {
				t.Fatal(err)
			}
			fused, err := graph.FuseAttention(s.Model)
			if err != nil {
				t.Fatal(err)
			}
			before, after := strings.Count(string(s.Model), softmax), strings.Count(string(fused), softmax)
			if before == 0 || after != 0 {
				t.Errorf("%d attentions before and %d after, want none left", before, after)
			}
		})
	}
}
