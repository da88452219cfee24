package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx/onnxtest"
)

func TestTinyDecoderOfAnotherModel(t *testing.T) {
	t.Parallel()
	dir := onnxtest.Folder{}.Temp(t)
	onnxtest.CopyFile(t, dir, "vae_decoder/model.onnx", dir, "vae_tiny_decoder/model.onnx")
	before, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "unet", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want string }{
		"no decoder at all": {string(data), "want one of each of a tiny decoder"},
		"a cut file":        {string(data[:100]), "not an ONNX model"},
	} {
		onnxtest.WriteFile(t, dir, "vae_tiny_decoder/model.onnx", c.data)
		if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "vae_tiny_decoder") {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "vae_tiny_decoder")); err != nil {
		t.Fatal(err)
	}
	if after, err := folder.Open(dir); err != nil || after.Hash != before.Hash {
		t.Errorf("without it the folder's hash is another (%v): it decides no image", err)
	}
}
