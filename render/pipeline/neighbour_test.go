//go:build cgo

package pipeline_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/filehash"
	"darkroom/render/golden/goldentest"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
)

// TestNeighboursOfOneCheckpoint has two renderers with one checkpoint without a VAE, and another VAE beside it each.
// They are of one hash, and the Spec tells them apart: the other one says what it has not, and makes the same image
// once it has it.
func TestNeighboursOfOneCheckpoint(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	first := newRendererWithVAE(t, goldentest.CheckpointVAE)
	second := newRendererWithVAE(t, goldentest.CheckpointSD1) // a checkpoint, whose VAE counts
	if first.card.Hash != second.card.Hash {
		t.Fatalf("got the hashes %s and %s, want one model", first.card.Hash, second.card.Hash)
	}
	mine, others := first.ask(t), second.ask(t)
	if mine.VAE == nil || others.VAE == nil || mine.Lane() == others.Lane() {
		t.Fatalf("got the VAEs %v and %v in lanes %s and %s, want two", mine.VAE, others.VAE, mine.Lane(), others.Lane())
	}
	want := first.paint(t, mine)
	if slices.Equal(want, second.paint(t, others)) {
		t.Error("the VAEs make the same image, so this test cannot tell anything")
	}
	var refusal *render.Refusal
	if _, err := second.Render(t.Context(), mine, render.Job{}); !errors.As(err, &refusal) ||
		!strings.Contains(refusal.Sentence, "the VAE “boats.vae” is not here") {
		t.Errorf("the other renderer: got %v, want that it has no such VAE", err)
	}
	unsaid := mine // as earlier programs wrote it
	unsaid.VAE = nil
	if !slices.Equal(first.paint(t, unsaid), want) {
		t.Error("a Spec that names no VAE: got another image")
	}
	link(t, filepath.Join(first.dir, "boats.vae.safetensors"), filepath.Join(second.dir, "vae", "mine.safetensors"))
	second.look(t)
	if !slices.Equal(second.paint(t, mine), want) {
		t.Error("the other renderer with this VAE: got another image")
	}
	if got := second.ask(t); got.VAE.Hash != others.VAE.Hash {
		t.Errorf("got the VAE %v, want still the one beside the checkpoint", got.VAE)
	}
}

// TestCheckpointWithAVAEOfTheFolder: a checkpoint without a VAE is offered with one of its family, and is the same
// model with the same image as with that beside it.
func TestCheckpointWithAVAEOfTheFolder(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	beside := newRendererWithVAE(t, goldentest.CheckpointVAE)
	r := newRenderer(t)
	if models, faults := r.inventory.Models(), r.inventory.Faults(); len(models) != 0 || len(faults) != 1 ||
		!strings.Contains(faults[0].Error(), "in the folder vae") {
		t.Fatalf("without a VAE: got %d models and %v, want the reason", len(models), faults)
	}
	link(t, filepath.Join(beside.dir, "boats.vae.safetensors"), filepath.Join(r.dir, "vae", "clear.safetensors"))
	r.look(t)
	spec := r.ask(t)
	if spec.VAE == nil || spec.VAE.Name != "clear" || spec.VAE.Hash != beside.card.VAE.Hash {
		t.Fatalf("got the VAE %v, want that of the folder", spec.VAE)
	}
	if !slices.Equal(r.paint(t, spec), beside.paint(t, beside.ask(t))) {
		t.Error("got another image than with the VAE beside the checkpoint")
	}
}

// vaeRenderer is a renderer with a models folder of its own, in which there is a checkpoint without a VAE.
type vaeRenderer struct {
	dir       string
	inventory *inventory.Inventory
	pool      *pipeline.Pool
	sampledModel
}

func newRenderer(t *testing.T) *vaeRenderer {
	t.Helper()
	r := &vaeRenderer{dir: t.TempDir()}
	link(t, goldentest.Checkpoint(t, goldentest.CheckpointNoVAE), filepath.Join(r.dir, "boats.safetensors"))
	r.inventory = inventory.New(inventory.Options{
		Root: r.dir, Open: pipeline.OpenItem, Cache: filehash.Open(filepath.Join(t.TempDir(), "hashes.json")),
	})
	r.inventory.Look()
	r.pool = pipeline.NewPool(pipeline.PoolOptions{
		Source: r.inventory, Addons: pipeline.InventoryAddons{Inventory: r.inventory}, Log: slog.New(slog.DiscardHandler),
		Device: onnx.Device{Kind: onnx.CPU, Threads: 2},
	})
	t.Cleanup(func() {
		if err := r.pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// newRendererWithVAE is newRenderer with a VAE beside the checkpoint.
func newRendererWithVAE(t *testing.T, vae string) *vaeRenderer {
	t.Helper()
	r := newRenderer(t)
	link(t, goldentest.Checkpoint(t, vae), filepath.Join(r.dir, "boats.vae.safetensors"))
	r.look(t)
	return r
}

// look looks until what is new is hashed, and loads the model.
func (r *vaeRenderer) look(t *testing.T) {
	t.Helper()
	r.inventory.Look()
	r.inventory.Look()
	r.inventory.HashNow(t.Context(), func(inventory.Entry) bool { return true })
	models := r.inventory.Models()
	if len(models) != 1 {
		t.Fatalf("got %d models and %v, want one", len(models), r.inventory.Faults())
	}
	loaded, err := r.pool.Load(t.Context(), models[0].Hash)
	if err != nil {
		t.Fatal(err)
	}
	r.sampledModel = sampledModel{loaded, pipeline.Card(models[0])}
}

// paint returns the pixels of an image.
func (r *vaeRenderer) paint(t *testing.T, s picture.Spec) []byte {
	t.Helper()
	result, err := r.Render(t.Context(), s, render.Job{})
	if err != nil {
		t.Fatal(err)
	}
	return result.Tiles[0].Image.Pix
}

func link(t *testing.T, from, to string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Link(from, to)); err != nil {
		t.Fatal(err)
	}
}
