package interaction

import (
	"testing"
)

func TestPixelsOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"768x512": 768 * 512, " 10×20 ": 200, "0": 0, "1000": 1000, "big": -1, "-5": -1, "x": -1,
	} {
		got, err := pixelsOf(text)
		if err != nil {
			got = -1
		}
		if got != want {
			t.Errorf("pixelsOf(%q): got %d, %v; want %d", text, got, err, want)
		}
	}
}
