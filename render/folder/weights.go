package folder

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// IsWeights says, by its name, whether a file holds the weights of a model.
func IsWeights(path string) bool {
	return slices.Contains(
		[]string{".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".gguf", ".onnx"}, strings.ToLower(filepath.Ext(path)),
	)
}

// checkpoints lists the files of weights that lie in a folder itself.
func checkpoints(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // whoever wants to read the folder will see why
	}
	var names []string
	for _, e := range entries {
		if !e.IsDir() && e.Name()[0] != '.' && IsWeights(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}
