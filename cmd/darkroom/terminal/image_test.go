package terminal

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"regexp"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi/sixel"
)

// halves is an image that is red above and blue below.
func halves(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		c := color.NRGBA{R: 255, A: 255}
		if i/width >= height/2 {
			c = color.NRGBA{B: 255, A: 255}
		}
		img.SetNRGBA(i%width, i/width, c)
	}
	return img
}

func shown(t *testing.T, how Graphics, img image.Image, columns, rows int) string {
	t.Helper()
	var b bytes.Buffer
	if err := Show(&b, img, how, Screen{Columns: 80, Rows: 24, CellWidth: 10, CellHeight: 20}, columns, rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// isHalves tells whether a decoded image is halves of this size.
func isHalves(t *testing.T, data image.Image, width, height int) {
	t.Helper()
	if size := data.Bounds().Size(); size != image.Pt(width, height) {
		t.Fatalf("got a size of %v, want %dx%d", size, width, height)
	}
	r, _, b, _ := data.At(width/2, height/8).RGBA()
	r2, _, b2, _ := data.At(width/2, height*7/8).RGBA()
	if r < 0xf000 || b > 0x1000 || r2 > 0x1000 || b2 < 0xf000 {
		t.Errorf("got %x %x above and %x %x below, want red and blue", r, b, r2, b2)
	}
}

func TestShowKitty(t *testing.T) {
	t.Parallel()
	chunks := regexp.MustCompile(`\x1b_G([^;]*);([^\x1b]*)\x1b\\`).FindAllStringSubmatch(
		shown(t, Kitty, noise(200, 100), 40, 40), -1)
	if len(chunks) < 2 {
		t.Fatalf("got %d chunks, want several", len(chunks))
	}
	first := "," + chunks[0][1] + ","
	for _, option := range []string{"a=T", "f=100", "q=2", "c=40", "r=10", "m=1"} {
		if !strings.Contains(first, ","+option+",") {
			t.Errorf("got the options %q, want %s", first, option)
		}
	}
	var data strings.Builder
	for i, c := range chunks {
		if len(c[2]) > 4096 || i > 0 && strings.Contains(c[1], "m=0") != (i == len(chunks)-1) {
			t.Errorf("chunk %d: got %d bytes and the options %q", i, len(c[2]), c[1])
		}
		data.WriteString(c[2])
	}
	if img := decodePNG(t, data.String()); img.Bounds().Size() != image.Pt(200, 100) {
		t.Errorf("got an image of %v", img.Bounds())
	}
}

// noise is an image that does not compress.
func noise(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	x := uint32(1)
	for i := range img.Pix {
		x = x*1664525 + 1013904223
		img.Pix[i] = byte(x >> 24)
	}
	return img
}

func decodePNG(t *testing.T, text string) image.Image {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestShowITerm2(t *testing.T) {
	t.Parallel()
	got := regexp.MustCompile(`^\x1b\]1337;File=size=\d+;width=22;height=22;inline=1:([^\a]*)\a\n$`).FindStringSubmatch(
		shown(t, ITerm2, halves(96, 192), 60, 60))
	if got == nil {
		t.Fatalf("got %.80q", shown(t, ITerm2, halves(96, 192), 60, 60))
	}
	isHalves(t, decodePNG(t, got[1]), 96, 192)
}

func TestShowSixel(t *testing.T) {
	t.Parallel()
	got := shown(t, Sixel, halves(96, 96), 10, 60)
	data, found := strings.CutPrefix(got, "\x1bP0;1q")
	if !found {
		t.Fatalf("got %.80q", got)
	}
	data, found = strings.CutSuffix(data, "\x1b\\\n")
	img, err := new(sixel.Decoder).Decode(strings.NewReader(data))
	if err != nil || !found {
		t.Fatalf("got %v in %.80q", err, got)
	}
	isHalves(t, img, 100, 100)
}

func TestShowBlocks(t *testing.T) {
	t.Parallel()
	for how, want := range map[Graphics][2]string{
		Blocks: {"\x1b[38;2;255;0;0;48;2;255;0;0m", "\x1b[38;2;0;0;255;48;2;0;0;255m"},
		Few:    {"\x1b[38;5;196;48;5;196m", "\x1b[38;5;21;48;5;21m"},
	} {
		got := shown(t, how, halves(64, 64), 8, 60)
		row := strings.Repeat("▀", 8) + "\x1b[0m\n"
		if strings.Count(got, row) != 4 || !strings.HasPrefix(got, want[0]+row) || !strings.HasSuffix(got, want[1]+row) {
			t.Errorf("%s: got %q, want four lines from %q to %q", how, got, want[0], want[1])
		}
	}
}

func TestShowNothing(t *testing.T) {
	t.Parallel()
	if got := shown(t, None, halves(8, 8), 8, 8); got != "" {
		t.Errorf("got %q", got)
	}
	if err := Show(&bytes.Buffer{}, halves(8, 8), "crayon", Screen{80, 24, 10, 20}, 1, 1); err == nil {
		t.Error("got no error for unknown graphics")
	}
}

func TestFit(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		screen                  Screen
		size                    image.Point
		columns, rows, wide, on int
	}{
		"a square":          {Screen{200, 60, 10, 20}, image.Pt(512, 512), 64, 32, 64, 32},
		"wide":              {Screen{200, 60, 10, 20}, image.Pt(1024, 512), 64, 32, 64, 16},
		"tall":              {Screen{200, 60, 10, 20}, image.Pt(512, 1024), 64, 32, 32, 32},
		"a small terminal":  {Screen{40, 12, 10, 20}, image.Pt(512, 512), 64, 32, 20, 10},
		"a tiny terminal":   {Screen{1, 1, 10, 20}, image.Pt(512, 512), 64, 32, 1, 1},
		"cells as wide":     {Screen{200, 60, 16, 16}, image.Pt(512, 512), 64, 32, 32, 32},
		"a line of pixels":  {Screen{200, 60, 10, 20}, image.Pt(4096, 1), 64, 32, 64, 1},
		"a column of them":  {Screen{200, 60, 10, 20}, image.Pt(1, 4096), 64, 32, 1, 32},
		"in a small corner": {Screen{200, 60, 10, 20}, image.Pt(160, 112), 32, 16, 32, 11},
	} {
		if wide, on := c.screen.fit(c.size, c.columns, c.rows); wide != c.wide || on != c.on {
			t.Errorf("%s: got %dx%d cells, want %dx%d", name, wide, on, c.wide, c.on)
		}
	}
}
