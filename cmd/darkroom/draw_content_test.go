//go:build cgo

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"path/filepath"
	"testing"
)

// colour is a mean of red, green and blue, from 0 to 255.
type colour struct{ r, g, b float64 }

// redness is how far red stands out.
func (c colour) redness() float64 { return c.r - (c.g+c.b)/2 }

// mean is the mean colour of the pixels of a picture that in selects.
func mean(img image.Image, in func(x, y int) bool) colour {
	var c colour
	n := 0.0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if in(x, y) {
				r, g, b, _ := img.At(x, y).RGBA()
				c.r, c.g, c.b, n = c.r+float64(r>>8), c.g+float64(g>>8), c.b+float64(b>>8), n+1
			}
		}
	}
	return colour{c.r / n, c.g / n, c.b / n}
}

// The middle half of a picture of 128×128, where the subject is, and its left and right edges, where the setting is.
func middle(x, y int) bool { return x >= 32 && x < 96 && y >= 32 && y < 96 }
func edges(x, _ int) bool  { return x < 16 || x >= 112 }

// drawThree draws with the demo model in eight steps and calls see with each of three pictures.
func drawThree(t *testing.T, see func(seed int, img image.Image), words ...string) {
	t.Helper()
	needRuntime(t)
	dir := t.TempDir()
	args := append([]string{"draw", "--model", sourceDemo, "--steps", "8", "--seed", "1", "--count", "3", "--size",
		"128x128", "--out", filepath.Join(dir, "p.png")}, words...)
	if code, _, stderr := call(t, args...); code != exitOK {
		t.Fatalf("%q: got %d and %q", words, code, stderr)
	}
	for i := 1; i <= 3; i++ {
		img, err := png.Decode(bytes.NewReader(readFile(t, filepath.Join(dir, fmt.Sprintf("p-%d.png", i)))))
		if err != nil {
			t.Fatal(err)
		}
		see(i, img)
	}
}

// TestDemoFollowsThePrompt looks at pictures as a person would: everything between the words and the pixels must
// be right for these to hold, for each seed.
func TestDemoFollowsThePrompt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		words string
		in    func(x, y int) bool
		right func(c colour) bool
	}{
		"a red heart is red": {"a big red heart in the snow", middle,
			func(c colour) bool { return c.r > c.g+60 && c.r > c.b+60 }},
		"a blue heart is blue": {"a big blue heart in the snow", middle,
			func(c colour) bool { return c.b > c.r+60 && c.b > c.g+40 }},
		"a green heart is green": {"a big green heart in the snow", middle,
			func(c colour) bool { return c.g > c.r+40 && c.g > c.b+30 }},
		"a red boat is red": {"a red boat on a blue sea", middle,
			func(c colour) bool { return c.r > c.g+30 && c.r > c.b+15 }},
		"a blue boat is blue": {"a blue boat on a blue sea", middle,
			func(c colour) bool { return c.b > c.r+15 && c.b > c.g+15 }},
		"a night sky is dark": {"a yellow star in the night sky", edges,
			func(c colour) bool { return c.r < 80 && c.g < 80 && c.b < 130 }},
		"a yellow star is not": {"a yellow star in the night sky", middle,
			func(c colour) bool { return c.r > c.b+30 && c.g > c.b+30 }},
		"snow by day is bright": {"a house in the snow, day", edges,
			func(c colour) bool { return c.r > 100 && c.g > 100 && c.b > 100 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drawThree(t, func(seed int, img image.Image) {
				if got := mean(img, c.in); !c.right(got) {
					t.Errorf("%q, seed %d: got the mean colour %.0f", c.words, seed, got)
				}
			}, c.words)
		})
	}
	t.Run("a negative prompt leads away from its words", func(t *testing.T) {
		t.Parallel()
		without := func(colour string) (redness float64) {
			drawThree(t, func(_ int, img image.Image) { redness += mean(img, middle).redness() / 3 }, "a big red or blue heart",
				"--negative", colour)
			return redness
		}
		if red, blue := without("red"), without("blue"); blue < red+20 {
			t.Errorf("redness without red: got %.0f, want at least 20 less than the %.0f without blue", red, blue)
		}
	})
}
