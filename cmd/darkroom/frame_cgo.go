//go:build cgo

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"darkroom/render/picture"
)

// frame says where pictures go: a file each in a directory, or one file, numbered when there are several.
type frame struct {
	dir   string
	name  string // of the file without ".png"; empty for a name of each picture's own
	count int
}

// openFrame reads --out: what ends in .png is a file, anything else a directory, which is made. The place is tried
// before anything is painted, so that nobody waits for a picture that cannot be kept.
func openFrame(out string, count int, s picture.Spec) (frame, error) {
	f := frame{dir: out, count: count}
	info, err := os.Stat(out)
	isDir := err == nil && info.IsDir()
	switch ext := strings.ToLower(filepath.Ext(out)); {
	case isDir || strings.HasSuffix(out, string(filepath.Separator)):
	case ext == ".png":
		f.dir, f.name = filepath.Dir(out), strings.TrimSuffix(filepath.Base(out), filepath.Ext(out))
	case ext == ".jpg" || ext == ".jpeg" || ext == ".webp" || ext == ".gif":
		return frame{}, fmt.Errorf("--out %s: pictures are written as .png", out)
	case err == nil:
		return frame{}, fmt.Errorf("--out %s: a file that is no .png, want a directory or a .png", out)
	}
	if f.name == "" {
		if err := os.MkdirAll(f.dir, 0o755); err != nil {
			return frame{}, fmt.Errorf("--out: %w", err)
		}
	}
	probe, err := os.CreateTemp(f.dir, ".darkroom-*")
	var fault *fs.PathError
	if errors.As(err, &fault) {
		return frame{}, fmt.Errorf("--out %s: %w", out, fault.Err) // not the name of a file that nobody asked for
	}
	if err != nil {
		return frame{}, fmt.Errorf("--out %s: %w", out, err)
	}
	return f, errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// hang writes picture i and returns its file's name.
func (f frame) hang(i int, s picture.Spec, data []byte) (string, error) {
	path := f.path(i, s)
	err := writeWhole(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	return path, err
}

// path names picture i. A file that was named is replaced; a name of our own never is.
func (f frame) path(i int, s picture.Spec) string {
	if f.name != "" && f.count == 1 {
		return filepath.Join(f.dir, f.name+".png")
	}
	if f.name != "" {
		return filepath.Join(f.dir, fmt.Sprintf("%s-%d.png", f.name, i+1))
	}
	stem := fmt.Sprintf("%d-%s", s.Seed, slug(s.Prompt))
	path := filepath.Join(f.dir, stem+".png")
	for n := 2; exists(path); n++ {
		path = filepath.Join(f.dir, fmt.Sprintf("%s-%d.png", stem, n))
	}
	return path
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// slug turns a prompt into a short piece of a file name: letters and digits, the rest as single hyphens.
func slug(text string) string {
	const longest = 48 // characters, so that no file system minds
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	short := []rune(strings.Join(words, "-"))
	short = short[:min(len(short), longest)]
	return cmp.Or(strings.Trim(string(short), "-"), "picture")
}

// writeWhole writes a file so that it is there in full or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".darkroom-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	err = errors.Join(write(f), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
