//go:build !cgo

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// readerOf finds the model whose tokenizer reads a prompt. This build has no demo model, so without one asked for only
// weights are shown.
func readerOf(asked, models string) (reader, error) {
	if asked == "" {
		return reader{}, nil
	}
	for _, dir := range []string{asked, filepath.Join(models, asked)} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return reader{name: filepath.Base(dir), dir: dir}, nil
		}
	}
	return reader{}, fmt.Errorf("model %q: no such folder, here or in %s", asked, models)
}
