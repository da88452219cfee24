//go:build cgo

package main

import (
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/render/onnx/onnxtest"
)

// writeHeart writes a picture that the demo's CLIP knows: a red heart on snow by day, as flat as its painter's.
func writeHeart(t *testing.T) string {
	t.Helper()
	const side = 128
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			c := color.NRGBA{R: 140, G: 195, B: 250, A: 255}
			if y > 85 {
				c = color.NRGBA{R: 240, G: 246, B: 252, A: 255}
			}
			u, v := (float64(x)-64)/36, (60-float64(y))/36
			if a := u*u + v*v - 0.7; a*a*a-u*u*v*v*v < 0 {
				c = color.NRGBA{R: 220, G: 30, B: 36, A: 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	path := filepath.Join(t.TempDir(), "heart.png")
	f, err := os.Create(path)
	if err == nil {
		err = png.Encode(f, img)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCompare: the text that fits an image best comes first, with its share.
func TestCompare(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	heart := writeHeart(t)
	texts := []string{"a yellow fish at night", "a red heart in the snow", "a blue house in the desert"}
	code, out, errs := call(t, append([]string{"compare", heart}, texts...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitOK || len(lines) != 3 || !strings.HasSuffix(lines[0], " %  a red heart in the snow") || errs != "" {
		t.Errorf("got %d, %q and %q, want three texts, the heart first", code, out, errs)
	}
	code, out, errs = call(t, "compare", "--json", heart, "a zeppelin", "a red heart")
	var got struct {
		CLIP  string
		Texts []fit
	}
	err := json.Unmarshal([]byte(out), &got)
	if code != exitOK || err != nil || len(got.CLIP) != 64 || len(got.Texts) != 2 {
		t.Fatalf("got %d, %q and %q, want the hash of a CLIP and two texts", code, out, errs)
	}
	if best := got.Texts[0]; best.Text != "a red heart" || best.Share < 0.5 || best.Share > 1 || best.Cosine < 0 {
		t.Errorf("got %+v, want the heart with most of the share", best)
	}
	if !strings.Contains(errs, "does not know: zeppelin") {
		t.Errorf("got %q, want a word that the demo's CLIP never saw", errs)
	}
}

func TestCompareRefuses(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	heart, broken := writeHeart(t), t.TempDir()
	onnxtest.WriteFile(t, broken, "image_encoder/model.onnx", "<html>")
	onnxtest.WriteFile(t, broken, "text_encoder/model.onnx", "<html>")
	onnxtest.WriteFile(t, broken, "words.txt", "no image")
	for want, args := range map[string][]string{
		"nothing.png: no such file":      {filepath.Join(broken, "nothing.png"), "a boat"},
		"words.txt: ":                    {filepath.Join(broken, "words.txt"), "a boat"},
		"a web page, not an ONNX model":  {"--clip", broken, heart, "a boat"},
		`CLIP "nowhere": no such folder`: {"--clip", "nowhere", heart, "a boat"},
		`expected "<text> ..."`:          {heart},
	} {
		code, out, errs := call(t, append([]string{"compare"}, args...)...)
		if code == exitOK || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%q: got %d, %q and %q, want a refusal that tells: %s", args, code, out, errs, want)
		}
	}
}

// TestDoctorKnowsTheCLIP: the demo model's is healthy, and a broken one is named with what to do.
func TestDoctorKnowsTheCLIP(t *testing.T) {
	t.Parallel()
	needRuntime(t)
	_, line := runDoctor(t, "clip", t.TempDir(), nil)
	if !strings.Contains(line, "ok") || !strings.Contains(line, "128 numbers") {
		t.Errorf("got %q, want the demo's CLIP", line)
	}
	_, line = runDoctor(t, "clip", t.TempDir(), nil, "--clip", "nowhere")
	if !strings.Contains(line, "BROKEN") || !strings.Contains(line, `"nowhere"`) {
		t.Errorf("got %q, want the CLIP that is not there", line)
	}
}
