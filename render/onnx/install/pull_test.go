package install_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/onnx/install"
	"darkroom/render/onnx/install/installtest"
)

// noise is data that does not compress, so that an archive is larger than what a connection brings at once.
func noise(seed uint64, n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed)})
	r.Read(data)
	return data
}

const size = 1 << 20

// fixture is a small runtime of two packages in a local index.
type fixture struct {
	*installtest.Index
	runtime install.Runtime
	puller  install.Puller
	notes   []string
	told    []install.Progress
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{Index: installtest.NewIndex(t)}
	f.runtime = install.Runtime{
		Name: "cuda12", Version: "1.24.4", Platform: "linux/amd64", CUDA: install.CUDA{Major: 12},
		Parts: []install.Part{
			{f.Wheel(t, "onnx", map[string][]byte{"libonnx.so": noise(1, size), "LICENSE.txt": []byte("free")})},
			{f.Wheel(t, "cublas", map[string][]byte{"libcublas.so.12": noise(2, size)})},
		},
	}
	f.puller = install.Puller{
		Dir: filepath.Join(t.TempDir(), "runtimes"), Fetcher: f.Fetcher(),
		Note:     func(text string) { f.notes = append(f.notes, text) },
		Progress: func(p install.Progress) { f.told = append(f.told, p) },
	}
	return f
}

func (f *fixture) pull(t *testing.T) error {
	t.Helper()
	_, err := f.puller.Pull(t.Context(), f.runtime)
	return err
}

// files lists what lies in a folder, without the lists of files.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.Name() != "runtime.json" {
			names = append(names, e.Name())
		}
	}
	return names
}

// wantWhole asserts that the runtime lies in its place, whole, and nothing else.
func (f *fixture) wantWhole(t *testing.T) {
	t.Helper()
	if got := files(t, f.puller.Dir); !slices.Equal(got, []string{"cuda12"}) {
		t.Errorf("got %q in the folder of runtimes, want cuda12 alone", got)
	}
	got := files(t, filepath.Join(f.puller.Dir, "cuda12"))
	if want := []string{"LICENSE.txt", "libcublas.so.12", "libonnx.so"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	data, err := os.ReadFile(filepath.Join(f.puller.Dir, "cuda12", "libcublas.so.12"))
	if err != nil || !bytes.Equal(data, noise(2, size)) {
		t.Errorf("got %d bytes, %v, want the library", len(data), err)
	}
	all := install.List(f.puller.Dir)
	if len(all) != 1 || all[0].Err != nil || all[0].CUDA != 12 || all[0].Version != "1.24.4" || all[0].Size != 2*size+4 {
		t.Errorf("got %+v, want cuda12 of ONNX Runtime 1.24.4, whole", all)
	}
}

// wantNothing asserts that not even a folder was made.
func (f *fixture) wantNothing(t *testing.T) {
	t.Helper()
	if got := files(t, f.puller.Dir); len(got) != 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

// wantNone asserts that no runtime is there, however much of one has come.
func (f *fixture) wantNone(t *testing.T) {
	t.Helper()
	if all := install.List(f.puller.Dir); len(all) != 0 {
		t.Errorf("got %+v, want no runtime", all)
	}
	if _, err := os.Stat(filepath.Join(f.puller.Dir, "cuda12")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no folder cuda12", err)
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	f.wantWhole(t)
	last := f.told[len(f.told)-1]
	if total := f.runtime.Download(); last.Done != total || last.Total != total || last.Package != "cublas" {
		t.Errorf("got %+v told last, want all of %d bytes", last, total)
	}
	if !slices.IsSortedFunc(f.told, func(a, b install.Progress) int { return int(a.Done - b.Done) }) {
		t.Error("progress runs back")
	}
	f.Asked()
	if err := f.pull(t); err != nil || len(f.Asked()) != 0 {
		t.Errorf("a whole one: got %v, want it left alone", err)
	}
}

func TestPullFaults(t *testing.T) {
	t.Parallel()
	const cublas = "cublas-1.0-py3-none-any.whl"
	for name, c := range map[string]struct {
		spoil func(*fixture)
		fails string
	}{
		"a wrong hash": {func(f *fixture) {
			wrong := installtest.Zip(t, map[string][]byte{"lib/libcublas.so.12": noise(3, size)})
			wrong = append(wrong, make([]byte, int(f.runtime.Parts[1][0].Size)-len(wrong))...)
			f.Put("cublas", cublas, wrong)
		}, "the file's hash is"},
		"a truncated file": {func(f *fixture) {
			f.Put("cublas", cublas, noise(2, 1000))
		}, "the server has a file of 1000 bytes"},
		"an index without the file": {func(f *fixture) { f.Remove("cublas", cublas) }, cublas + " is not listed"},
		"connections that always break": {func(f *fixture) {
			f.BreakOff(cublas, 1000, 1000, 1000, 1000)
		}, "broke off after"},
		"a disk without room": {func(f *fixture) {
			f.puller.Fetcher.Client.Free = func(string) int64 { return size }
		}, "make room, or name another folder with --runtimes"},
		"a wrong library in a good archive": {func(f *fixture) {
			f.runtime.Parts[1][0].Members[0].SHA256 = strings.Repeat("0", 64)
		}, "its SHA-256 is"},
		"an archive without the library": {func(f *fixture) {
			f.runtime.Parts[1][0].Members[0].Path = "lib/other.so"
		}, "the archive has no lib/other.so"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			good := f.runtime.Parts[1][0]
			good.Members = slices.Clone(good.Members)
			data := installtest.Zip(t, map[string][]byte{
				"METADATA": []byte("left out"), "lib/libcublas.so.12": noise(2, size),
			})
			c.spoil(f)
			err := f.pull(t)
			if err == nil || !strings.Contains(err.Error(), c.fails) || !strings.Contains(err.Error(), "cuda12") {
				t.Errorf("got %v, want cuda12 and %q", err, c.fails)
			}
			f.wantNone(t)
			if strings.HasPrefix(c.fails, "make room") {
				f.wantNothing(t)
			}
			f.BreakOff(cublas)
			f.Put("cublas", cublas, data)
			f.puller.Fetcher.Client.Free = nil
			f.runtime.Parts[1][0] = good
			f.Asked()
			if err := f.pull(t); err != nil {
				t.Fatalf("once all is well: got %v", err)
			}
			f.wantWhole(t)
			if asked := f.Asked(); c.fails[:4] != "make" && slices.ContainsFunc(asked, func(s string) bool {
				return strings.HasPrefix(s, "onnx")
			}) {
				t.Errorf("got requests of %q, want none of the package that had come", asked)
			}
		})
	}
}

// TestPullGoesOn: what came before a break, or before the program ended, is not fetched again.
func TestPullGoesOn(t *testing.T) {
	t.Parallel()
	const cublas = "cublas-1.0-py3-none-any.whl"
	t.Run("after connections that broke", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		f.BreakOff(cublas, 600<<10)
		if err := f.pull(t); err != nil {
			t.Fatal(err)
		}
		f.wantWhole(t)
		asked := f.Asked()
		if len(asked) != 3 || !strings.HasPrefix(asked[2], cublas+" bytes=") || asked[2] == cublas+" bytes=0-" {
			t.Errorf("got %q, want the rest of the file asked for", asked)
		}
	})
	t.Run("in another run", func(t *testing.T) {
		t.Parallel()
		f := newFixture(t)
		ctx, cancel := context.WithCancel(t.Context())
		f.puller.Progress = func(p install.Progress) {
			if p.Package == "cublas" {
				cancel() // in the middle of the second package
			}
		}
		if _, err := f.puller.Pull(ctx, f.runtime); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want it stopped", err)
		}
		f.wantNone(t)
		f.Asked()
		f.puller.Progress = nil
		if err := f.pull(t); err != nil {
			t.Fatal(err)
		}
		f.wantWhole(t)
		if asked := f.Asked(); len(asked) > 1 || len(asked) == 1 && !strings.HasPrefix(asked[0], cublas) {
			t.Errorf("got %q, want at most the rest of one file", asked)
		}
	})
}

// TestPullMends: a runtime that lost a file gets that one again, and keeps the others.
func TestPullMends(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	lib := filepath.Join(f.puller.Dir, "cuda12", "libcublas.so.12")
	if err := os.Truncate(lib, 10); err != nil {
		t.Fatal(err)
	}
	all := install.List(f.puller.Dir)
	if len(all) != 1 || all[0].Err == nil || !strings.Contains(all[0].Err.Error(), "libcublas.so.12") {
		t.Errorf("got %+v, want to hear of the library that is cut short", all)
	}
	f.Asked()
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	f.wantWhole(t)
	if asked := f.Asked(); !slices.Equal(asked, []string{"cublas-1.0-py3-none-any.whl"}) {
		t.Errorf("got %q, want the package of that library alone", asked)
	}
}

// TestPullUpgrades: an older runtime of that name works until the new one is there.
func TestPullUpgrades(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	newer := f.runtime
	newer.Version = "1.25.0"
	cudnn := map[string][]byte{"libcudnn.so.9": noise(4, size)}
	newer.Parts = []install.Part{f.runtime.Parts[0], {f.Wheel(t, "cudnn", cudnn)}}
	f.Remove("cudnn", newer.Parts[1][0].File)
	if _, err := f.puller.Pull(t.Context(), newer); err == nil {
		t.Fatal("got no error from an index that lacks the file")
	}
	if all := install.List(f.puller.Dir); len(all) != 1 || all[0].Err != nil || all[0].Version != "1.24.4" {
		t.Errorf("got %+v, want the old one as it was", all)
	}
	f.Wheel(t, "cudnn", cudnn)
	if _, err := f.puller.Pull(t.Context(), newer); err != nil {
		t.Fatal(err)
	}
	got := files(t, filepath.Join(f.puller.Dir, "cuda12"))
	if want := []string{"LICENSE.txt", "libcudnn.so.9", "libonnx.so"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPullTriesTheNextSource(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	other := f.Wheel(t, "mirror", map[string][]byte{"libcublas.so.12": noise(2, size)})
	f.runtime.Parts[1] = append(f.runtime.Parts[1], other)
	f.BreakOff("cublas-1.0-py3-none-any.whl", 5000, 5000, 5000)
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	f.wantWhole(t) // without what is left of the first source
	if len(f.notes) != 1 || !strings.Contains(f.notes[0], "not from the Python package cublas") {
		t.Errorf("got %q, want to hear why the first source was passed over", f.notes)
	}
}

// TestPullTwice: of two pulls at once the second one says so and spoils nothing.
func TestPullTwice(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	second := f.puller
	second.Progress = nil
	var got error
	once := false
	f.puller.Progress = func(install.Progress) {
		if !once {
			once = true
			_, got = second.Pull(t.Context(), f.runtime)
		}
	}
	if err := f.pull(t); err != nil {
		t.Fatal(err)
	}
	f.wantWhole(t)
	if got == nil || !strings.Contains(got.Error(), "another process pulls it") {
		t.Errorf("the second: got %v, want to hear of the first", got)
	}
}
