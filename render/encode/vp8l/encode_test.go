package vp8l

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/webp"
	"pgregory.net/rapid"
)

// inFile puts a chunk into a file.
func inFile(chunk []byte) []byte {
	out := []byte("RIFF\x00\x00\x00\x00WEBPVP8L")
	out = binary.LittleEndian.AppendUint32(out, uint32(len(chunk)))
	out = append(out, chunk...)
	if len(chunk)%2 == 1 {
		out = append(out, 0)
	}
	binary.LittleEndian.PutUint32(out[4:], uint32(len(out)-8))
	return out
}

// wantSame encodes an image and compares it with what Go's reader makes of it.
func wantSame(t interface {
	Helper()
	Fatalf(format string, args ...any)
}, img image.Image) []byte {
	t.Helper()
	chunk, transparent, err := Encode(img)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	back, err := webp.Decode(bytes.NewReader(inFile(chunk)))
	if err != nil {
		t.Fatalf("%v: decode %d bytes: %v", img.Bounds(), len(chunk), err)
	}
	seen := false
	r := img.Bounds()
	for y := range r.Dy() {
		for x := range r.Dx() {
			got := color.NRGBAModel.Convert(back.At(x, y)).(color.NRGBA)
			want := color.NRGBAModel.Convert(img.At(r.Min.X+x, r.Min.Y+y)).(color.NRGBA)
			seen = seen || want.A < 255
			if got != want {
				t.Fatalf("%v, pixel %d, %d: got %v, want %v", r, x, y, got, want)
			}
		}
	}
	if seen != transparent {
		t.Fatalf("transparent: got %v, want %v", transparent, seen)
	}
	return chunk
}

// random makes an image of that many colours, in stretches of equal pixels.
func random(w, h, colours, stretch int, alpha bool, seed uint64) *image.NRGBA {
	r := rand.New(rand.NewPCG(seed, 1))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	var c color.NRGBA
	for i := range w * h {
		if i == 0 || r.IntN(stretch) == 0 {
			v := r.IntN(colours)
			c = color.NRGBA{uint8(v), uint8(v * 7), uint8(v >> 3), 255}
			if alpha {
				c.A = uint8(r.IntN(256))
			}
		}
		img.SetNRGBA(i%w, i/w, c)
	}
	return img
}

func TestEncodeIsLossless(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wantSame(t, random(
			rapid.IntRange(1, 80).Draw(t, "width"), rapid.IntRange(1, 80).Draw(t, "height"),
			rapid.IntRange(1, 4000).Draw(t, "colours"), rapid.IntRange(1, 300).Draw(t, "stretch"),
			rapid.Bool().Draw(t, "alpha"), rapid.Uint64().Draw(t, "seed"),
		))
	})
}

func TestEncode(t *testing.T) {
	t.Parallel()
	t.Run("noise", func(t *testing.T) {
		t.Parallel()
		img := image.NewNRGBA(image.Rect(0, 0, 300, 200))
		r := rand.New(rand.NewPCG(1, 1))
		for i := range img.Pix {
			img.Pix[i] = uint8(r.IntN(256))
			if i%4 == 3 {
				img.Pix[i] = 255
			}
		}
		if chunk := wantSame(t, img); len(chunk) > 300*200*3*101/100 {
			t.Errorf("%d bytes, want hardly more than the pixels have", len(chunk))
		}
	})
	t.Run("smooth and rough places are smaller than in a PNG", func(t *testing.T) {
		t.Parallel()
		img, r := image.NewRGBA(image.Rect(0, 0, 512, 512)), rand.New(rand.NewPCG(1, 1))
		for i := range 512 * 512 {
			x, y := i%512, i/512
			grain := func() int { return r.IntN(1 + 8*(y/256)) }
			img.SetRGBA(x, y, color.RGBA{uint8(x/3 + grain()), uint8(x/3 + y/4 + grain()), uint8(x/6 + grain()), 255})
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		if chunk := wantSame(t, img); len(chunk) > b.Len()*9/10 {
			t.Errorf("%d bytes, want a tenth less than the %d of a PNG", len(chunk), b.Len())
		}
	})
	t.Run("a part of an image", func(t *testing.T) {
		t.Parallel()
		wantSame(t, random(60, 50, 300, 3, true, 7).SubImage(image.Rect(11, 13, 47, 31)))
	})
	t.Run("rare symbols have codes of at most 15 bits", func(t *testing.T) {
		t.Parallel()
		img := image.NewNRGBA(image.Rect(0, 0, 400, 400)) // Fibonacci's numbers make the longest codes
		a, b, i := 1, 1, 0
		for v := 0; i < 400*400; v++ {
			for range min(a, 400*400-i) {
				img.SetNRGBA(i%400, i/400, color.NRGBA{uint8(v * 37), 0, uint8(i * 11), 255})
				i++
			}
			a, b = b, a+b
		}
		wantSame(t, img)
	})
	t.Run("no room", func(t *testing.T) {
		t.Parallel()
		for _, r := range []image.Rectangle{{}, image.Rect(0, 0, MaxSide+1, 1)} {
			if _, _, err := Encode(image.NewGray(r)); !errors.Is(err, ErrSize) {
				t.Errorf("%v: got error %v, want %v", r, err, ErrSize)
			}
		}
	})
}

// Codes of Fibonacci's counts would be longer than the format allows.
func TestPrefixCodeIsBounded(t *testing.T) {
	t.Parallel()
	counts := make([]uint32, 40)
	for i := range counts {
		counts[i] = 1
		if i > 1 {
			counts[i] = counts[i-1] + counts[i-2]
		}
	}
	c := newPrefixCode(counts, maxLength)
	filled := 0
	for s, l := range c.lengths {
		if l < 1 || l > maxLength {
			t.Fatalf("symbol %d: %d bits, want 1 to %d", s, l, maxLength)
		}
		filled += 1 << (maxLength - l)
	}
	if filled != 1<<maxLength {
		t.Errorf("the code fills %d of %d, want all", filled, 1<<maxLength)
	}
}
