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
	"slices"
	"strings"
	"unicode"

	"darkroom/render/picture"
)

// output says where images go: a file each in a directory, or one file, numbered when there are several.
type output struct {
	dir   string
	stem  string // of the file's name; empty for a name of each image's own
	ext   string // ".png" as it was written
	count int
	force bool // replace the one file that is named
}

// otherFormats are endings of files that a person means for an image, but which are not written.
//
//nolint:gochecknoglobals // a constant; Go has no constant lists
var otherFormats = []string{
	".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic", ".jxl", ".ppm", ".svg", ".tga",
}

// openOutput reads --out: what ends in .png is a file, anything else a directory, which is made. The place is tried
// before anything is rendered, so that nobody waits for an image that cannot be kept.
func openOutput(out string, count int, force bool) (output, error) {
	f := output{dir: out, ext: ".png", count: count, force: force}
	info, err := os.Stat(out)
	isDir := err == nil && info.IsDir()
	switch ext := strings.ToLower(filepath.Ext(out)); {
	case out == "" || out == "-":
		return output{}, fmt.Errorf("--out %q: want a directory or a .png; images are not written to stdout", out)
	case isDir || strings.HasSuffix(out, string(filepath.Separator)):
	case ext == ".png":
		f.dir, f.ext = filepath.Dir(out), filepath.Ext(out)
		if f.stem = strings.TrimSuffix(filepath.Base(out), f.ext); f.stem == "" {
			return output{}, fmt.Errorf("--out %s: a file needs a name before %s", out, f.ext)
		}
		if err == nil && count == 1 && !force {
			return output{}, fmt.Errorf("--out %s: there is such a file; add --force to replace it, or choose another name", out)
		}
	case slices.Contains(otherFormats, ext):
		return output{}, fmt.Errorf("--out %s: images are written as .png, so end the name in that", out)
	case err == nil:
		return output{}, fmt.Errorf("--out %s: this file is not a .png; name a directory or a .png", out)
	}
	if f.stem == "" {
		if err := os.MkdirAll(f.dir, 0o755); err != nil {
			return output{}, fmt.Errorf("--out: %w", err)
		}
	}
	return f, checkDirWritable("--out", out, f.dir)
}

// checkDirWritable makes sure that a file can be written into dir, on behalf of a flag.
func checkDirWritable(flag, asked, dir string) error {
	probe, err := os.CreateTemp(dir, ".darkroom-*")
	if fault, ok := errors.AsType[*fs.PathError](err); ok {
		err = fault.Err // without the name of a file that nobody asked for
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", flag, asked, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// checkFileWritable makes sure that a file can be written, or replaced.
func checkFileWritable(flag, path string) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s %s: this is not a file", flag, path)
	}
	return checkDirWritable(flag, path, filepath.Dir(path))
}

// save writes image i and returns its file's name.
func (f output) save(i int, s picture.Spec, data []byte) (string, error) {
	path := f.path(i, s)
	err := writeAtomically(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	return path, err
}

// path names image i. No file is replaced but one that was named, with --force: a file that came while the image was
// made gives it a number.
func (f output) path(i int, s picture.Spec) string {
	stem := f.stem
	if stem != "" && f.count > 1 {
		return f.freePath(stem, i+1)
	}
	if stem == "" {
		stem = fmt.Sprintf("%d-%s", s.Seed, slug(s.Prompt))
	}
	if path := filepath.Join(f.dir, stem+f.ext); f.force && f.stem != "" || !exists(path) {
		return path
	}
	return f.freePath(stem, 2)
}

// freePath is the first name of no file, with a number from n on.
func (f output) freePath(stem string, n int) string {
	for ; ; n++ {
		if path := filepath.Join(f.dir, fmt.Sprintf("%s-%d%s", stem, n, f.ext)); !exists(path) {
			return path
		}
	}
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// slug turns a prompt into a short piece of a file name: letters and digits, the rest as single hyphens.
func slug(text string) string {
	const longest = 48 // characters, so that no file system minds
	inWord := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !inWord(r) })
	short := []rune(strings.Join(words, "-"))
	short = short[:min(len(short), longest)]
	return cmp.Or(strings.Trim(string(short), "-"), "picture")
}

// writeAtomically writes a file so that it is there in full or not at all.
func writeAtomically(path string, write func(io.Writer) error) error {
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
