// Package demo holds the demo model and its add-ons inside the program, so that a fresh clone can generate images. The
// recipe that trained them is beside them, in recipe/.
package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Name is the demo model's folder.
const Name = "postcards"

//go:embed postcards addons
var files embed.FS

// Unpack writes the model folder into dir, which is created, and returns the folder's path; its add-ons are in addons
// beside it. Both hold exactly the embedded files: the path contains the hash of the content, and a folder that
// differs in anything is replaced as a whole, by renaming. A second call only reads.
func Unpack(dir string) (string, error) {
	home, err := unpack(dir)
	if err != nil {
		return "", fmt.Errorf("unpack the demo model: %w", err)
	}
	return filepath.Join(home, Name), nil
}

func unpack(dir string) (string, error) {
	sum, err := contentHash()
	if err != nil {
		return "", err
	}
	home := filepath.Join(dir, sum)
	if matches(home) {
		return home, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(dir, ".unpack-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh) // the rest, after an error
	if err := write(filepath.Join(fresh, "new")); err != nil {
		return "", err
	}
	if err := replace(filepath.Join(fresh, "new"), home, filepath.Join(fresh, "old")); err != nil && !matches(home) {
		return "", err // unless another process was first
	}
	return home, nil
}

// replace renames fresh to home. An existing folder is moved to old first.
func replace(fresh, home, old string) error {
	if os.Rename(fresh, home) == nil || matches(home) {
		return nil
	}
	if err := os.Rename(home, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(fresh, home)
}

// eachFile calls do with every embedded file.
func eachFile(do func(path string, data []byte) error) error {
	return fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		return do(path, data)
	})
}

// contentHash is a short hash of all embedded files and their paths.
func contentHash() (string, error) {
	sum := sha256.New()
	err := eachFile(func(path string, data []byte) error {
		_, err := fmt.Fprintf(sum, "%x  %s\n", sha256.Sum256(data), path)
		return err
	})
	return fmt.Sprintf("%x", sum.Sum(nil)[:8]), err
}

func write(home string) error {
	return eachFile(func(path string, data []byte) error {
		target := filepath.Join(home, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		return os.WriteFile(target, data, 0o600)
	})
}

// matches says whether a folder holds the embedded files as they are, and no other.
func matches(home string) bool {
	want := 0
	err := eachFile(func(path string, data []byte) error {
		want++
		there, err := os.ReadFile(filepath.Join(home, filepath.FromSlash(path)))
		if err == nil && !bytes.Equal(there, data) {
			err = fs.ErrInvalid
		}
		return err
	})
	if err != nil {
		return false
	}
	err = filepath.WalkDir(home, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			want--
		}
		return err
	})
	return err == nil && want == 0
}
