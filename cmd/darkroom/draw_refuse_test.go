//go:build cgo

package main

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDrawRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	white := filepath.Join(dir, "white.png")
	writePNG(t, white, color.White)
	text := filepath.Join(dir, "text.png")
	if err := os.WriteFile(text, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		want string // part of the line
	}{
		"an unknown sampler":   {[]string{"--sampler", "magic"}, exitFailure, "euler_a, "},
		"a sampler not proved": {[]string{"--dialect", "a1111", "--sampler", "ddpm"}, exitFailure, "a1111 has"},
		"an eta of a sampler without": {[]string{"--sampler", "euler", "--eta", "0.5"}, exitFailure,
			"the sampler Euler has no eta"},
		"an eta above one":           {[]string{"--sampler", "ddim", "--eta", "2"}, exitFailure, "eta 2: want 0 to 1"},
		"a sampler for other models": {[]string{"--sampler", "lcm"}, exitFailure, "distilled to few steps"},
		"steps that a sampler has not": {
			[]string{"--sampler", "euler_ays", "--steps", "12"}, exitFailure, "12 steps: euler_ays has 10",
		},
		"an unknown dialect":            {[]string{"--dialect", "comfy"}, exitUsage, "comfy"},
		"a size the model has not":      {[]string{"--size", "512x512"}, exitFailure, "128x128, 160x112"},
		"a size that is none":           {[]string{"--size", "large"}, exitUsage, "large"},
		"a model that is not there":     {[]string{"--model", "/no/such/model"}, exitFailure, "/no/such/model"},
		"a folder that is no model":     {[]string{"--model", os.TempDir()}, exitFailure, "model_index.json"},
		"no steps":                      {[]string{"--steps", "0"}, exitFailure, "steps 0"},
		"too large a seed":              {[]string{"--seed", "9007199254740992"}, exitFailure, "seed 9007199254740992"},
		"strength without a picture":    {[]string{"--strength", "0.5"}, exitFailure, "--init"},
		"strength out of range":         {[]string{"--init", white, "--strength", "2"}, exitFailure, "strength 2: want"},
		"a start picture that is not":   {[]string{"--init", "testdata/none.png"}, exitFailure, "testdata/none.png"},
		"a start picture that is none":  {[]string{"--init", text}, exitFailure, "not a PNG"},
		"latents that are none":         {[]string{"--latents", text}, exitFailure, "not a .npy file"},
		"a place that is not there":     {[]string{"--out", "/no/such/place/a.png"}, exitFailure, "/no/such/place/a.png"},
		"a kind of file it cannot make": {[]string{"--out", "a.jpg"}, exitFailure, ".png"},
		"another kind of picture": {[]string{"--out", "a.bmp"}, exitFailure,
			"--out a.bmp: images are written as .png"},
		"stdout":                 {[]string{"--out", "-"}, exitFailure, `--out "-"`},
		"no place":               {[]string{"--out", ""}, exitFailure, `--out ""`},
		"a place without a name": {[]string{"--out", filepath.Join(dir, ".png")}, exitFailure, "needs a name"},
		"latents that cannot be kept": {[]string{"--save-latents", "/no/such/place/x.npy"}, exitFailure,
			"--save-latents /no/such/place/x.npy: no such file"},
		"latents over a folder": {[]string{"--save-latents", dir}, exitFailure, "not a file"},
		"several faults": {[]string{"--init", text, "--strength", "2", "--steps", "0", "--sampler", "magic", "--size",
			"512x512", "--out", "a.gif", "--save-latents", dir}, exitFailure,
			"darkroom: size 512x512: the model postcards generates 128x128, 160x112, 112x160, 176x96, 96x176; sampler "},
		"several faults in order": {[]string{"--init", text, "--strength", "2", "--steps", "0", "--out", "a.gif",
			"--save-latents", dir}, exitFailure,
			"darkroom: steps 0: want 1 to 150; strength 2: want a number in (0, 1]; --init " + text + ": not a PNG"},
		"no pictures":                 {[]string{"--count", "0"}, exitUsage, "count"},
		"layers no encoder has":       {[]string{"--clip-skip", "13"}, exitUsage, "clip-skip"},
		"layers this encoder has not": {[]string{"--clip-skip", "5"}, exitFailure, "clip skip of 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			args := append([]string{"draw", "a boat", "--model", sourceDemo, "--out", filepath.Join(dir, "a.png")}, c.args...)
			code, stdout, stderr := call(t, args...)
			line, more, _ := strings.Cut(stderr, "\n")
			if code != c.code || stdout != "" || !strings.Contains(line, c.want) || more != "" && code == exitFailure {
				t.Errorf("got %d, %q and %q, want %d and one line with %q", code, stdout, stderr, c.code, c.want)
			}
			if left := fileNames(t, dir); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a (red:1.2) boat!":         "a-red-1-2-boat",
		"":                          "picture",
		"../../etc/passwd":          "etc-passwd",
		"🦊🦊":                        "picture",
		"Ein schönes Häuschen":      "ein-schönes-häuschen",
		strings.Repeat("long ", 40): "long-long-long-long-long-long-long-long-long-lon",
	} {
		if got := slug(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
