package interaction

import (
	"testing"
)

func TestPixelsOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want int
	}{{"768x512", 768 * 512}, {" 10×20 ", 200}, {"0", 0}, {"1000", 1000}, {"big", -1}, {"-5", -1}, {"x", -1}} {
		got, err := pixelsOf(c.text)
		if err != nil {
			got = -1
		}
		if got != c.want {
			t.Errorf("pixelsOf(%q): got %d, %v; want %d", c.text, got, err, c.want)
		}
	}
}
