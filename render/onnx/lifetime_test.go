package onnx

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"darkroom/render/checkpoint"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/tensor"
)

// otherWeights writes a checkpoint of the same shape with other weights.
func otherWeights(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 8 + int(binary.LittleEndian.Uint64(data)) + 2; i < len(data); i += 4 {
		data[i] ^= 8 // a digit of each float32
	}
	other := filepath.Join(t.TempDir(), "other.safetensors")
	if err := os.WriteFile(other, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return other
}

// TestLifetimes runs two checkpoints of one shape, which share a session and, each with its add-ons, a mapping, while
// others close them. Every run gives the right answer, or says that the model is closed; nothing stays open.
func TestLifetimes(t *testing.T) {
	t.Parallel()
	openRuntime(t)
	path := goldentest.Checkpoint(t, goldentest.CheckpointSD1)
	var files []*folder.Model // each opened once, so that all its models share one mapping
	var want, wantChanged [][]float32
	change := Addons{Unet: tensor.Changes{Branches: map[string]tensor.Branch{
		linearLayers[1]: {Down: draw("down", 32, 2), Up: draw("up", 2, 32)},
	}}}
	for _, p := range []string{path, otherWeights(t, path)} {
		f, err := checkpoint.Open(p, folder.Unhashed())
		if err != nil {
			t.Fatal(err)
		}
		m, err := Load(t.Context(), f, oneThread)
		if err != nil {
			t.Fatal(err)
		}
		changed, err := m.With(change)
		if err != nil {
			t.Fatal(err)
		}
		files, want = append(files, f), append(want, unetAnswer(t, m))
		wantChanged = append(wantChanged, unetAnswer(t, changed))
		if err := errors.Join(changed.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if slices.Equal(want[0], want[1]) || slices.Equal(want[0], wantChanged[0]) {
		t.Fatal("want two models and two answers of each")
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for round := range 4 {
				i := (worker + round) % 2
				m, err := Load(t.Context(), files[i], oneThread)
				if err != nil {
					t.Error(err)
					return
				}
				changed, err := m.With(change)
				if err != nil {
					t.Error(err)
					return
				}
				raceToClose(t, m, want[i], changed, wantChanged[i])
			}
		})
	}
	all.Wait()
	for _, f := range files {
		for name, file := range f.UnetNetwork().Written.Files {
			if n := file.Users(); n != 0 {
				t.Errorf("%s: %d mappings stay", name, n)
			}
		}
	}
}

// raceToClose runs a model and the same with add-ons while both are closed.
func raceToClose(t *testing.T, m *Model, want []float32, changed *Model, wantChanged []float32) {
	t.Helper()
	var all sync.WaitGroup
	started := make(chan struct{}, 8) // room for all
	run := func(m *Model, want []float32) func() {
		return func() {
			for range 3 {
				started <- struct{}{}
				out, err := m.Unet(t.Context(), draw("unet/sample", 1, 4, 8, 8), 500, tensor.Conditioning{
					Hidden: draw("unet/hidden", 1, 77, m.Folder.Config.TextWidth),
				})
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil || !slices.Equal(out.Data, want) {
					t.Errorf("got %v, or another answer", err)
				}
			}
		}
	}
	all.Go(run(m, want))
	all.Go(run(changed, wantChanged))
	all.Go(func() {
		<-started
		<-started
		if err := changed.Close(); err != nil {
			t.Error(err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	all.Wait()
}
