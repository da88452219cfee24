//go:build cgo

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/render/checkpoint/upscalertest"
	"darkroom/render/encode"
)

// modelsWithUpscalers is a models folder with an ONNX file, a safetensors file in a folder of A1111's, one whose
// weights are no numbers, and what cannot be used.
func modelsWithUpscalers(t *testing.T) string {
	t.Helper()
	models := t.TempDir()
	put := func(name string, data []byte) {
		path := filepath.Join(models, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("upscalers/sharp.onnx", upscalertest.Exports(t)[0].File)
	put("models/ESRGAN/soft.safetensors", readFile(t, upscalertest.Find(t, "span-plain").Write(t)))
	put("upscalers/broken.safetensors", readFile(t, upscalertest.Find(t, "compact-x2").Write(t)))
	damage(t, filepath.Join(models, "upscalers", "broken.safetensors"))
	put("upscalers/4x.pth", []byte("PK\x03\x04"))
	return models
}

// TestDrawUpscales enlarges by the model's own upscaler, by others in the models folder, and by Lanczos's filter.
func TestDrawUpscales(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models, dir := modelsWithUpscalers(t), t.TempDir()
	draw := func(args ...string) (code int, errs string) {
		t.Helper()
		code, _, errs = call(t, append([]string{"draw", "a red boat", "--steps", "2", "--seed", "5", "--models", models,
			"--out", filepath.Join(dir, "a.png"), "--force"}, args...)...)
		return code, errs
	}
	seen := map[string]string{}
	for _, c := range []struct {
		args     []string
		width    int
		upscaler string // as the file's text says
	}{
		{[]string{"--upscale", "2"}, 256, "postcards"},
		{[]string{"--upscale", "1.5", "--upscaler", "Sharp.onnx"}, 192, "sharp"},
		{[]string{"--upscale", "4", "--upscaler", "soft"}, 512, "soft"},
		{[]string{"--upscale", "1.5", "--upscaler", "lanczos", "--repaint", "0"}, 192, "Lanczos"},
		{[]string{"--upscale", "1.5", "--upscaler", "sharp", "--repaint", "0.5"}, 192, "sharp"},
	} {
		if code, errs := draw(c.args...); code != exitOK {
			t.Fatalf("%q: got %d and %q", c.args, code, errs)
		}
		file := readFile(t, filepath.Join(dir, "a.png"))
		img, err := png.Decode(bytes.NewReader(file))
		if err != nil || img.Bounds().Dx() != c.width {
			t.Errorf("%q: got %v, %v, want %d pixels", c.args, img.Bounds(), err, c.width)
		}
		text, err := encode.ReadParameters(file)
		if named, _ := text.Field("Postprocess upscaler"); err != nil || named != c.upscaler {
			t.Errorf("%q: the file names %q, %v, want %q", c.args, named, err, c.upscaler)
		}
		if before := seen[string(file)]; before != "" {
			t.Errorf("%q: the same image as %s", c.args, before)
		}
		seen[string(file)] = strings.Join(c.args, " ")
	}
	for want, args := range map[string][]string{
		"There is no upscaler “shrap”. Did you mean sharp?": {"--upscale", "2", "--upscaler", "shrap"},
		"“4x” cannot be used":                               {"--upscale", "2", "--upscaler", "4x"},
		"--upscaler: give --upscale too":                    {"--upscaler", "sharp"},
		"--repaint: give --upscale too":                     {"--repaint", "0.3"},
		"at most 4 times larger, not 9 times":               {"--upscale", "9"},
		"Unknown strength of repainting 3":                  {"--upscale", "2", "--repaint", "3"},
		"its weights are damaged":                           {"--upscale", "2", "--upscaler", "broken"},
	} {
		if code, errs := draw(args...); code != exitFailure || !strings.Contains(errs, want) ||
			strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: got %d and %q, want one line with %q", args, code, errs, want)
		}
	}
}

// TestUpscalerComes drops an upscaler into the folder of a running darkroom, and enlarges an image by it.
func TestUpscalerComes(t *testing.T) {
	t.Parallel()
	a := startAddonsTest(t)
	dir := filepath.Join(a.models, "upscalers")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sharp.onnx"), upscalertest.Exports(t)[0].File, 0o600); err != nil {
		t.Fatal(err)
	}
	m, _ := a.paint("a red boat")
	choose := ""
	for _, id := range m.CustomIDs() {
		if strings.HasSuffix(id, ":"+message.UpscaleChoose) {
			choose = id
		}
	}
	var form sandbox.Interaction
	a.until("the upscaler is offered", func() bool {
		i, err := a.Click(a.home.Member.ID, m.ID, choose)
		if err != nil {
			t.Fatal(err)
		}
		a.until("the form opens", func() bool { form, _ = a.FindInteraction(i.ID); return form.Form != nil })
		return strings.Contains(form.Form.Components[1].Description, "sharp")
	})
	sent, err := a.Submit(a.home.Member.ID, form.ID, map[string]string{"times": "1.5", "upscaler": "sharp"})
	if err != nil {
		t.Fatal(err)
	}
	large := a.painted(a.waitResult(sent))
	if u := large.text.Upscaler; u == nil || u.Name != "sharp" || len(u.Hash) != 64 {
		t.Errorf("the file names the upscaler %+v, want sharp with its hash", u)
	}
}

// TestUpscalersAreListedAndChecked: each upscaler is listed with its scale, and what is wrong with one is told.
func TestUpscalersAreListedAndChecked(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	models := modelsWithUpscalers(t)
	_, out, errs := call(t, "models", "list", "--models", models)
	sharp := filepath.Join(models, "upscalers", "sharp.onnx")
	for _, want := range []string{"upscaler, 2×  " + sharp, "soft  ", "broken  "} {
		if !strings.Contains(out, want) {
			t.Errorf("the list is %q, want %q", out, want)
		}
	}
	if !strings.Contains(errs, "4x.pth") || !strings.Contains(errs, "get it as .safetensors or .onnx") {
		t.Errorf("got %q, want to hear of the pickle", errs)
	}
	code, out, errs := call(t, "models", "check", "--models", models)
	if code != exitFailure || !strings.Contains(out, "sharp: good. upscaler, 2×") ||
		!strings.Contains(out, "soft: good") || strings.Contains(out, "broken: good") ||
		!strings.Contains(errs, "broken.safetensors: try the upscaler: ") {
		t.Errorf("got %d, %q, %q", code, out, errs)
	}
	if code, out, errs := call(t, "models", "check", "--models", models, "sharp"); code != exitOK ||
		!strings.Contains(out, "sharp: good") {
		t.Errorf("by name: got %d, %q, %q", code, out, errs)
	}
}
