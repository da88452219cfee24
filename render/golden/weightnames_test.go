package golden_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
)

// TestWeightNames reads what Optimum calls the weights of a UNet of Stable Diffusion 1.5's shape: a Linear's is
// anonymous, and its node's name says whose it is. What looks weights up by name stands on this.
func TestWeightNames(t *testing.T) {
	t.Parallel()
	data, err := goldentest.Unzip(filepath.Join("testdata", "sd15-unet-names.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	var dump struct {
		Initializers [][3]any // name, type, shape
		Nodes        []node
	}
	if err := json.Unmarshal(data, &dump); err != nil {
		t.Fatal(err)
	}
	weights := map[string]bool{}
	for _, w := range dump.Initializers {
		weights[w[0].(string)] = true
	}
	anonymous := map[string]string{} // by module
	for _, n := range dump.Nodes {
		if n.op() == "MatMul" && len(n.inputs()) == 2 && weights[n.inputs()[1]] {
			anonymous[strings.TrimSuffix(n.name(), "/MatMul")] = n.inputs()[1]
		}
	}
	if len(anonymous) != 160 {
		t.Errorf("got %d anonymous weights of Linears, want the 160 of 16 transformers", len(anonymous))
	}
	for _, module := range []string{
		"/down_blocks.0/attentions.0/transformer_blocks.0/attn1/to_q",
		"/mid_block/attentions.0/transformer_blocks.0/attn2/to_out.0",
		"/up_blocks.3/attentions.2/transformer_blocks.0/ff/net.2",
	} {
		if !strings.HasPrefix(anonymous[module], "onnx::MatMul_") {
			t.Errorf("%s: got the weight %q, want onnx::MatMul_ and a number", module, anonymous[module])
		}
	}
	for _, name := range []string{
		"conv_in.weight", "time_embedding.linear_1.weight", "down_blocks.0.resnets.0.time_emb_proj.weight",
		"up_blocks.3.attentions.2.transformer_blocks.0.ff.net.2.bias", "mid_block.attentions.0.proj_in.weight",
	} {
		if !weights[name] {
			t.Errorf("no weight called %s", name)
		}
	}
}

// node is [operator, name, [inputs]].
type node []any

func (n node) op() string   { return n[0].(string) }
func (n node) name() string { return n[1].(string) }

func (n node) inputs() []string {
	var out []string
	for _, in := range n[2].([]any) {
		out = append(out, in.(string))
	}
	return out
}
