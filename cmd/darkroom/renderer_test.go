//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/admit"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/render/demo"
	"darkroom/render/family"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/picture"
)

// postcards opens the demo model where the repository has it.
func postcards(t *testing.T) *folder.Folder {
	t.Helper()
	f, err := folder.Open("../../render/demo/" + demo.Name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// needRuntime skips a test where ONNX Runtime was not fetched.
func needRuntime(t *testing.T) {
	t.Helper()
	if _, err := onnx.FindLibrary(""); err != nil {
		t.Skipf("needs ONNX Runtime (make runtime): %v", err)
	}
}

func TestModelCardIsReadByTheBot(t *testing.T) {
	t.Parallel()
	f := postcards(t)
	var m admit.Model
	if err := json.Unmarshal(modelCard(f), &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != demo.Name || m.Dialect != picture.Diffusers || !m.ImageToImage || !slices.Contains(m.Samplers, "dpmpp_2m_karras") {
		t.Errorf("got %+v, want the name, the dialect, start pictures and samplers", m)
	}
	if m.Tiling == nil || !*m.Tiling || m.SkippableLayers == nil || *m.SkippableLayers != f.Config.SkippableLayers {
		t.Errorf("got %v and %v, want that it tiles, and %d layers to skip", m.Tiling, m.SkippableLayers, f.Config.SkippableLayers)
	}
	if len(m.Words) == 0 || len(m.Sizes) != len(f.Card.Sizes) || len(m.Examples) < maxExamples || m.Defaults.Steps != f.Card.Defaults.Steps {
		t.Errorf("got %+v, want what the card says: %+v", m, f.Card)
	}
	bare := *f
	bare.Card, bare.Config.FixedSize, bare.Config.NativeSize = folder.Card{}, folder.Size{}, folder.Size{Width: 512, Height: 512}
	m = admit.Model{}
	if err := json.Unmarshal(modelCard(&bare), &m); err != nil || m.Defaults.Width != 512 || len(m.Sizes) != 0 {
		t.Errorf("a folder without a card: got %+v, %v, want its native size and no limit", m, err)
	}
	if m.Multiple != 16 || m.Hires == nil || !*m.Hires {
		t.Errorf("a model of any size: got %+v, want multiples of 16, to be enlarged", m)
	}
	bare.Config.FixedSize = folder.Size{Width: 256, Height: 256}
	m = admit.Model{}
	if err := json.Unmarshal(modelCard(&bare), &m); err != nil || len(m.Sizes) != 1 || m.Sizes[0].Width != 256 {
		t.Errorf("a model of one size: got %+v, %v, want that size alone", m.Sizes, err)
	}
	if m.Hires == nil || *m.Hires {
		t.Error("a model of one size is said to enlarge")
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	sd1 := folder.Config{Kind: family.Kind{Family: family.SD1}}
	a, b := &folder.Folder{Name: "a", Hash: "aa", Config: sd1}, &folder.Folder{Name: "b", Hash: "bb", Config: sd1}
	pool := &onnxPool{folders: []*folder.Folder{a, b}}
	want := func(first, second string, load, then time.Duration) {
		t.Helper()
		var want []queue.Lane
		for _, l := range picture.Lanes(first) {
			want = append(want, queue.Lane{Name: l, Load: load})
		}
		for _, l := range picture.Lanes(second) {
			want = append(want, queue.Lane{Name: l, Load: then})
		}
		if got := pool.lanes(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	want("aa", "bb", defaultLoadTime, defaultLoadTime)
	pool.currentHash.Store(b.Hash)
	pool.recordLoadTime(b.Hash, time.Second)
	want("bb", "aa", 0, time.Second) // the loaded one first; the other is believed to be like it
	pool.recordLoadTime(a.Hash, 2*time.Second)
	want("bb", "aa", 0, 2*time.Second)
	pool.drop(a.Hash)
	r := &rendererService{pool: pool, slot: "east"}
	if o := r.announcement(); len(o.Models) != 1 || o.Models[0].Name != "b" || len(o.Lanes) != len(picture.Lanes("bb")) || o.Slot != "east" {
		t.Errorf("a is left out: got the offer %+v, want b alone, of east", o)
	}
}

func TestSlot(t *testing.T) {
	t.Parallel()
	if got := slot(config.Worker{Slot: "east"}); got != "east" {
		t.Errorf("got %q, want east", got)
	}
	if got := slot(config.Worker{}); !strings.Contains(got, "-") {
		t.Errorf("got %q, want host and process", got)
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	t.Run("a name that is not there", func(t *testing.T) {
		t.Parallel()
		_, err := openFolder(config.Runtime{ModelsDir: t.TempDir()}, "sd15")
		if err == nil || !strings.Contains(err.Error(), "no such folder") {
			t.Errorf("got %v, want to hear that there is no such folder", err)
		}
	})
	t.Run("a broken folder is left out and told, the demo stays", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		if err := os.Mkdir(filepath.Join(models, "empty"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{".hidden", "file"} {
			if err := os.WriteFile(filepath.Join(models, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		folders, faults := openFolders(config.Runtime{ModelsDir: models})
		if len(folders) != 1 || folders[0].Name != demo.Name || len(faults) != 1 || !strings.Contains(faults[0].Error(), "empty") {
			t.Errorf("got %v, %v, want the demo model and one fault about empty", folderNames(folders), faults)
		}
	})
	t.Run("a folder whose tokenizer cannot be read is left out and told", func(t *testing.T) {
		t.Parallel()
		models := t.TempDir()
		if err := (onnxtest.Folder{}).Write(filepath.Join(models, "little")); err != nil {
			t.Fatal(err)
		}
		folders, faults := openFolders(config.Runtime{ModelsDir: models})
		if len(folders) != 1 || len(faults) != 1 || !strings.Contains(faults[0].Error(), filepath.Join(models, "little")) {
			t.Errorf("got %v, %v, want the demo model and one fault that names the folder", folderNames(folders), faults)
		}
	})
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		code, out, errs := call(t, "models", "list", "--models", t.TempDir())
		if code != exitOK || !strings.HasPrefix(out, demo.Name) || !strings.Contains(out, "Stable Diffusion 1, float32, v-prediction, few steps: 4 of dpmpp_2m with guidance 3 ") {
			t.Errorf("got %d, %q, %q, want the demo model and what it is", code, out, errs)
		}
	})
	t.Run("check paints, so networks that do not fit together are told", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		models := t.TempDir()
		writeMismatchedModel(t, filepath.Join(models, "little"))
		code, out, errs := call(t, "models", "check", "--models", models, "little")
		if code != exitFailure || strings.Contains(out, "good") || !strings.Contains(errs, filepath.Join(models, "little")) {
			t.Errorf("got %d, %q, %q, want a fault that names the folder", code, out, errs)
		}
	})
	t.Run("check", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		code, out, errs := call(t, "models", "check", "--models", t.TempDir(), demo.Name)
		for _, want := range []string{"postcards: good. Stable Diffusion 1, float32, v-prediction", "starts from pictures", "clip skip up to 4", "sizes 128x128 160x112"} {
			if code != exitOK || !strings.Contains(out, want) {
				t.Errorf("got %d, %q, %q, want a good model, and %q", code, out, errs, want)
			}
		}
	})
}

// misfit writes a model folder whose text encoder does not know the tokenizer's words: it opens and loads, and cannot
// paint.
func writeMismatchedModel(t *testing.T, dir string) {
	t.Helper()
	if err := (onnxtest.Folder{Side: 8}).Write(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vocab.json", "merges.txt"} {
		data, err := os.ReadFile(filepath.Join(postcards(t).Dir, "tokenizer", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "tokenizer", name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// spoil makes a folder that opens and does not load: an operator that no runtime knows.
func writeUnloadableModel(t *testing.T, dir string) {
	t.Helper()
	writeMismatchedModel(t, dir)
	unet := filepath.Join(dir, "unet", "model.onnx")
	data, err := os.ReadFile(unet)
	if err == nil {
		err = os.WriteFile(unet, bytes.ReplaceAll(data, []byte("ReduceMean"), []byte("ReduceMoan")), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
