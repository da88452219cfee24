//go:build cgo

package pipeline

import (
	"errors"
	"image"
	"image/color"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"darkroom/render/demo"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
	"darkroom/render/similarity"
)

func openCLIP(t *testing.T) *similarity.Model {
	t.Helper()
	m, err := Directory(t.TempDir()).OpenCLIP("", nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPoolLoadsItsCLIP: the CLIP is loaded for the first vector, takes its part of the memory, never that of the model
// that is at work, and comes back after a large model took its room.
func TestPoolLoadsItsCLIP(t *testing.T) {
	t.Parallel()
	device, models, m := openRuntime(t), t.TempDir(), openCLIP(t)
	copyDemo(t, models, "a")
	copyDemo(t, models, "b")
	all := openAll(t, models)[:2]
	need := Need(all[0], device)
	pool := NewPool(PoolOptions{
		Source: fixed(all), Device: device, Memory: 2 * need, CLIP: m, Log: slog.New(slog.DiscardHandler),
	})
	defer pool.Close()
	want := func(when string, clip bool, models ...string) {
		t.Helper()
		if got := pool.clip.need() > 0; got != clip || !slices.Equal(pool.loadedNames(), models) {
			t.Errorf("%s: got %q, the CLIP %v, want %q and %v", when, pool.loadedNames(), got, models, clip)
		}
	}
	load := func(i int) {
		t.Helper()
		if _, err := pool.Load(t.Context(), all[i].Hash); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() similarity.Vector {
		t.Helper()
		v, err := pool.CLIP().TextVector(t.Context(), "a red boat")
		if err != nil || v.CLIP != m.Hash || v.CLIP != pool.CLIP().Hash() {
			t.Fatalf("got %.12s and %v, want a vector of %.12s", v.CLIP, err, m.Hash)
		}
		return v
	}
	load(1)
	load(0)
	want("at first", false, "a", "b")
	first := ask()
	want("after the first vector", true, "a")
	load(1)
	want("after a model beside it", true, "b")
	pool.o.Memory = need + pool.clip.need()/2
	load(0)
	want("after a model for which it had to go", false, "a")
	if again := ask(); !slices.Equal(again.Values, first.Values) {
		t.Error("want the same vector after the CLIP was loaded again")
	}
	want("where there is no room, beside the model at work", true, "a")
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.CLIP().TextVector(t.Context(), "a"); !errors.Is(err, onnx.ErrClosed) {
		t.Errorf("after close: got %v, want %v", err, onnx.ErrClosed)
	}
}

// TestCLIPUnderUse: vectors that are asked for while the networks are freed again and again are right.
func TestCLIPUnderUse(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	device.Threads = 1
	pool := NewPool(
		PoolOptions{Source: fixed(nil), Device: device, CLIP: openCLIP(t), Log: slog.New(slog.DiscardHandler)},
	)
	defer pool.Close()
	want, err := pool.CLIP().TextVector(t.Context(), "a cat")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range 20 {
				got, err := pool.CLIP().TextVector(t.Context(), "a cat")
				if errors.Is(err, onnx.ErrClosed) {
					continue // freed twice in one call
				}
				if err != nil || !slices.Equal(got.Values, want.Values) {
					t.Errorf("got %v and %v, want the same vector as before", got, err)
				}
			}
		})
	}
	all.Go(func() {
		for range 10 {
			pool.loadMu.Lock()
			if err := pool.clip.free(); err != nil {
				t.Error(err)
			}
			pool.loadMu.Unlock()
		}
	})
	all.Wait()
}

// TestCLIPFreedBeforeACall: a vector is made all the same where the networks were freed after they were loaded for it.
func TestCLIPFreedBeforeACall(t *testing.T) {
	t.Parallel()
	pool := NewPool(PoolOptions{
		Source: fixed(nil), Device: openRuntime(t), CLIP: openCLIP(t), Log: slog.New(slog.DiscardHandler),
	})
	defer pool.Close()
	calls := 0
	v, err := pool.clip.vector(func(l *LoadedCLIP) (similarity.Vector, error) {
		if calls++; calls == 1 {
			pool.loadMu.Lock()
			defer pool.loadMu.Unlock()
			if err := pool.clip.free(); err != nil {
				t.Error(err)
			}
		}
		return l.TextVector(t.Context(), "a cat")
	})
	if err != nil || calls != 2 || v.CLIP != pool.CLIP().Hash() {
		t.Errorf("got %.12s and %v after %d calls, want a vector after 2", v.CLIP, err, calls)
	}
}

func TestPoolWithoutACLIP(t *testing.T) {
	t.Parallel()
	pool := NewPool(PoolOptions{Source: fixed(nil), Log: slog.New(slog.DiscardHandler)})
	if pool.CLIP() != nil {
		t.Error("want none")
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
}

// TestOpenCLIP finds a CLIP by its path, and by its name in the directory of models.
func TestOpenCLIP(t *testing.T) {
	t.Parallel()
	models, want := t.TempDir(), openCLIP(t)
	copyDemo(t, models, "clip_vision/mine")
	for _, asked := range []string{"clip_vision/mine", filepath.Join(models, "clip_vision/mine"), "../demo/" + demo.Name} {
		m, err := Directory(models).OpenCLIP(asked, nil)
		if err != nil || m.Hash != want.Hash {
			t.Errorf("%s: got %+v and %v, want the hash %.12s", asked, m, err, want.Hash)
		}
	}
	onnxtest.WriteFile(t, models, "clip_vision/mine/image_encoder/model.onnx", "")
	for asked, say := range map[string]string{
		"clip_vision/mine": "model.onnx: the file is empty", "nowhere": `CLIP "nowhere": no such folder or file`,
	} {
		if _, err := Directory(models).OpenCLIP(asked, nil); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: got %v, want an error that tells: %s", asked, err, say)
		}
	}
}

// TestNeedCLIP: on a GPU a CLIP takes nothing of what models have, for it runs on the CPU.
func TestNeedCLIP(t *testing.T) {
	t.Parallel()
	cpu, mapped, gpu := onnx.Device{
		Kind: onnx.CPU,
	}, onnx.Device{
		Kind:   onnx.CPU,
		Mapped: true,
	}, onnx.Device{
		Kind: onnx.CUDA,
	}
	for _, c := range []struct {
		wide   bool
		device onnx.Device
		want   int64
	}{{false, cpu, 2150}, {true, cpu, 1080}, {false, mapped, 1550}, {true, mapped, 100}, {false, gpu, 0}} {
		if got := NeedCLIP(&similarity.Model{Bytes: 1000, Wide: c.wide}, c.device); got != c.want {
			t.Errorf("float32 %v, on %+v: got %d of 1000 bytes, want %d", c.wide, c.device, got, c.want)
		}
	}
}

// TestCLIPOfImages: an image is nearer to its own colour's text than to another's.
func TestCLIPOfImages(t *testing.T) {
	t.Parallel()
	pool := NewPool(PoolOptions{
		Source: fixed(nil), Device: openRuntime(t), CLIP: openCLIP(t), Log: slog.New(slog.DiscardHandler),
	})
	defer pool.Close()
	img := image.NewNRGBA(image.Rect(0, 0, 90, 128))
	for i := range 90 * 128 {
		img.SetNRGBA(i%90, i/90, color.NRGBA{B: 90, A: 255})
	}
	seen, err := pool.CLIP().ImageVector(t.Context(), img)
	if err != nil {
		t.Fatal(err)
	}
	var cosines []float64
	for _, text := range []string{"by night", "in the snow by day"} {
		v, err := pool.CLIP().TextVector(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		c, err := similarity.Cosine(seen, v)
		if err != nil {
			t.Fatal(err)
		}
		cosines = append(cosines, c)
	}
	if !(cosines[0] > cosines[1]) {
		t.Errorf("of night and snow: got %v, want night nearer to a dark image", cosines)
	}
}
