//go:build cgo

package main

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/demo"
	"darkroom/render/onnx"
)

func TestCacheOfAMachineWithoutAHome(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(file, "nonexistent"))
	if got := cacheFile("hashes.json"); !strings.HasPrefix(got, os.TempDir()) {
		t.Errorf("a home that cannot be made: got %s, want it in %s", got, os.TempDir())
	}
	home := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", home)
	if got, want := cacheFile("hashes.json"), filepath.Join(home, "darkroom", "hashes.json"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestONNXPool(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	t.Run("a missing library is one line with its fix", func(t *testing.T) {
		t.Parallel()
		code, _, errs := call(t, "up", "--ort", filepath.Join(t.TempDir(), "none.so"), "--data", t.TempDir(), "--listen", "127.0.0.1:0")
		if code != exitFailure || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "none.so") {
			t.Errorf("got %d, %q, want one line about none.so", code, errs)
		}
	})
	t.Run("only models that are here can be chosen", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		_, err := openONNXPool(config.Runtime{ModelsDir: t.TempDir()}, config.Worker{Models: []string{"sd15"}}, quiet)
		if err == nil || !strings.Contains(err.Error(), `model "sd15"`) {
			t.Errorf("got %v, want to hear of sd15", err)
		}
	})
	t.Run("a GPU that the library does not know is told", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		r := config.Runtime{ModelsDir: t.TempDir(), Device: config.Device{Kind: "cuda"}}
		_, err := openONNXPool(r, config.Worker{}, quiet)
		if err == nil {
			t.Skip("this library has CUDA")
		}
		if f := checkDevice(r); f.fix == "" || !strings.Contains(f.state, "cuda:0") || !strings.Contains(err.Error(), "cuda:0") {
			t.Errorf("got %v, and from the doctor %+v, want to hear of cuda:0", err, f)
		}
	})
}

// TestONNXPoolTriesTheNextModel leaves out a model that does not load, and loads the next one.
func TestONNXPoolTriesTheNextModel(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	writeUnloadableModel(t, filepath.Join(models, "bad"))
	pool, err := openONNXPool(config.Runtime{ModelsDir: models, Device: config.Device{Kind: "cpu"}}, config.Worker{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if got := folderNames(pool.models()); !slices.Equal(got, []string{"bad", demo.Name}) {
		t.Fatalf("before: got %q, want both", got)
	}
	var log strings.Builder
	if err := pool.loadFirst(t.Context(), slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	if got := folderNames(pool.models()); !slices.Equal(got, []string{demo.Name}) || pool.loadedHash() != pool.models()[0].Hash {
		t.Errorf("got %q with %q loaded, want the demo model alone, loaded", got, pool.loadedHash())
	}
	if !strings.Contains(log.String(), filepath.Join(models, "bad")) {
		t.Errorf("got the log %q, want a warning that names the folder", log.String())
	}
}

func TestONNXPoolWithoutAModelThatLoads(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	quiet := slog.New(slog.DiscardHandler)
	models := t.TempDir()
	writeUnloadableModel(t, filepath.Join(models, "bad"))
	pool, err := openONNXPool(config.Runtime{ModelsDir: models, Device: config.Device{Kind: "cpu"}}, config.Worker{Models: []string{"bad"}}, quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.loadFirst(t.Context(), quiet); err == nil || !strings.Contains(err.Error(), filepath.Join(models, "bad")) {
		t.Errorf("got %v, want a fault that names the folder", err)
	}
}

func TestONNXPoolLoadsAModelOnce(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	pool, err := openONNXPool(config.Runtime{ModelsDir: t.TempDir(), Device: config.Device{Kind: "cpu"}}, config.Worker{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	hash := pool.folders[0].Hash
	first, err := pool.pipeline(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := pool.pipeline(t.Context(), hash); err != nil || again != first || pool.loadedHash() != hash {
		t.Errorf("got another easel, %v, want the same", err)
	}
	if _, err := pool.pipeline(t.Context(), "unknown"); err == nil {
		t.Error("an unknown hash: got no error")
	}
	pool.loadMu.Lock() // as while another model loads
	if got := pool.loadedHash(); got != hash {
		t.Errorf("loaded: got %q, want %q", got, hash)
	}
	pool.loadMu.Unlock()
	if err := pool.Close(); err != nil || pool.loadedHash() != "" {
		t.Errorf("close: got %v and %q loaded, want nothing", err, pool.loadedHash())
	}
	if _, err := first.Model.EncodeText(t.Context(), nil, 0); err == nil || errors.Is(err, onnx.ErrNotOpen) {
		t.Errorf("after close: got %v, want a refusal", err)
	}
}
