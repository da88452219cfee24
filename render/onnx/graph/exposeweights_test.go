package graph_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx/graph"
)

func expose(t *testing.T, path string) graph.Exposed {
	t.Helper()
	s, err := graph.ReadSkeleton(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := graph.ExposeWeights(s.Model)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// modulesOf lists the modules that a change can reach, as kohya's LoRAs call them.
func modulesOf(e graph.Exposed) map[string]bool {
	all := map[string]bool{}
	for _, b := range e.Branches {
		all[strings.ReplaceAll(b.Module, ".", "_")] = true
	}
	for _, w := range e.Weights {
		all[strings.ReplaceAll(w.Module, ".", "_")] = true
	}
	return all
}

// TestExposedModulesAreThoseOfLoRAs looks up every module of the demo's LoRA in the demo's networks.
func TestExposedModulesAreThoseOfLoRAs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../demo/addons/lora/stained-glass.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	var header map[string]json.RawMessage
	if err := json.Unmarshal(data[8:8+binary.LittleEndian.Uint64(data)], &header); err != nil {
		t.Fatal(err)
	}
	there := map[string]map[string]bool{
		"lora_unet_": modulesOf(expose(t, "../../demo/postcards/unet/model.onnx")),
		"lora_te_":   modulesOf(expose(t, "../../demo/postcards/text_encoder/model.onnx")),
	}
	found := 0
	for key := range header {
		for prefix, modules := range there {
			module, ok := strings.CutSuffix(strings.TrimPrefix(key, prefix), ".lora_up.weight")
			if !ok || !strings.HasPrefix(key, prefix) {
				continue
			}
			if found++; !modules[module] {
				t.Errorf("%s has no place", key)
			}
		}
	}
	if found < 50 {
		t.Errorf("got %d modules, want all of the LoRA", found)
	}
}

// TestExposedWeightsOfAnExport checks the layers whose weights an exporter transposed and left without a name.
func TestExposedWeightsOfAnExport(t *testing.T) {
	t.Parallel()
	dir := goldentest.Model(t, goldentest.SD1)
	e := expose(t, filepath.Join(dir, "unet", "model.onnx"))
	byModule := map[string]graph.ExposedWeight{}
	for _, w := range e.Weights {
		byModule[w.Module] = w
		size := int64(4)
		for _, d := range w.Dims {
			size *= int64(d)
		}
		if w.Length != size || (w.File == "") != (int64(len(w.Data)) == size) {
			t.Errorf("%v lies in %q with %d bytes, want %d", w.Value, w.File, w.Length, size)
		}
	}
	for module, want := range map[string]struct {
		anonymous, transposed bool
		dims                  int
	}{
		"down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q":     {true, true, 2},
		"down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj":  {true, true, 2},
		"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_out.0": {true, true, 2},
		"time_embedding.linear_1":                                        {false, false, 2},
		"conv_in":                                                        {false, false, 4},
	} {
		w, ok := byModule[module]
		if !ok || strings.HasPrefix(w.Name, "onnx::MatMul") != want.anonymous || w.Transposed != want.transposed ||
			len(w.Dims) != want.dims {
			t.Errorf("%s: got %v, transposed %v (%v), want %+v", module, w.Value, w.Transposed, ok, want)
		}
		has := slices.ContainsFunc(e.Branches, func(b graph.BranchInput) bool { return b.Module == module })
		if has != (want.dims == 2) {
			t.Errorf("%s: side branch %v", module, has)
		}
	}
}

// TestExposedEmbeddingsMayGrow has a free number of rows in the table that token ids are looked up in.
func TestExposedEmbeddingsMayGrow(t *testing.T) {
	t.Parallel()
	for _, w := range expose(t, "../../demo/postcards/text_encoder/model.onnx").Weights {
		if w.Module == "text_model.embeddings.token_embedding" {
			if w.Dims[0] != 0 || w.Dims[1] != 128 {
				t.Errorf("got %v, want any number of rows", w.Value)
			}
			return
		}
	}
	t.Error("the table of embeddings is not there")
}

// TestExposeWeightsOfBrokenModels refuses what is no model.
func TestExposeWeightsOfBrokenModels(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"\xff", "\x3a\x7f", "\x3a\x02\x0a\x05"} {
		if _, err := graph.ExposeWeights([]byte(model)); err == nil {
			t.Errorf("%q: want an error", model)
		}
	}
}
