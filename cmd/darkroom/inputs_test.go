//go:build cgo

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/encode"
)

// savePNG writes an image of 40 x 20 whose pixels a function chooses.
func savePNG(t *testing.T, at func(x, y int) color.Color) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, 40, 20))
	for i := range 800 {
		img.Set(i%40, i/40, at(i%40, i/40))
	}
	data, err := encode.PNG(img, "")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a.png")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestEmptyMaskIsRefused: it would take a whole run to give the start image back.
func TestEmptyMaskIsRefused(t *testing.T) {
	t.Parallel()
	start := savePNG(t, func(x, y int) color.Color { return color.NRGBA{uint8(5 * x), uint8(9 * y), 80, 255} })
	black := savePNG(t, func(int, int) color.Color { return color.Black })
	o := drawRequest{
		settings: config.Draw{Prompt: "a boat", Count: 1, Init: start, Mask: black},
		folder:   postcards(t), inputs: map[string][]byte{},
	}
	if err := o.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), black+": it marks nothing") {
		t.Errorf("got %v, want it refused", err)
	}
}

// The right half is marked, in each way that people mark it.
func TestRequestReadsMasks(t *testing.T) {
	t.Parallel()
	photo := func(x, y int) color.Color { return color.NRGBA{uint8(5 * x), uint8(9 * y), 80, 255} }
	choose := func(marked, not func(x, y int) color.Color) func(x, y int) color.Color {
		return func(x, y int) color.Color {
			if x >= 20 {
				return marked(x, y)
			}
			return not(x, y)
		}
	}
	plain := func(c color.Color) func(x, y int) color.Color { return func(int, int) color.Color { return c } }
	none := plain(color.Transparent)
	for name, tt := range map[string]struct {
		mask func(x, y int) color.Color
		note string
	}{
		"white on black":       {choose(plain(color.White), plain(color.Black)), ""},
		"strokes":              {choose(plain(color.White), none), "what is opaque in it changes"},
		"the image with holes": {choose(none, photo), "the erased parts change"},
	} {
		for _, mode := range []string{"", "crop", "fill", "stretch"} {
			o := drawRequest{
				settings: config.Draw{
					Prompt: "a boat", Count: 1, Init: savePNG(t, photo), Mask: savePNG(t, tt.mask), Fit: mode,
					Size: &config.Size{Width: 128, Height: 128},
				},
				folder: postcards(t), inputs: map[string][]byte{},
			}
			if err := o.resolve(t.Context()); err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(o.notes, "\n")
			if !strings.Contains(notes, tt.note) || tt.note == "" && strings.Contains(notes, "mask") {
				t.Errorf("%s: got notes %q, want %q", name, notes, tt.note)
			}
			if cropped := strings.Contains(notes, "(40×20) is cropped to the shape of 128×128: 50 %"); cropped != (mode == "") {
				t.Errorf("%s, --resize %q: got notes %q", name, mode, notes)
			}
			img, err := png.Decode(bytes.NewReader(o.inputs[o.spec.Init.Mask.SHA256]))
			if err != nil {
				t.Fatal(err)
			}
			size := img.Bounds().Size()
			grey := func(x, y int) uint8 { return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y }
			if keeps := []string{"", "crop"}; (size == image.Pt(40, 20)) != slices.Contains(keeps, mode) {
				t.Errorf("%s, --resize %q: got a mask of %v", name, mode, size)
			}
			if l, r := grey(2, 2), grey(size.X-3, size.Y-3); l != 0 || r != 255 {
				t.Errorf("%s, --resize %q: got %d left and %d right, want the right half", name, mode, l, r)
			}
		}
	}
}
