//go:build cgo

package pipeline

import (
	"context"
	"errors"
	"image"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"darkroom/render"
	"darkroom/render/folder"
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/picture"
)

// oneLoRA is the file of every LoRA.
type oneLoRA string

func (l oneLoRA) Addon(string, string) (string, error) { return string(l), nil }

// TestPoolSwitchesUnderRuns switches between two checkpoints of one shape, with room for one of them, while each is
// rendered with and without a LoRA. Nobody but a pool's one worker may do so, and the worst that may come of it is an
// error: never another image, and never the end of the process.
func TestPoolSwitchesUnderRuns(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	device.Threads = 1
	var models []*folder.Model
	for _, name := range []string{goldentest.CheckpointSD1, goldentest.CheckpointNoVAE} {
		path := goldentest.Checkpoint(t, name)
		if name == goldentest.CheckpointNoVAE {
			vae := goldentest.Checkpoint(t, goldentest.CheckpointVAE)
			if err := os.Symlink(vae, filepath.Join(filepath.Dir(path), name+".vae.safetensors")); err != nil {
				t.Fatal(err)
			}
		}
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	pool := NewPool(PoolOptions{
		Source: fixed(models), Device: device, Memory: 1, Log: slog.New(slog.DiscardHandler),
		Addons: oneLoRA(goldentest.Checkpoint(t, goldentest.LoRASD1A)),
	})
	defer pool.Close()
	specs := [2]picture.Spec{smallSpec(), smallSpec()}
	specs[1].Addons = []picture.Addon{{Kind: picture.LoRA, Name: "a", Hash: "aa", Strength: 1}}
	var want [2][2]image.Image
	var loaded [2]atomic.Pointer[Pipeline]
	for i, m := range models {
		p, err := pool.Load(t.Context(), m.Hash)
		if err != nil {
			t.Fatal(err)
		}
		loaded[i].Store(p)
		for j, spec := range specs {
			if want[i][j], err = renderOne(t.Context(), p, spec); err != nil {
				t.Fatal(err)
			}
		}
	}
	var all sync.WaitGroup
	var right atomic.Int32
	var loading sync.WaitGroup
	var over atomic.Bool
	for i := range models {
		loading.Go(func() {
			for range 4 {
				p, err := pool.Load(t.Context(), models[i].Hash)
				if err != nil {
					t.Error(err)
					return
				}
				loaded[i].Store(p)
				_, _ = renderOne(t.Context(), p, specs[i]) // the other model's turn comes while this one is at work, or later
			}
		})
		for j, spec := range specs {
			all.Go(func() {
				for !over.Load() {
					got, err := renderOne(t.Context(), loaded[i].Load(), spec)
					switch {
					case errors.Is(err, onnx.ErrClosed):
					case err != nil || !reflect.DeepEqual(got, want[i][j]):
						t.Errorf("model %d, spec %d: got %v, or another image", i, j, err)
					default:
						right.Add(1)
					}
				}
			})
		}
	}
	loading.Wait()
	over.Store(true)
	all.Wait()
	t.Logf("%d images were rendered before their model was freed", right.Load())
}

func smallSpec() picture.Spec {
	return picture.Spec{
		Version: picture.Version, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Prompt: "a red boat",
		Width: 64, Height: 64, Seed: 7, Count: 1, Steps: 2, GuidanceScale: 5, Sampler: "euler",
	}
}

func renderOne(ctx context.Context, p *Pipeline, spec picture.Spec) (image.Image, error) {
	spec.Model = picture.Ref{Name: p.Folder.Name, Hash: p.Folder.Hash}
	result, err := p.Render(ctx, spec, render.Job{})
	if err != nil {
		return nil, err
	}
	return result.Tiles[0].Image, nil
}
