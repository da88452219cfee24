package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx/onnxtest"
)

const demoModel = "../demo/postcards"

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestUpscaler(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	before, err := folder.Open(dir)
	if err != nil || before.Upscaler != nil {
		t.Fatalf("got %v, %v, want a folder without an upscaler", before, err)
	}
	network := readFile(t, filepath.Join(demoModel, "upscaler", "model.onnx"))
	onnxtest.WriteFile(t, dir, "upscaler/model.onnx", network)
	for _, c := range []struct {
		config   string
		multiple int
	}{{`{"scale": 2, "multiple": 16}`, 16}, {`{"scale": 2, "multiple": 4}`, 8}, {`{}`, 8}} {
		onnxtest.WriteFile(t, dir, "upscaler/config.json", c.config)
		with, err := folder.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if u := with.Upscaler; u == nil || u.Scale != 2 || u.Multiple != c.multiple || len(u.Ref.Hash) != 64 ||
			u.Ref.Name != with.Name || u.Peak < 10 || u.Work < 10_000 {
			t.Errorf("%s: got %+v, want scale 2 and multiple %d", c.config, u, c.multiple)
		}
		if with.Hash != before.Hash {
			t.Error("an upscaler gives the folder another hash: it decides only pictures whose Spec names it")
		}
	}
	for name, c := range map[string]struct{ data, config, want string }{
		"another network": {readFile(t, filepath.Join(dir, "unet", "model.onnx")), `{}`, "want one of each of an upscaler"},
		"a cut file":      {network[:100], `{}`, "not an ONNX model"},
		"another scale":   {network, `{"scale": 4}`, "scale 4, and the network's is 2"},
		"a silly scale":   {network, `{"scale": 100}`, "want 1 to 8"},
	} {
		onnxtest.WriteFile(t, dir, "upscaler/model.onnx", c.data)
		onnxtest.WriteFile(t, dir, "upscaler/config.json", c.config)
		if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "upscaler") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
