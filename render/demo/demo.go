// Package demo carries the demo model inside the program, so that a fresh clone paints. The recipe that trained it is
// beside it, in recipe/.
package demo

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Name is the demo model's folder.
const Name = "postcards"

//go:embed postcards
var files embed.FS

// Unpack writes the model folder into dir, which is created, and returns the folder's path. Files that are there with
// the right content are left alone, so a second call only reads; others are replaced whole, by renaming.
func Unpack(dir string) (string, error) {
	err := fs.WalkDir(files, Name, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(dir, filepath.FromSlash(path))
		if d.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		return put(target, data)
	})
	if err != nil {
		return "", fmt.Errorf("unpack the demo model: %w", err)
	}
	return filepath.Join(dir, Name), nil
}

// put makes a file hold data. Others may read the file meanwhile, so it is never half written.
func put(path string, data []byte) error {
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, data) {
		return nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".unpack-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name()) // what failed is told by err
	}
	return err
}
