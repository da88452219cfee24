//go:build !cgo

package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// openPromptReader finds the model whose tokenizer reads a prompt. This build has no demo model, so without one asked
// for only weights are shown.
func openPromptReader(asked, models string) (promptReader, error) {
	if asked == "" {
		return promptReader{}, nil
	}
	for _, dir := range []string{asked, filepath.Join(models, asked)} {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return promptReader{name: filepath.Base(dir), dir: dir}, nil
		}
	}
	return promptReader{}, fmt.Errorf("model %q: no such folder, here or in %s", asked, models)
}
