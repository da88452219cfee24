package checkpoint_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/addon/addontest"
	"darkroom/render/checkpoint"
	"darkroom/render/checkpoint/upscalertest"
)

func TestOpenUpscaler(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct{ scale, multiple int }{
		"esrgan": {4, 1}, "esrgan-old-x1": {1, 1}, "esrgan-old-x8": {8, 1}, "esrgan-x2-unshuffled": {2, 2},
		"esrgan-x1-unshuffled": {1, 4}, "compact": {4, 1}, "span": {4, 1}, "span-plain": {2, 1},
	} {
		u, err := checkpoint.OpenUpscaler(upscalertest.Find(t, name).Write(t))
		if err != nil {
			t.Fatal(err)
		}
		if u.Scale != want.scale || u.Multiple != want.multiple || u.Peak < 10 || u.Work < 100 {
			t.Errorf("%s: got scale %d, multiple %d, peak %v, work %v, want %+v", name, u.Scale, u.Multiple, u.Peak, u.Work, want)
		}
	}
}

// TestUpscalersThatLie changes single tensors of good files.
func TestUpscalersThatLie(t *testing.T) {
	t.Parallel()
	entry := func(shape ...int) addontest.Entry {
		n := 4
		for _, d := range shape {
			n *= d
		}
		return addontest.Entry{DType: "F32", Shape: shape, Data: make([]byte, n)}
	}
	for name, c := range map[string]struct {
		of, key string
		to      *addontest.Entry // nil: the tensor is left out
		want    string
	}{
		"a weight is missing":      {"esrgan", "body.1.rdb2.conv3.weight", nil, "no weight body.1.rdb2.conv3.weight"},
		"a layer is missing":       {"esrgan-old", "model.8.weight", nil, "no weight conv_hr.weight"},
		"other channels":           {"esrgan", "conv_hr.weight", new(entry(8, 9, 3, 3)), "reads 8 channels, and its weight has 9"},
		"another bias":             {"esrgan", "conv_hr.bias", new(entry(7)), "its bias is [7], want [8]"},
		"grey images":              {"esrgan", "conv_first.weight", new(entry(8, 1, 3, 3)), "reads 3 channels, and its weight has 1"},
		"a matrix":                 {"esrgan", "conv_first.weight", new(entry(8, 27)), "is [8 27], want 4 dimensions"},
		"an empty weight":          {"esrgan", "conv_first.weight", new(entry(8, 0, 3, 3)), "a tensor of shape [8 0 3 3]"},
		"a kernel of even sides":   {"esrgan", "conv_body.weight", new(entry(8, 8, 2, 2)), "do not fit together"},
		"a variant":                {"esrgan", "body.0.rdb1.conv6.weight", new(entry(8, 8, 3, 3)), "a variant that is not read"},
		"whole numbers":            {"esrgan", "conv_last.weight", &addontest.Entry{DType: "I32", Shape: []int{3, 8, 3, 3}, Data: make([]byte, 4*216)}, "no weight conv_last.weight"},
		"a scale of no colours":    {"compact", "params.body.8.weight", new(entry(40, 10, 3, 3)), "40 channels, which are no squares"},
		"a scale that is too high": {"compact", "params.body.8.weight", new(entry(3*16*16, 10, 3, 3)), "768 channels, which are no squares"},
		"rectifiers without slope": {"compact", "params.body.3.weight", nil, "no weight body.3.weight: rectifiers"},
		"parts that do not fit":    {"span", "block_2.c1_r.conv.1.weight", new(entry(16, 15, 3, 3)), "its parts do not fit together"},
		"a part is missing":        {"span", "conv_2.conv.2.bias", nil, "conv_2.conv.2: a weight of"},
		"too many channels":        {"span", "conv_2.conv.1.weight", new(entry(300, 16, 3, 3)), "300 channels, want at most 256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tensors := upscalertest.Find(t, c.of).Tensors()
			if delete(tensors, c.key); c.to != nil {
				tensors[c.key] = *c.to
			}
			path := filepath.Join(t.TempDir(), "a.safetensors")
			addontest.WriteFile(t, path, nil, tensors)
			checkRefused(t, path, c.want)
		})
	}
}

func checkRefused(t *testing.T, path, want string) {
	t.Helper()
	if _, err := checkpoint.OpenUpscaler(path); err == nil || !strings.Contains(err.Error(), want) ||
		!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line with the path and %q", err, want)
	}
}

func TestOpenUpscalerRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys := func(name string, all ...string) string {
		path, tensors := filepath.Join(dir, name), map[string]addontest.Entry{}
		for _, key := range all {
			tensors[key] = addontest.Entry{DType: "F32", Shape: []int{1}, Data: make([]byte, 4)}
		}
		addontest.WriteFile(t, path, nil, tensors)
		return path
	}
	for path, want := range map[string]string{
		write("a.pth", "PK\x03\x04"):                  "Python pickles, which can run any program",
		write("b.safetensors", "PK\x03\x04"):          "a Python pickle under another name",
		write("c.safetensors", ""):                    "the file is empty",
		keys("d.safetensors"):                         "it holds no tensors",
		keys("e.safetensors", "lora_unet_x.alpha"):    "none of the known upscalers has its weights",
		keys("f.safetensors", "feats.1.lk.conv.bias"): "it looks like PLKSR; supported are ESRGAN",
		keys("g.safetensors", "layers.0.residual_group.blocks.0.attn.relative_position_index"): "SwinIR or another " +
			"transformer",
	} {
		checkRefused(t, path, want)
	}
}

// TestAveragedWeights: of two sets of weights the averaged ones are read.
func TestAveragedWeights(t *testing.T) {
	t.Parallel()
	c := upscalertest.Find(t, "esrgan-ema")
	tensors := c.Tensors()
	for key := range maps.Clone(tensors) {
		tensors[strings.Replace(key, "params_ema.", "params.", 1)] = addontest.Entry{DType: "F32", Shape: []int{1}, Data: make([]byte, 4)}
	}
	path := filepath.Join(t.TempDir(), "a.safetensors")
	addontest.WriteFile(t, path, nil, tensors)
	if _, err := checkpoint.OpenUpscaler(path); err != nil {
		t.Errorf("got %v, want the averaged weights", err)
	}
}
