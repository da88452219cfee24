// Package goldentest gives tests the tiny models that render/golden records, with random weights: pipelines of every
// family in both precisions, exported by Optimum, and checkpoints in safetensors files as people have them.
package goldentest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// The pipelines. Each is there in float16 too: see Float16. They generate 64×64 pixels, or other multiples of 16.
const (
	SD1     = "sd1"     // Stable Diffusion 1: epsilon, PNDM, the last layer normed
	SD2V    = "sd2v"    // Stable Diffusion 2: v-prediction, zero terminal SNR, trailing, padded with token 0
	SDXL    = "sdxl"    // two text encoders, a pooled vector and sizes
	LCM     = "lcm"     // the guidance scale goes into the UNet
	Inpaint = "inpaint" // a UNet of nine channels
)

// Float16 names the float16 export of a pipeline: weights, inputs and outputs.
func Float16(name string) string { return name + "-fp16" }

// Names lists all pipelines, sorted.
func Names(t testing.TB) []string { return slices.Sorted(maps.Keys(index(t))) }

// Model unpacks a pipeline into a folder that is gone when the test ends.
func Model(t testing.TB, name string) string {
	t.Helper()
	files, ok := index(t)[name]
	if !ok {
		t.Fatalf("no golden pipeline %q, there are %q", name, Names(t))
	}
	dir := filepath.Join(t.TempDir(), name)
	for path, blob := range files {
		data, err := Unzip(filepath.Join(testdata(), "models", blob+".gz"))
		if err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Unzip reads a compressed file.
func Unzip(path string) ([]byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}

// index says which compressed file, by its hash, is which file of a pipeline's folder.
func index(t testing.TB) map[string]map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata(), "models", "index.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// testdata lies beside this package, wherever the test runs.
func testdata() string {
	_, here, _, _ := runtime.Caller(0) //nolint:dogsled // only the file is of interest
	return filepath.Join(filepath.Dir(here), "..", "testdata")
}
