package encode_test

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math/bits"
	"strconv"
	"testing"

	"golang.org/x/image/draw"

	"darkroom/render/encode"
)

// distance is in how many of their 64 bits two hashes differ.
func distance(t *testing.T, a, b string) int {
	t.Helper()
	var values [2]uint64
	for i, hash := range []string{a, b} {
		v, err := strconv.ParseUint(hash, 16, 64)
		if err != nil || len(hash) != 16 {
			t.Fatalf("perceptual hash %.40q: want 16 hex digits", hash)
		}
		values[i] = v
	}
	return bits.OnesCount64(values[0] ^ values[1])
}

func reencoded(t *testing.T, img image.Image, quality int) image.Image {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	out, err := jpeg.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func scaled(img image.Image, w, h int) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), img, img.Bounds(), draw.Src, nil)
	return out
}

func TestPHash(t *testing.T) {
	t.Parallel()
	const pictures = 24
	var hashes []string
	for i := range pictures {
		img := scene(160, 112, uint64(i), 15)
		hash := encode.PHash(img)
		hashes = append(hashes, hash)
		for name, other := range map[string]image.Image{
			"a JPEG of it": reencoded(t, img, 40), "twice the size": scaled(img, 320, 224), "half the size": scaled(img, 80, 56),
		} {
			if d := distance(t, hash, encode.PHash(other)); d > 8 {
				t.Errorf("image %d, %s: got a distance of %d bits, want at most 8", i, name, d)
			}
		}
	}
	near := 0
	for i, a := range hashes {
		for _, b := range hashes[:i] {
			if distance(t, a, b) <= 10 {
				near++
			}
		}
	}
	if pairs := pictures * (pictures - 1) / 2; near > pairs/20 {
		t.Errorf("%d of %d pairs of different images are within 10 bits, want at most one in twenty", near, pairs)
	}
}

func TestPHashForm(t *testing.T) {
	t.Parallel()
	for name, img := range map[string]image.Image{
		"flat grey": image.NewUniform(color.Gray{128}), "one pixel": scene(1, 1, 1, 0), "one row": scene(500, 1, 1, 0),
		"a window of a picture": scene(64, 64, 1, 9).SubImage(image.Rect(10, 10, 40, 40)),
	} {
		if u, ok := img.(*image.Uniform); ok {
			flat := image.NewRGBA(image.Rect(0, 0, 50, 50))
			draw.Draw(flat, flat.Bounds(), u, image.Point{}, draw.Src)
			img = flat
		}
		hash := encode.PHash(img)
		if d := distance(t, hash, encode.PHash(img)); len(hash) != 16 || d != 0 {
			t.Errorf("%s: got %q and a distance of %d to itself, want 16 digits and 0", name, hash, d)
		}
	}
}
