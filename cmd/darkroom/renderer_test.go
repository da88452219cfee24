//go:build cgo

package main

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/demo"
	"darkroom/render/device"
	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/request"
)

// postcards opens the demo model where the repository has it.
func postcards(t *testing.T) *folder.Model {
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

// onCPU is the CPU, with the library that needRuntime found.
func onCPU(t testing.TB) device.Choice {
	t.Helper()
	all, err := device.Here("", "").Choose(device.Wanted{Kind: device.CPU})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// cardJSON is what the bot is told of a model.
func cardJSON(t *testing.T, f *folder.Model) []byte {
	t.Helper()
	b, err := json.Marshal(pipeline.Card(f))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestModelCardIsReadByTheBot(t *testing.T) {
	t.Parallel()
	f := postcards(t)
	var m request.Card
	if err := json.Unmarshal(cardJSON(t, f), &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != demo.Name || m.Dialect != picture.Diffusers || !m.ImageToImage ||
		!slices.Contains(m.Samplers, "dpmpp_2m_karras") {
		t.Errorf("got %+v, want the name, the dialect, start pictures and samplers", m)
	}
	if m.Tiling == nil || !*m.Tiling || m.SkippableLayers == nil || *m.SkippableLayers != f.Config.SkippableLayers {
		t.Errorf(
			"got %v and %v, want that it tiles, and %d layers to skip", m.Tiling, m.SkippableLayers, f.Config.SkippableLayers,
		)
	}
	if len(m.Words) == 0 || len(m.Sizes) != len(f.Card.Sizes) || len(m.Examples) < maxExamples ||
		m.Defaults.Steps != f.Card.Defaults.Steps {
		t.Errorf("got %+v, want what the card says: %+v", m, f.Card)
	}
	bare := *f
	bare.Card, bare.Config.FixedSize = folder.Card{}, folder.Size{}
	bare.Config.NativeSize = folder.Size{Width: 512, Height: 512}
	m = request.Card{}
	if err := json.Unmarshal(cardJSON(t, &bare), &m); err != nil || m.Defaults.Width != 512 || len(m.Sizes) != 0 {
		t.Errorf("a folder without a card: got %+v, %v, want its native size and no limit", m, err)
	}
	if m.Multiple != 16 || m.Hires == nil || !*m.Hires {
		t.Errorf("a model of any size: got %+v, want multiples of 16, to be enlarged", m)
	}
	bare.Config.FixedSize = folder.Size{Width: 256, Height: 256}
	m = request.Card{}
	if err := json.Unmarshal(cardJSON(t, &bare), &m); err != nil || len(m.Sizes) != 1 || m.Sizes[0].Width != 256 {
		t.Errorf("a model of one size: got %+v, %v, want that size alone", m.Sizes, err)
	}
	if m.Hires == nil || *m.Hires {
		t.Error("a model of one size is said to enlarge")
	}
}

func TestOpenPool(t *testing.T) {
	t.Parallel()
	quiet := slog.New(slog.DiscardHandler)
	t.Run("a missing library is one line with its fix", func(t *testing.T) {
		t.Parallel()
		code, _, errs := call(
			t, "up", "--ort", filepath.Join(t.TempDir(), "none.so"), "--data", t.TempDir(), "--listen", "127.0.0.1:0",
		)
		if code != exitFailure || strings.Count(errs, "\n") != 1 || !strings.Contains(errs, "none.so") {
			t.Errorf("got %d, %q, want one line about none.so", code, errs)
		}
	})
	t.Run("only models that are here can be chosen", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		r, w := config.Runtime{ModelsDir: t.TempDir()}, config.Worker{Models: []string{"sd15"}}
		_, err := openONNXPool(t.Context(), onCPU(t), config.Renderer{Runtime: r, Worker: w}, quiet, &filesInUse{})
		if err == nil || !strings.Contains(err.Error(), `model "sd15"`) {
			t.Errorf("got %v, want to hear of sd15", err)
		}
	})
	t.Run("a GPU that the library does not know is told", func(t *testing.T) {
		t.Parallel()
		needRuntime(t)
		r, on := config.Runtime{ModelsDir: t.TempDir()}, onCPU(t)
		on.Wanted = device.Wanted{Kind: device.CUDA}
		_, err := openONNXPool(t.Context(), on, config.Renderer{Runtime: r}, quiet, &filesInUse{})
		if err == nil {
			t.Skip("this library has CUDA")
		}
		f := checkDevice(r, on, true)
		if f.fix == "" || !strings.Contains(f.state, "cuda:0") || !strings.Contains(err.Error(), "cuda:0") {
			t.Errorf("got %v, and from the doctor %+v, want to hear of cuda:0", err, f)
		}
	})
}

func TestModels(t *testing.T) {
	t.Parallel()
	t.Run("list", func(t *testing.T) {
		t.Parallel()
		code, out, errs := call(t, "models", "list", "--models", t.TempDir())
		const kind = "Stable Diffusion 1, float32, v-prediction, few steps: 4 of dpmpp_2m with guidance 3 "
		if code != exitOK || !strings.HasPrefix(out, demo.Name) || !strings.Contains(out, kind) {
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
		for _, want := range []string{
			"postcards: good. Stable Diffusion 1, float32, v-prediction", "starts from pictures", "clip skip up to 4",
			"sizes 128x128 160x112",
		} {
			if code != exitOK || !strings.Contains(out, want) {
				t.Errorf("got %d, %q, %q, want a good model, and %q", code, out, errs, want)
			}
		}
	})
}

// writeMismatchedModel writes a model folder whose text encoder does not know the tokenizer's words: it opens and
// loads, and cannot render.
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

// writeUnloadableModel makes a folder that opens and does not load: an operator that no runtime knows.
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
