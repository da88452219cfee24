package inventory

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tensors writes a file of one-element tensors of these names.
func tensors(t testing.TB, path string, value float32, names ...string) {
	t.Helper()
	header := map[string]any{}
	var data []byte
	for _, name := range names {
		header[name] = map[string]any{
			"dtype": "F32", "shape": []int{1, 1}, "data_offsets": []int{len(data), len(data) + 4},
		}
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value))
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, path, string(binary.LittleEndian.AppendUint64(nil, uint64(len(text))))+string(text)+string(data))
}

func TestRecognise(t *testing.T) {
	t.Parallel()
	for want, keys := range map[Kind][]string{
		Checkpoint: {
			"model.diffusion_model.input_blocks.0.0.weight", "conditioner.embedders.0.transformer.x",
			"down_blocks.0.resnets.0.x",
		},
		LoRA: {
			"lora_unet_down_blocks_0.alpha", "unet.down_blocks.0.attn1.to_q.lora_A.weight", "diffusion_model.x.hada_w1_a",
			"lora_te1_text_model.lokr_w1", "unet.x.to_q_lora.down.weight.lora_linear_layer.up.weight", "a.b.diff",
			"base_model.model.x.lora_B.default.weight", "unet.x.oft_R.weight", "unet.x.ia3_l", "oft_unet_x.alpha",
		},
		VAE: {
			"first_stage_model.encoder.conv_in.weight", "decoder.up.0.block.0.x",
			"encoder.down_blocks.0.resnets.0.conv1.weight",
		},
		Hypernetwork: {"768.0.linear.0.weight", "128.1.linear1.weight"},
		Embedding:    {"emb_params", "clip_g", "<kite>", "a name of one's own"},
		Upscaler:     {"conv_first.weight", "body.0.rdb1.conv1.weight", "model.0.weight", "params_ema.conv_first.weight"},
	} {
		for _, key := range keys {
			path := filepath.Join(t.TempDir(), "x.safetensors")
			tensors(t, path, 1, key)
			if got, err := Recognise(path); got != want || err != nil {
				t.Errorf("%s: got %q, %v, want %s", key, got, err, want)
			}
		}
	}
	for _, path := range []string{"lora/stained-glass", "hypernetworks/sepia", "embeddings/kite"} {
		want := places[filepath.Dir(path)]
		if got, err := Recognise("../demo/addons/" + path + ".safetensors"); got != want || err != nil {
			t.Errorf("the demo model's %s: got %q, %v, want %s", path, got, err, want)
		}
	}
}

func TestRecogniseRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, want := range map[string]string{
		"a.ckpt": "a pickle", "a.pth": "a pickle", "a.gguf": "quantised", "a.txt": "no file of a model", "a.pt": "--as",
		"a.safetensors": "", "none.safetensors": "no such file",
	} {
		if !strings.HasPrefix(name, "none") {
			writeText(t, filepath.Join(dir, name), "text")
		}
		if got, err := Recognise(filepath.Join(dir, name)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v, want a refusal with %q", name, got, err, want)
		}
	}
	tensors(t, filepath.Join(dir, "odd.safetensors"), 1, "something", "else")
	tensors(t, filepath.Join(dir, "empty.safetensors"), 1)
	for name, want := range map[string]string{"odd": `the first is "else"`, "empty": "holds no tensors"} {
		_, err := Recognise(filepath.Join(dir, name+".safetensors"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "a.safetensors")
	cache := newCache()
	tensors(t, path, 1, "good", "too")
	sum, err := Verify(path, cache, nil)
	if err != nil || sum != mustSum(t, path) {
		t.Errorf("got %s, %v", sum, err)
	}
	writeText(t, filepath.Join(dir, "a.civitai.info"), `{"files":[{"name":"a.safetensors","hashes":{"SHA256":"`+
		strings.ToUpper(sum)+`"}}]}`)
	if _, err := Verify(path, cache, nil); err != nil {
		t.Errorf("with Civitai's hash: got %v", err)
	}
	writeText(t, filepath.Join(dir, "a.civitai.info"), `{"files":[{"hashes":{"SHA256":"AA"}}]}`)
	if _, err := Verify(path, cache, nil); err == nil || !strings.Contains(err.Error(), "download it again") {
		t.Errorf("with another hash of Civitai: got %v", err)
	}
	for name, value := range map[string]float32{"nan": float32(math.NaN()), "inf": float32(math.Inf(-1))} {
		path := filepath.Join(dir, name+".safetensors")
		tensors(t, path, value, "weight")
		if _, err := Verify(path, cache, nil); err == nil || !strings.Contains(err.Error(), `"weight" holds`) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(path, cache, nil); err == nil {
		t.Error("a truncated file: want an error")
	}
}
