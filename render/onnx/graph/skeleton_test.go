package graph_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/graph"
)

// writeModel writes a model into a folder of its own and returns its path.
func writeModel(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSkeleton(t *testing.T) {
	t.Parallel()
	m := model()
	for i := range m.Weights[0].Values {
		m.Weights[0].Values[i] = float64(i)
	}
	m.Weights = append(m.Weights, m.Weights[0])
	m.Weights[1].Name, m.Weights[1].Dims, m.Weights[1].Values = "little", []int{2}, []float64{0.5, 0.25}
	data := m.Encode()
	path := writeModel(t, data)
	s, err := graph.ReadSkeleton(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Model) > 500 || s.Dir != filepath.Dir(path) {
		t.Errorf("got %d bytes in %s, want the 8000 of the weight left in %s", len(s.Model), s.Dir, path)
	}
	if little := string(m.Weights[1].Raw()); !strings.Contains(string(s.Model), little) {
		t.Error("a weight of 8 bytes is gone")
	}
	at := bytes.Index(data, m.Weights[0].Raw())
	if err := os.WriteFile(filepath.Join(s.Dir, "bones.onnx"), s.Model, 0o600); err != nil {
		t.Fatal(err)
	}
	h, err := graph.Read(filepath.Join(s.Dir, "bones.onnx"))
	if want := fmt.Sprintf("map[model.onnx:%d]", at+8000); err != nil || fmt.Sprint(h.External) != want {
		t.Errorf("got weights at %v, %v, want %s", h.External, err, want)
	}
	if got, want := fmt.Sprint(h.Inputs, h.Outputs), "[x float16 [?,2000]] [y int64 []]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSkeletonBehindLink(t *testing.T) {
	t.Parallel()
	path := writeModel(t, model().Encode())
	link := filepath.Join(t.TempDir(), "linked.onnx")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	s, err := graph.ReadSkeleton(link)
	target, _ := filepath.EvalSymlinks(path)
	if err != nil || s.Dir != filepath.Dir(target) || strings.Contains(string(s.Model), "linked") {
		t.Errorf("got folder %s, %v, want that of the file itself: %s", s.Dir, err, filepath.Dir(target))
	}
}

func TestSkeletonOfExternalWeights(t *testing.T) {
	t.Parallel()
	m := model()
	m.Weights = append(m.Weights, m.Weights[0])
	m.Weights[1].Name, m.Weights[1].File = "far", "weights.bin"
	path := writeModel(t, m.Encode())
	dir := filepath.Dir(path)
	if err := os.WriteFile(filepath.Join(dir, "weights.bin"), make([]byte, 8000), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := graph.ReadSkeleton(path)
	if err != nil || len(s.Model) > 500 || !strings.Contains(string(s.Model), "weights.bin") || s.Dir != dir {
		t.Errorf("side by side: got %d bytes in %s, %v, want both weights referred to in %s", len(s.Model), s.Dir, err, dir)
	}
	blobs, linked := t.TempDir(), t.TempDir() // as in Hugging Face's cache
	for name, blob := range map[string]string{"model.onnx": "1234", "weights.bin": "5678"} {
		target := filepath.Join(blobs, blob)
		moved := os.Rename(filepath.Join(dir, name), target)
		if err := errors.Join(moved, os.Symlink(target, filepath.Join(linked, name))); err != nil {
			t.Fatal(err)
		}
	}
	s, err = graph.ReadSkeleton(filepath.Join(linked, "model.onnx"))
	for _, name := range []string{"weights.bin", "model.onnx"} {
		if err != nil || strings.Contains(string(s.Model), name) || s.Dir != blobs {
			t.Errorf("behind links: got folder %s, %v, want %s and the names there, without %s", s.Dir, err, blobs, name)
		}
	}
	away, link := filepath.Join(t.TempDir(), "5678"), filepath.Join(linked, "weights.bin")
	moved := os.Rename(filepath.Join(blobs, "5678"), away)
	if err := errors.Join(moved, os.Remove(link), os.Symlink(away, link)); err != nil {
		t.Fatal(err)
	}
	s, err = graph.ReadSkeleton(filepath.Join(linked, "model.onnx"))
	if err != nil || len(s.Model) < 8000 || s.Dir != linked {
		t.Errorf("in two folders: got %d bytes in %s, %v, want the weight inside to stay there", len(s.Model), s.Dir, err)
	}
}

func TestSkeletonRefuses(t *testing.T) {
	t.Parallel()
	data := model().Encode()
	for name, bad := range map[string][]byte{
		"half a model": data[:len(data)/2], "no model": []byte("hello there"), "nothing": nil,
	} {
		path := writeModel(t, bad)
		if _, err := graph.ReadSkeleton(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want an error that names the file", name, err)
		}
	}
}

func FuzzSkeleton(f *testing.F) {
	f.Add(model().Encode())
	f.Add([]byte("\x3a\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := graph.ReadSkeleton(path); err == nil && len(s.Model) > 2*len(data)+200 {
			t.Errorf("%d bytes have a skeleton of %d", len(data), len(s.Model))
		}
	})
}
