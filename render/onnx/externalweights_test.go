package onnx_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/graph"
)

// withExternalWeights moves the weights of every network of a folder into model.onnx_data beside it, as large exports
// have them.
func withExternalWeights(t *testing.T, dir string) string {
	t.Helper()
	for _, path := range networks(t, dir) {
		if err := os.Rename(path, path+"_data"); err != nil {
			t.Fatal(err)
		}
		s, err := graph.ReadSkeleton(path + "_data")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, s.Model, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func networks(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*", "model.onnx"))
	if err != nil || len(paths) < 4 {
		t.Fatalf("got networks %q, %v", paths, err)
	}
	return paths
}

// withSymlinks makes every file of a folder a link into one folder of blobs, as Hugging Face's cache has them.
func withSymlinks(t *testing.T, dir string) string {
	t.Helper()
	blobs, n := t.TempDir(), 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		blob := filepath.Join(blobs, fmt.Sprintf("blob%d", n))
		return errors.Join(os.Rename(path, blob), os.Symlink(blob, path))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestExternalWeights runs a model whose weights lie in files of their own, and behind links, as it runs in one piece.
func TestExternalWeights(t *testing.T) {
	t.Parallel()
	runtimeOrSkip(t)
	name := goldentest.Float16(goldentest.SDXL)
	whole := loadGolden(t, name)
	text, err := whole.EncodeText(t.Context(), idRows(1), 1)
	if err != nil {
		t.Fatal(err)
	}
	x := ramp(1, 4, 8, 8)
	want, err := whole.Unet(t.Context(), x, 501, allConditioning(whole, 1))
	if err != nil {
		t.Fatal(err)
	}
	for form, dir := range map[string]string{
		"in files of their own":                  withExternalWeights(t, goldentest.Model(t, name)),
		"behind links":                           withSymlinks(t, goldentest.Model(t, name)),
		"in files of their own and behind links": withSymlinks(t, withExternalWeights(t, goldentest.Model(t, name))),
	} {
		m := loadDir(t, dir, onnx.Device{Kind: onnx.CPU, Threads: 1})
		got, err := m.EncodeText(t.Context(), idRows(1), 1)
		if err != nil || !slices.Equal(got.Hidden.Data, text.Hidden.Data) {
			t.Errorf("%s: the text reads otherwise (%v)", form, err)
		}
		out, err := m.Unet(t.Context(), x, 501, allConditioning(m, 1))
		if err != nil || !slices.Equal(out.Data, want.Data) {
			t.Errorf("%s: the UNet answers otherwise (%v)", form, err)
		}
	}
}

// TestExternalWeightsCutShort cuts the last byte off each file of weights of each network.
func TestExternalWeightsCutShort(t *testing.T) {
	t.Parallel()
	for _, path := range networks(t, goldentest.Model(t, goldentest.SDXL)) {
		part := filepath.Base(filepath.Dir(path))
		for what, spoil := range map[string]func(file string) error{
			"no such file": os.Remove,
			"want":         func(file string) error { return os.Truncate(file, 5000) },
		} {
			dir := withExternalWeights(t, goldentest.Model(t, goldentest.SDXL))
			file := filepath.Join(dir, part, "model.onnx_data")
			if err := spoil(file); err != nil {
				t.Fatal(err)
			}
			if _, err := folder.Open(dir); err == nil || !strings.Contains(err.Error(), file) ||
				!strings.Contains(err.Error(), what) {
				t.Errorf("%s: got %v, want an error with the file and %q", part, err, what)
			}
		}
	}
}
