//go:build cgo

package pipeline

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/render"
	"darkroom/render/demo"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
)

// openRuntime opens ONNX Runtime, or skips a test where it was not fetched.
func openRuntime(t *testing.T) onnx.Device {
	t.Helper()
	lib, err := onnx.FindLibrary("")
	if err != nil {
		t.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
	if err := onnx.Open(lib); err != nil {
		t.Fatal(err)
	}
	return onnx.Device{Kind: "cpu"}
}

func openAll(t *testing.T, models string) []*folder.Model {
	t.Helper()
	folders, faults := Directory(models).OpenAll()
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	return folders
}

// writeUnloadableModel makes a folder that opens and does not load: an operator that no runtime knows.
func writeUnloadableModel(t *testing.T, dir string) {
	t.Helper()
	if err := (onnxtest.Folder{Side: 8}).Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vocab.json", "merges.txt"} {
		data, err := os.ReadFile(filepath.Join("../demo", demo.Name, "tokenizer", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "tokenizer", name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	unet := filepath.Join(dir, "unet", "model.onnx")
	data, err := os.ReadFile(unet)
	if err == nil {
		err = os.WriteFile(unet, bytes.ReplaceAll(data, []byte("ReduceMean"), []byte("ReduceMoan")), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (p *Pool) names() (all []string) {
	for _, m := range p.Models() {
		all = append(all, m.Name)
	}
	return all
}

func TestPoolListsTheLoadedModelFirst(t *testing.T) {
	t.Parallel()
	a, b := &folder.Model{Name: "a", Hash: "aa"}, &folder.Model{Name: "b", Hash: "bb"}
	pool := NewPool([]*folder.Model{a, b}, onnx.Device{}, slog.New(slog.DiscardHandler))
	want := func(first, second string, load, then time.Duration) {
		t.Helper()
		m := pool.Models()
		if len(m) != 2 || m[0].Name != first || m[1].Name != second || m[0].Load != load || m[1].Load != then {
			t.Errorf("got %+v, want %s after %v and %s after %v", m, first, load, second, then)
		}
	}
	want("a", "b", defaultLoadTime, defaultLoadTime)
	pool.setLoaded(b.Hash, time.Second)
	want("b", "a", 0, time.Second) // the other is expected to be like it
	pool.loadTimes[a.Hash] = 2 * time.Second
	want("b", "a", 0, 2*time.Second)
	pool.drop(a.Hash)
	if got := pool.names(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("a is left out: got %q, want b alone", got)
	}
}

// TestPoolTriesTheNextModel leaves out a model that does not load, and loads the next one.
func TestPoolTriesTheNextModel(t *testing.T) {
	t.Parallel()
	device, models := openRuntime(t), t.TempDir()
	writeUnloadableModel(t, filepath.Join(models, "bad"))
	var log strings.Builder
	pool := NewPool(openAll(t, models), device, slog.New(slog.NewTextHandler(&log, nil)))
	defer pool.Close()
	if got := pool.names(); !slices.Equal(got, []string{"bad", demo.Name}) {
		t.Fatalf("before: got %q, want both", got)
	}
	if err := pool.LoadFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := pool.Models(); len(m) != 1 || m[0].Name != demo.Name || m[0].Load != 0 {
		t.Errorf("got %+v, want the demo model alone, loaded", m)
	}
	if !strings.Contains(log.String(), filepath.Join(models, "bad")) {
		t.Errorf("got the log %q, want a warning that names the folder", log.String())
	}
}

func TestPoolWithoutAModelThatLoads(t *testing.T) {
	t.Parallel()
	device, models := openRuntime(t), t.TempDir()
	writeUnloadableModel(t, filepath.Join(models, "bad"))
	pool := NewPool(openAll(t, models)[:1], device, slog.New(slog.DiscardHandler))
	if err := pool.LoadFirst(t.Context()); err == nil || !strings.Contains(err.Error(), filepath.Join(models, "bad")) {
		t.Errorf("got %v, want a fault that names the folder", err)
	}
}

func TestPoolLoadsAModelOnce(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	pool := NewPool(openAll(t, t.TempDir()), device, slog.New(slog.DiscardHandler))
	hash := pool.folders[0].Hash
	first, err := pool.Load(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := pool.Load(t.Context(), hash); err != nil || again != first {
		t.Errorf("got another pipeline, %v, want the same", err)
	}
	var refusal *render.Refusal
	_, err = pool.Load(t.Context(), "unknown")
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Sentence, "not here any more") {
		t.Errorf("an unknown hash: got %v, want a refusal with a sentence", err)
	}
	pool.loadMu.Lock() // as while another model loads
	if m := pool.Models(); m[0].Hash != hash || m[0].Load != 0 {
		t.Errorf("got %+v, want the loaded model, without waiting", m)
	}
	pool.loadMu.Unlock()
	if err := pool.Close(); err != nil || pool.loaded != "" {
		t.Errorf("close: got %v and %q loaded, want nothing", err, pool.loaded)
	}
	if _, err := first.Model.EncodeText(t.Context(), nil, 0); err == nil || errors.Is(err, onnx.ErrNotOpen) {
		t.Errorf("after close: got %v, want a refusal", err)
	}
}
