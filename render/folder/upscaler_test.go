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

func TestUpscaler(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	before, err := folder.Open(dir)
	if err != nil || before.Upscaler != nil {
		t.Fatalf("got %v, %v, want a folder without an upscaler", before, err)
	}
	onnxtest.CopyFile(t, demoModel, "upscaler/model.onnx", dir, "upscaler/model.onnx")
	onnxtest.WriteFile(t, dir, "upscaler/config.json", `{"scale": 2, "multiple": 4}`)
	with, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if u := with.Upscaler; u == nil || u.Scale != 2 || u.Multiple != 4 || len(u.Ref.Hash) != 64 ||
		u.Ref.Name != with.Name {
		t.Errorf("got %+v", u)
	}
	if with.Hash != before.Hash {
		t.Error("an upscaler gives the folder another hash: it decides only pictures whose Spec names it")
	}
	network, err := os.ReadFile(filepath.Join(dir, "upscaler", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	unet, err := os.ReadFile(filepath.Join(dir, "unet", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, config, want string }{
		"another network": {string(unet), `{"scale": 2}`, "want one of each of an upscaler"},
		"a cut file":      {string(network[:100]), `{"scale": 2}`, "not an ONNX model"},
		"no scale":        {string(network), `{}`, "want 2 to 8"},
		"a silly scale":   {string(network), `{"scale": 100}`, "want 2 to 8"},
	} {
		onnxtest.WriteFile(t, dir, "upscaler/model.onnx", c.data)
		onnxtest.WriteFile(t, dir, "upscaler/config.json", c.config)
		if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "upscaler") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
