package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/render/onnx/install"
	"darkroom/render/onnx/install/installtest"
)

// runtimeIndex is a package index with a small runtime cuda12, and the program that pulls from it.
type runtimeIndex struct {
	*installtest.Index
	dir string
	env environment
}

func newRuntimeIndex(t *testing.T) *runtimeIndex {
	t.Helper()
	x := &runtimeIndex{Index: installtest.NewIndex(t), dir: t.TempDir()}
	fetcher := x.Fetcher()
	x.env = environment{
		getenv: func(string) string { return "" }, runtimeSource: runtimeSource{
			fetcher: &fetcher,
			runtimes: []install.Runtime{{
				Name: "cuda12", Title: "a small one", Version: "1.24.4", Platform: "linux/amd64", CUDA: install.CUDA{Major: 12},
				Parts: []install.Part{
					{x.Wheel(t, "onnx", map[string][]byte{"libonnx.so": bytes.Repeat([]byte("a"), 40_000)})},
					{x.Wheel(t, "cublas", map[string][]byte{"libcublas.so.12": bytes.Repeat([]byte("b"), 50_000)})},
				},
			}},
		},
	}
	return x
}

func (x *runtimeIndex) call(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := x.env
	env.args, env.stdout, env.stderr = slices.Concat(args, []string{"--runtimes", x.dir}), &out, &errs
	code = run(ctx, env)
	return code, out.String(), errs.String()
}

func TestRuntimePull(t *testing.T) {
	t.Parallel()
	x := newRuntimeIndex(t)
	code, out, errs := x.call(t.Context(), "runtime", "pull", "cuda12")
	place := filepath.Join(x.dir, "cuda12")
	want := "to download in 2 packages, 90 kB on disk in " + place + "\n"
	if code != exitOK || !strings.Contains(out, want) {
		t.Errorf("got %d, %q, %q, want the sizes: %q", code, out, errs, want)
	}
	if !strings.Contains(out, "LICENSE-CUDA.txt") || !strings.HasSuffix(out, "cuda12 is in place: "+place+"\n") {
		t.Errorf("got %q, want the licences and where it lies", out)
	}
	if want := "fetching onnx\nfetching cublas\n"; errs != want {
		t.Errorf("got %q, want plain lines: %q", errs, want)
	}
	x.Asked()
	code, out, _ = x.call(t.Context(), "runtime", "pull", "cuda12")
	if code != exitOK || !strings.Contains(out, "in place already, whole") || len(x.Asked()) != 0 {
		t.Errorf("again: got %d, %q, want it left alone", code, out)
	}
	_, out, _ = x.call(t.Context(), "runtime", "list")
	if !strings.Contains(out, "cuda12  ONNX Runtime 1.24.4, a small one") ||
		!strings.Contains(out, "on disk  installed\n") {
		t.Errorf("list: got %q, want it installed", out)
	}
	for _, o := range install.Others() {
		if !strings.Contains(out, o.Name) || !strings.Contains(out, o.Why) {
			t.Errorf("list: got %q, want to hear of %s", out, o.Name)
		}
	}
	if err := os.Remove(filepath.Join(place, "libonnx.so")); err != nil {
		t.Fatal(err)
	}
	if _, out, _ = x.call(t.Context(), "runtime", "list"); !strings.Contains(out, "not whole: pull it again") {
		t.Errorf("list: got %q, want it not whole", out)
	}
}

func TestRuntimePullAtATerminal(t *testing.T) {
	t.Parallel()
	x := newRuntimeIndex(t)
	x.env.errScreen = func() terminal.Screen { return terminal.Screen{Columns: 100, Rows: 30} }
	code, _, errs := x.call(t.Context(), "runtime", "pull", "cuda12")
	if code != exitOK || !strings.Contains(errs, "█") || strings.Contains(errs, "fetching") ||
		!strings.HasSuffix(errs, "\x1b[K") {
		t.Errorf("got %d, %q, want a bar that goes away", code, errs)
	}
}

func TestRuntimePullFaults(t *testing.T) {
	t.Parallel()
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, c := range map[string]struct {
		spoil func(*runtimeIndex)
		ctx   context.Context
		name  string
		want  string
	}{
		"an index without the file": {
			func(x *runtimeIndex) { x.Remove("cublas", "cublas-1.0-py3-none-any.whl") }, t.Context(), "cuda12", "is not listed",
		},
		"a full disk": {
			func(x *runtimeIndex) { x.env.fetcher.Client.Free = func(string) int64 { return 1000 } }, t.Context(), "cuda12",
			"make room",
		},
		"a stop": {func(*runtimeIndex) {}, stopped, "cuda12", "stopped; what came of cuda12 is kept"},
		"one that is not pulled": {
			func(*runtimeIndex) {}, t.Context(), "directml", "directml cannot be pulled: darkroom runs on Linux",
		},
		"one that nobody knows of": {func(*runtimeIndex) {}, t.Context(), "cuda11", `there is no runtime "cuda11"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newRuntimeIndex(t)
			c.spoil(x)
			code, _, errs := x.call(c.ctx, "runtime", "pull", c.name)
			lines := strings.Split(strings.TrimSpace(errs), "\n")
			last := lines[len(lines)-1]
			if code != exitFailure || !strings.HasPrefix(last, "darkroom: ") || !strings.Contains(last, c.want) {
				t.Errorf("got %d, %q, want one line with %q", code, errs, c.want)
			}
			if all := install.List(x.dir); len(all) != 0 {
				t.Errorf("got %+v, want no runtime", all)
			}
		})
	}
}
