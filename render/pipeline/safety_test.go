//go:build cgo

package pipeline

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/demo"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/picture"
	"darkroom/render/safety"
	"darkroom/render/tensor"
)

const (
	demoFolder = "../demo/" + demo.Name
	tinyNSFW   = "../safety/testdata/nsfw-last.onnx"
)

func mustOpenCheckers(t *testing.T, choice string) *Checkers {
	t.Helper()
	c, err := OpenCheckers(choice)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// renderSkull renders an image and a preview with the demo model.
func renderSkull(t *testing.T, p *Pipeline) (tile render.Tile, preview *render.Preview) {
	t.Helper()
	spec := picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: demo.Name, Hash: strings.Repeat("0", 64)},
		Prompt: "a skull", Width: 128, Height: 128, Seed: 5, Count: 1, Steps: 4, GuidanceScale: 3, Sampler: "dpmpp_2m",
	}
	res, err := p.Render(t.Context(), spec, render.Job{Progress: func(now render.Progress) {
		if now.Step == now.Steps {
			preview = now.Preview()
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if preview == nil {
		t.Fatal("no preview")
	}
	return res.Tiles[0], preview
}

// TestChosenCheckerScores: which checker looks at images and previews of the demo model.
func TestChosenCheckerScores(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	m, err := Open(demoFolder)
	if err != nil {
		t.Fatal(err)
	}
	for choice, concept := range map[string]string{
		SafetyAuto: "skull", SafetyOwn: "skull", SafetyOff: "", tinyNSFW: "nsfw", demoFolder: "skull",
	} {
		t.Run(choice, func(t *testing.T) {
			t.Parallel()
			c := mustOpenCheckers(t, choice)
			p, err := LoadWith(t.Context(), m, device, LoadOptions{Checkers: c})
			if err != nil {
				t.Fatal(err)
			}
			tile, preview := renderSkull(t, p)
			if err := errors.Join(p.Close(), c.Close()); err != nil {
				t.Error(err)
			}
			if concept == "" {
				if tile.Safety != nil || preview.Safety != nil {
					t.Errorf("got %v and %v, want no scores", tile.Safety, preview.Safety)
				}
				return
			}
			for what, v := range map[string]*safety.Verdict{"image": tile.Safety, "preview": preview.Safety[0]} {
				if v == nil || len(v.Scores) != 1 || v.Scores[0].Concept != concept || v.Flagged != (concept == "skull") {
					t.Errorf("%s: got %+v, want a score of %s", what, v, concept)
				}
			}
		})
	}
}

func TestUnknownCheckerIsRefused(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"own2":                          "want auto, own, off or a path",
		demoFolder + "/unet/model.onnx": "no known checker",
		demoFolder + "/tokenizer":       "want model.onnx or model.safetensors",
	} {
		_, err := OpenCheckers(path)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line that tells: %s", path, err, want)
		}
	}
}

// withChecker is a copy of the demo model whose own checker is a file of that content.
func withChecker(t *testing.T, content string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(demoFolder)); err != nil {
		t.Fatal(err)
	}
	if content != "" {
		onnxtest.WriteFile(t, dir, "safety_checker/model.onnx", content)
	}
	return dir
}

// TestBrokenOwnChecker: by default the model is used without it, which its notes tell; who asks for it hears why not.
func TestBrokenOwnChecker(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	m, err := Open(withChecker(t, "broken"))
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(Notes(m), "\n"); !strings.Contains(notes, "images of this model are not checked") {
		t.Errorf("notes %q, want one about the checker", notes)
	}
	p, err := LoadWith(t.Context(), m, device, LoadOptions{Checkers: mustOpenCheckers(t, SafetyAuto)})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	_, err = LoadWith(t.Context(), m, device, LoadOptions{Checkers: mustOpenCheckers(t, SafetyOwn)})
	if err == nil || !strings.Contains(err.Error(), "safety checker: ") {
		t.Errorf("got %v, want why there is no checker", err)
	}
}

// padModel adds an empty text of 64 MiB to a model, and returns its size.
func padModel(t *testing.T, path string) int64 {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	field := []byte{6<<3 | 2, 0x80, 0x80, 0x80, 0x20} // ModelProto.doc_string
	size := info.Size() + int64(len(field)) + 64<<20
	if _, err = f.Write(field); err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// TestLargeOwnChecker: a checker with weights of more than 64 MiB is used where it is asked for, and its memory counts.
func TestLargeOwnChecker(t *testing.T) {
	t.Parallel()
	device := onnx.Device{Kind: onnx.CPU}
	dir := withChecker(t, "")
	path := filepath.Join(dir, safety.Part, "model.onnx")
	size := padModel(t, path)
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := mustOpenCheckers(t, SafetyAuto).of(m); got != nil || err != nil {
		t.Errorf("auto: got %v, %v, want none", got, err)
	}
	own := mustOpenCheckers(t, SafetyOwn)
	got, err := own.of(m)
	if err != nil || got == nil || checksPreviews(got, device) {
		t.Errorf("own: got %v, %v, want one that does not look at previews", got, err)
	}
	if n := own.Need(m, device); n < size || n > 2*size {
		t.Errorf("needs %d bytes, want a little more than its %d", n, size)
	}
	if !checksPreviews(got, onnx.Device{Kind: onnx.CUDA}) {
		t.Error("previews are not checked on a GPU")
	}
}

// TestPoolSharesTheGivenChecker: one for all models is loaded once, counts in the budget, and goes with the pool.
func TestPoolSharesTheGivenChecker(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	models := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.CopyFS(filepath.Join(models, name), os.DirFS(demoFolder)); err != nil {
			t.Fatal(err)
		}
		onnxtest.WriteFile(t, models, name+"/darkroom.json", `{"name":"`+name+`"}`)
		onnxtest.WriteFile(t, models, name+"/model_index.json",
			`{"_class_name":"StableDiffusionPipeline","note":"`+name+`"}`)
	}
	checkers := mustOpenCheckers(t, tinyNSFW)
	const memory = 1 << 30
	pool := NewPool(PoolOptions{
		Source: fixed(openAll(t, models)), Device: device, Memory: memory, Checkers: checkers,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if got, want := pool.Memory(), memory-checkers.sharedNeed(device); got != want || got == memory {
		t.Errorf("%d bytes for models, want %d", got, want)
	}
	var shared *loadedChecker
	for _, m := range pool.Models() {
		if _, err := pool.Load(t.Context(), m.Hash); err != nil {
			t.Fatal(err)
		}
		if shared != nil && checkers.shared != shared {
			t.Error("the checker was loaded again")
		}
		shared = checkers.shared
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.network.Run(t.Context(), tensor.New(1, 224, 224, 3)); !errors.Is(err, onnx.ErrClosed) {
		t.Errorf("got %v, want the checker closed", err)
	}
}
