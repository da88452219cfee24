//go:build cgo

package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/config"
	"darkroom/queue/worker"
	"darkroom/render/filehash"
	"darkroom/render/golden/goldentest"
	"darkroom/render/inventory"
)

// TestRendererOffersWhatComes: a model and an add-on that come while a renderer runs are offered, and can be loaded;
// what goes is not offered any more.
func TestRendererOffersWhatComes(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := t.TempDir()
	opened, err := openONNXPool(
		t.Context(), onCPU(t), config.Runtime{ModelsDir: models}, config.Worker{},
		slog.New(slog.DiscardHandler), &filesInUse{tell: func([]filehash.File) {}},
	)
	if err != nil {
		t.Fatal(err)
	}
	pool := opened.(onnxPool)
	defer pool.Close()
	if err := os.Mkdir(filepath.Join(models, "embeddings"), 0o700); err != nil {
		t.Fatal(err)
	}
	otherEmbedding(t, filepath.Join(models, "embeddings", "word.safetensors"))
	checkpoint := filepath.Join(models, "harbour.safetensors")
	if err := os.Rename(goldentest.Checkpoint(t, "sd1-f16"), checkpoint); err != nil {
		t.Fatal(err)
	}
	look := func() (models, addons []string) {
		for range 2 { // as Watch does, which also hashes what is large
			pool.inventory.Look()
		}
		pool.inventory.HashNow(t.Context(), func(inventory.Entry) bool { return true })
		for _, m := range pool.Models() {
			models = append(models, m.Name)
		}
		for _, a := range pool.Addons() {
			addons = append(addons, a.Name)
		}
		return models, addons
	}
	names, addons := look()
	if len(pool.Changed()) != 1 || !slices.Contains(names, "harbour") || !slices.Contains(addons, "word") {
		t.Fatalf("got %q and %q, want what came, and to be told", names, addons)
	}
	all := pool.Models()
	i := slices.IndexFunc(all, func(m worker.Model) bool { return m.Name == "harbour" })
	if _, err := pool.Load(t.Context(), all[i].Hash); err != nil {
		t.Errorf("load: got %v", err)
	}
	if now := pool.Models(); now[0].Name != "harbour" || now[0].Load != 0 {
		t.Errorf("got %+v, want the loaded model first", now[0])
	}
	if err := os.Remove(checkpoint); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Load(t.Context(), all[i].Hash); err == nil {
		t.Error("want a model whose file is gone refused, though it was loaded")
	}
	if names, _ := look(); slices.Contains(names, "harbour") {
		t.Errorf("got %q, want what went gone", names)
	}
}
