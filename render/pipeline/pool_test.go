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
	"darkroom/render/golden/goldentest"
	"darkroom/render/onnx"
	"darkroom/render/onnx/onnxtest"
)

// fixed is a Source of the same models for ever.
type fixed []*folder.Model

// Models implements Source.
func (f fixed) Models() []*folder.Model { return f }

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
	folders, faults := Directory(models).OpenAll(t.Context())
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
	pool := NewPool(PoolOptions{Source: fixed{a, b}, Log: slog.New(slog.DiscardHandler)})
	want := func(first, second string, load, then time.Duration) {
		t.Helper()
		m := pool.Models()
		if len(m) != 2 || m[0].Name != first || m[1].Name != second || m[0].Load != load || m[1].Load != then {
			t.Errorf("got %+v, want %s after %v and %s after %v", m, first, load, second, then)
		}
	}
	want("a", "b", defaultLoadTime, defaultLoadTime)
	pool.loaded = []loadedModel{{Pipeline: &Pipeline{Folder: b}}}
	pool.loadTimes[b.Hash] = time.Second
	want("b", "a", 0, time.Second) // the other is expected to be like it
	pool.loadTimes[a.Hash] = 2 * time.Second
	want("b", "a", 0, 2*time.Second)
	pool.unusable[a.Hash] = true
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
	pool := NewPool(PoolOptions{
		Source: fixed(openAll(t, models)), Device: device, Log: slog.New(slog.NewTextHandler(&log, nil)),
	})
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
	pool := NewPool(PoolOptions{
		Source: fixed(openAll(t, models)[:1]), Device: device, Log: slog.New(slog.DiscardHandler),
	})
	if err := pool.LoadFirst(t.Context()); err == nil || !strings.Contains(err.Error(), filepath.Join(models, "bad")) {
		t.Errorf("got %v, want a fault that names the folder", err)
	}
}

func TestPoolLoadsAModelOnce(t *testing.T) {
	t.Parallel()
	device := openRuntime(t)
	pool := NewPool(PoolOptions{
		Source: fixed(openAll(t, t.TempDir())), Device: device, Log: slog.New(slog.DiscardHandler),
	})
	hash := pool.Models()[0].Hash
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
	if err := pool.Close(); err != nil || len(pool.loaded) > 0 {
		t.Errorf("close: got %v and %d loaded, want nothing", err, len(pool.loaded))
	}
	if _, err := first.Model.EncodeText(t.Context(), nil, 0); err == nil || errors.Is(err, onnx.ErrNotOpen) {
		t.Errorf("after close: got %v, want a refusal", err)
	}
}

// copyDemo makes a model of another hash than the demo model, whose images are the same.
func copyDemo(t *testing.T, models, name string) {
	t.Helper()
	dir := filepath.Join(models, name)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("../demo", demo.Name))); err != nil {
		t.Fatal(err)
	}
	onnxtest.WriteFile(t, dir, "unet/notes.txt", name)
}

// loadedNames lists the loaded models, the last one used first.
func (p *Pool) loadedNames() (all []string) {
	for _, l := range p.loaded {
		all = append(all, filepath.Base(l.Folder.Dir))
	}
	return all
}

// TestPoolKeepsWhatFits: models stay loaded while they fit, and those used longest ago make room.
func TestPoolKeepsWhatFits(t *testing.T) {
	t.Parallel()
	device, models := openRuntime(t), t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		copyDemo(t, models, name)
	}
	all := openAll(t, models)[:3]
	need := Need(all[0], device)
	pool := NewPool(PoolOptions{
		Source: fixed(all), Device: device, Memory: 2*need + need/2, Log: slog.New(slog.DiscardHandler),
	})
	defer pool.Close()
	load := func(i int, want ...string) *Pipeline {
		t.Helper()
		p, err := pool.Load(t.Context(), all[i].Hash)
		if err != nil {
			t.Fatal(err)
		}
		if got := pool.loadedNames(); !slices.Equal(got, want) {
			t.Errorf("after %s: got %q loaded, want %q", all[i].Dir, got, want)
		}
		return p
	}
	a := load(0, "a")
	load(1, "b", "a")
	if again := load(0, "a", "b"); again != a {
		t.Error("want the pipeline that is loaded")
	}
	b := pool.loaded[1].Pipeline
	load(2, "c", "a")
	if _, err := b.Model.EncodeText(t.Context(), nil, 0); err == nil {
		t.Error("want b freed: it was used longest ago")
	}
	if m := pool.Models(); len(m) != 3 || m[0].Load != 0 || m[1].Load != 0 || m[2].Load == 0 {
		t.Errorf("got %+v, want the two loaded ones first", m)
	}
	pool.o.Memory = need / 2
	load(1, "b") // larger than all memory: it is loaded alone
	pool.o.Memory = 0
	load(0, "a")
}

// TestPoolForgetsWhatChanged: a model that is replaced or gone is not used for its old hash, loaded or not.
func TestPoolForgetsWhatChanged(t *testing.T) {
	t.Parallel()
	device, models := openRuntime(t), t.TempDir()
	copyDemo(t, models, "a")
	copyDemo(t, models, "b")
	all := openAll(t, models)[:2]
	source := &changing{all}
	pool := NewPool(PoolOptions{Source: source, Device: device, Memory: 1 << 40, Log: slog.New(slog.DiscardHandler)})
	defer pool.Close()
	for _, m := range all {
		if _, err := pool.Load(t.Context(), m.Hash); err != nil {
			t.Fatal(err)
		}
	}
	onnxtest.WriteFile(t, filepath.Join(models, "a"), "unet/notes.txt", "another text")
	var refusal *render.Refusal
	if _, err := pool.Load(t.Context(), all[0].Hash); !errors.As(err, &refusal) {
		t.Errorf("replaced: got %v, want a refusal", err)
	}
	if got := pool.loadedNames(); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q loaded, want b alone", got)
	}
	source.models = all[:1]
	if _, err := pool.Load(t.Context(), all[1].Hash); !errors.As(err, &refusal) || len(pool.loaded) > 0 {
		t.Errorf("gone: got %v and %q loaded, want a refusal and nothing", err, pool.loadedNames())
	}
}

// changing is a Source whose models come and go.
type changing struct{ models []*folder.Model }

func (c *changing) Models() []*folder.Model { return c.models }

func TestNeed(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	single := &folder.Model{Bytes: 4 * gib}
	half := &folder.Model{Bytes: 2 * gib, Config: folder.Config{Float16: true}}
	checkpoint, err := Open(goldentest.Checkpoint(t, "sd1-f16"), folder.Unhashed())
	if err != nil {
		t.Fatal(err)
	}
	checkpoint.Bytes = 2 * gib
	for _, c := range []struct {
		m      *folder.Model
		device onnx.Device
		want   float64 // GiB, as docs/benchmarks.md has them
	}{
		{single, onnx.Device{Kind: onnx.CPU}, 4.3},
		{half, onnx.Device{Kind: onnx.CPU}, 4.3},
		{single, onnx.Device{Kind: onnx.CPU, Mapped: true}, 0.4},
		{half, onnx.Device{Kind: onnx.CPU, Mapped: true}, 0.84},
		{half, onnx.Device{Kind: onnx.CUDA}, 2.2 + 0.25},
		{checkpoint, onnx.Device{Kind: onnx.CUDA}, 2.2 + 0.75 + 0.25}, // with an image of 512×512 in the decoder
		{checkpoint, onnx.Device{Kind: onnx.CPU}, 0.84},
		{checkpoint, onnx.Device{Kind: onnx.CPU, Packed: true}, 4.3},
	} {
		if got := float64(Need(c.m, c.device)) / gib; got < c.want-0.05 || got > c.want+0.05 {
			t.Errorf("%d GiB on %v: got %.2f GiB, want %.2f", c.m.Bytes/gib, c.device, got, c.want)
		}
	}
}

// TestPoolBoundsADevice: on a device with memory of its own, the pool's memory bounds what networks really take. When that
// runs out in the middle of a job, the other models make room.
func TestPoolBoundsADevice(t *testing.T) {
	device, models := openRuntime(t), t.TempDir()
	if p := NewPool(PoolOptions{Device: device, Memory: 5 << 30}); p.o.Device.MemoryLimit != 0 {
		t.Errorf("on the CPU: a limit of %d", p.o.Device.MemoryLimit)
	}
	device.Resident, device.Threads = true, 1
	for _, name := range []string{"a", "b"} {
		copyDemo(t, models, name)
	}
	all := openAll(t, models)[:2]
	pool := NewPool(PoolOptions{
		Source: fixed(all), Device: device, Memory: 5 << 30, Log: slog.New(slog.DiscardHandler),
	})
	defer pool.Close()
	first, err := pool.Load(t.Context(), all[0].Hash)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Model.Device.MemoryLimit; got != 5<<30 {
		t.Errorf("a limit of %d, want the pool's memory", got)
	}
	alone, err := first.Model.DeviceBytes()
	if err != nil || alone == 0 {
		t.Fatalf("%d bytes on the device: %v", alone, err)
	}
	if _, err := pool.Load(t.Context(), all[1].Hash); err != nil {
		t.Fatal(err)
	}
	if both, err := first.Model.DeviceBytes(); both < alone*3/2 || err != nil {
		t.Errorf("%d bytes of two models, %d of one: %v", both, alone, err)
	}
	if !pool.freeOthers(all[0].Hash) || pool.freeOthers(all[0].Hash) {
		t.Error("want others freed once")
	}
	if got := pool.loadedNames(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("%q stay loaded, want a", got)
	}
	if err := first.Model.ShrinkMemory(); err != nil {
		t.Fatal(err)
	}
	if left, err := first.Model.DeviceBytes(); left > alone*11/10 || err != nil {
		t.Errorf("%d bytes stay on the device, want the %d of one model: %v", left, alone, err)
	}
}

func TestDefaultBudget(t *testing.T) {
	t.Parallel()
	if got := defaultBudget(onnx.Device{Kind: onnx.CUDA}); got != 0 {
		t.Errorf("a GPU: got %d, want one model at a time", got)
	}
	if got := defaultBudget(onnx.Device{Kind: onnx.CPU}); got != machineMemory()/2 {
		t.Errorf("the CPU: got %d, want half of %d", got, machineMemory())
	}
}
