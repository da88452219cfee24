//go:build cgo

package pipeline_test

import (
	"bytes"
	"errors"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/addon/addontest"
	"darkroom/render/checkpoint/upscalertest"
	"darkroom/render/inventory"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/upscale"
)

// TestUpscalersByName renders with the model's own upscaler and with files, one after the other, as a renderer does for
// jobs that name them.
func TestUpscalersByName(t *testing.T) {
	t.Parallel()
	exported := upscalertest.Exports(t)[0].Write(t)
	files := pipelinetest.AddonFiles{
		hash("5"): upscalertest.Find(t, "span-plain").Write(t), hash("6"): exported,
		hash("7"): upscalertest.Find(t, "esrgan-old-x1").Write(t),
		hash("8"): addontest.Save(t, "a.safetensors", []byte("junk")),
	}
	e := pipelinetest.LoadWith(t, "../demo/postcards", onnx.Device{Kind: onnx.CPU, Threads: 1}, files)
	enlarged := func(named picture.Ref) (*image.NRGBA, error) {
		s := smallSpec(e.Folder, 0)
		s.Version, s.Upscale, s.Upscaler = 3, &picture.Upscale{Scale: 1.5}, &named
		result, err := e.Render(t.Context(), s, render.Job{})
		if err != nil {
			return nil, err
		}
		return result.Tiles[0].Image, nil
	}
	own := e.Folder.Upscaler.Ref
	var before []byte
	for _, named := range []picture.Ref{
		own, {Name: "span", Hash: hash("5")}, {Name: "exported", Hash: hash("6")}, {Name: "clean", Hash: hash("7")}, own,
	} {
		img, err := enlarged(named)
		if err != nil {
			t.Fatalf("%s: %v", named.Name, err)
		}
		if img.Rect.Dx() != 96 || bytes.Equal(img.Pix, before) {
			t.Errorf("%s: got %v, the same as before: %v", named.Name, img.Rect, bytes.Equal(img.Pix, before))
		}
		before = img.Pix
	}
	for name, named := range map[string]picture.Ref{
		"is not here any more": {Name: "gone", Hash: hash("9")}, "cannot be used": {Name: "junk", Hash: hash("8")},
	} {
		var refusal *render.Refusal
		want := "the upscaler “" + named.Name + "” " + name
		if _, err := enlarged(named); !errors.As(err, &refusal) || refusal.Sentence != want {
			t.Errorf("got %v, want a refusal that %s %s", err, named.Name, name)
		}
	}
	if err := os.WriteFile(exported, []byte("replaced"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := enlarged(own); err != nil {
		t.Errorf("after a file was replaced: got %v for another one", err)
	}
}

// TestCheckUpscaler: weights that are no numbers are found by whoever checks an upscaler, in either kind of file.
func TestCheckUpscaler(t *testing.T) {
	t.Parallel()
	pipelinetest.OpenRuntime(t)
	device := onnx.Device{Kind: onnx.CPU, Threads: 1}
	check := func(path string) error {
		t.Helper()
		u, err := pipeline.OpenUpscaler(path)
		if err != nil {
			t.Fatal(err)
		}
		return pipeline.CheckUpscaler(t.Context(), u, device)
	}
	for _, c := range []upscalertest.Case{upscalertest.Find(t, "compact"), upscalertest.Find(t, "esrgan-x1-unshuffled")} {
		if err := check(c.Write(t)); err != nil {
			t.Errorf("%s: got %v", c.Name, err)
		}
	}
	for _, c := range upscalertest.Exports(t) {
		if err := check(c.Write(t)); err != nil {
			t.Errorf("%s: got %v", c.Name, err)
		}
	}
	nan := []byte{0, 0, 0xc0, 0x7f}
	c := upscalertest.Find(t, "compact")
	tensors := c.Tensors()
	for key, e := range tensors {
		copy(e.Data, nan)
		tensors[key] = e
		break
	}
	path := filepath.Join(t.TempDir(), "a.safetensors")
	addontest.WriteFile(t, path, nil, tensors)
	if err := check(path); !errors.Is(err, upscale.ErrNotNumbers) {
		t.Errorf("a weight that is no number: got %v, want %v", err, upscale.ErrNotNumbers)
	}
	if _, err := inventory.Verify(path, nil, nil); err == nil || !strings.Contains(err.Error(), "holds NaN") {
		t.Errorf("read as a whole: got %v, want to hear of the weight", err)
	}
	export := upscalertest.Exports(t)[0]
	first := bytes.LastIndex(export.File, []byte("body.0.weight")) // in its TensorProto the numbers follow the name
	at := first + bytes.Index(export.File[first:], []byte{0x4a})   // raw_data
	if first < 0 || at < first {
		t.Fatal("the exported file has no such weight")
	}
	copy(export.File[at+3:], slices.Repeat(nan, 8))
	if err := check(export.Write(t)); !errors.Is(err, upscale.ErrNotNumbers) {
		t.Errorf("a weight of an ONNX file: got %v, want %v", err, upscale.ErrNotNumbers)
	}
}
