package encode_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"darkroom/render/encode"
)

// scene draws discs on a gradient, by seed, with noise of that many levels.
func scene(w, h int, seed uint64, noise int) *image.NRGBA {
	random := rand.New(rand.NewPCG(seed, 1))
	shade := func() [3]float64 {
		return [3]float64{random.Float64() * 255, random.Float64() * 255, random.Float64() * 255}
	}
	type disc struct {
		x, y, radius float64
		shade        [3]float64
	}
	discs := make([]disc, 12)
	for i := range discs {
		discs[i] = disc{random.Float64(), random.Float64(), 0.08 + random.Float64()*0.2, shade()}
	}
	top, bottom := shade(), shade()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			var rgb [3]float64
			for c := range rgb {
				rgb[c] = top[c]*(1-v) + bottom[c]*v
			}
			for _, d := range discs {
				if math.Hypot(u-d.x, v-d.y) < d.radius {
					rgb = d.shade
				}
			}
			for c := range rgb {
				img.Pix[img.PixOffset(x, y)+c] = uint8(min(max(rgb[c]+float64(random.IntN(2*noise+1)-noise), 0), 255))
			}
			img.Pix[img.PixOffset(x, y)+3] = 255
		}
	}
	return img
}

func TestFit(t *testing.T) {
	t.Parallel()
	text := encode.FormatParameters(boatSpec(), encode.Extra{})
	img := scene(160, 112, 1, 20)
	whole, ext, err := encode.Fit(img, text, 0)
	if err != nil || ext != "png" {
		t.Fatalf("without limit: got %q and error %v, want a PNG", ext, err)
	}
	t.Run("a PNG that fits is exact", func(t *testing.T) {
		t.Parallel()
		data, ext, err := encode.Fit(img, text, int64(len(whole)))
		if err != nil || ext != "png" {
			t.Fatalf("got %q and error %v, want a PNG", ext, err)
		}
		back, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		for y := range 112 {
			for x := range 160 {
				if got, want := color.NRGBAModel.Convert(back.At(x, y)), img.At(x, y); got != want {
					t.Fatalf("pixel %d, %d: got %v, want %v", x, y, got, want)
				}
			}
		}
	})
	t.Run("one byte less makes a JPEG with the same text", func(t *testing.T) {
		t.Parallel()
		limit := int64(len(whole) - 1)
		data, ext, err := encode.Fit(img, text, limit)
		if err != nil || ext != "jpg" || int64(len(data)) > limit {
			t.Fatalf("got %d bytes of %q and error %v, want a JPEG of at most %d", len(data), ext, err, limit)
		}
		if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
			t.Error(err)
		}
		r, err := encode.ReadParameters(data)
		if err != nil || r.Prompt != boatSpec().Prompt || r.Seed != 7 {
			t.Errorf("got %+v and error %v, want the parameters", r, err)
		}
	})
	t.Run("a JPEG of just the limit fits", func(t *testing.T) {
		t.Parallel()
		best, _, err := encode.Fit(img, text, 12_000)
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := encode.Fit(img, text, int64(len(best))); err != nil || !bytes.Equal(again, best) {
			t.Errorf("got %d bytes and error %v, want the same %d", len(again), err, len(best))
		}
	})
	t.Run("a smaller limit costs quality", func(t *testing.T) {
		t.Parallel()
		better, _, err := encode.Fit(img, text, 12_000)
		if err != nil {
			t.Fatal(err)
		}
		worse, _, err := encode.Fit(img, text, 6_000)
		if err != nil || len(worse) > 6_000 || len(worse) >= len(better) {
			t.Errorf("got %d then %d bytes and error %v, want less and at most 6,000", len(better), len(worse), err)
		}
	})
	t.Run("what cannot fit is refused", func(t *testing.T) {
		t.Parallel()
		if data, _, err := encode.Fit(img, text, 500); !errors.Is(err, encode.ErrTooLarge) || data != nil {
			t.Errorf("got %d bytes and error %v, want %v", len(data), err, encode.ErrTooLarge)
		}
	})
	t.Run("a text too long for a JPEG is an error", func(t *testing.T) {
		t.Parallel()
		if _, _, err := encode.Fit(img, strings.Repeat("a", 40_000), 20_000); err == nil ||
			!strings.Contains(err.Error(), "EXIF") {
			t.Errorf("got error %v, want one about EXIF", err)
		}
	})
	t.Run("no text leaves no trace", func(t *testing.T) {
		t.Parallel()
		for _, limit := range []int64{0, int64(len(whole)) / 2} {
			data, ext, err := encode.Fit(img, "", limit)
			if err != nil || bytes.Contains(data, []byte("parameters")) || bytes.Contains(data, []byte("Exif")) {
				t.Errorf("%s: got error %v or a trace of a text", ext, err)
			}
			if _, err := encode.ReadParameters(data); !errors.Is(err, encode.ErrNoParameters) {
				t.Errorf("%s: got error %v, want %v", ext, err, encode.ErrNoParameters)
			}
		}
	})
}

func TestPNGText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ prompt, chunk string }{
		"Latin-1 text is a tEXt chunk":   {"a café", "tEXtparameters\x00a caf\xe9\n"},
		"other text is an iTXt in UTF-8": {"a café 日本", "iTXtparameters\x00\x00\x00\x00\x00a café 日本\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := boatSpec()
			s.Prompt = tt.prompt
			data, err := encode.PNG(scene(8, 8, 1, 0), encode.FormatParameters(s, encode.Extra{}))
			if err != nil || !bytes.Contains(data, []byte(tt.chunk)) {
				t.Fatalf("got error %v or no chunk that begins %q", err, tt.chunk)
			}
			if _, err := png.Decode(bytes.NewReader(data)); err != nil {
				t.Errorf("the image around the text: %v", err)
			}
			if r, err := encode.ReadParameters(data); err != nil || r.Prompt != tt.prompt {
				t.Errorf("got %q and error %v, want %q", r.Prompt, err, tt.prompt)
			}
		})
	}
}

func TestTextSurvivesEveryContainer(t *testing.T) {
	t.Parallel()
	img := scene(64, 48, 2, 60)
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		text := encode.FormatParameters(s, encode.Extra{})
		for _, limit := range []int64{0, int64(8_000 + 8*len(text))} {
			data, ext, err := encode.Fit(img, text, limit)
			if err != nil {
				t.Fatal(err)
			}
			r, err := encode.ReadParameters(data)
			if err != nil || r.Prompt != s.Prompt || r.Negative != s.Negative {
				t.Fatalf("%s: got %q and %q, error %v, want %q and %q", ext, r.Prompt, r.Negative, err, s.Prompt, s.Negative)
			}
		}
	})
}

// TestReadParametersOfOthers reads files that Pillow 12 wrote: PNG texts plain, international and packed, and EXIF user
// comments as piexif lays them out, also in a little-endian block.
func TestReadParametersOfOthers(t *testing.T) {
	t.Parallel()
	const latin = "girl with an artist's beret, détailed, intricate"
	const other = "日本 girl 🙂 with an artist's beret, détailed, intricate"
	for name, want := range map[string]string{
		"text.png": latin, "packed.png": latin, "international.png": other, "packed-international.png": other,
		"comment.jpg": other, "comment-little.jpg": other, "comment.webp": other,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := encode.ReadParameters(readFile(t, name))
			if err != nil || r.Prompt != want || r.Negative != "ugly, fat" || r.Seed != 965400086 || r.Sampler != "euler_a" {
				t.Errorf("got %+v and error %v, want the prompt %q", r, err, want)
			}
		})
	}
	for name, want := range map[string]error{
		"plain.png": encode.ErrNoParameters, "lossless.webp": encode.ErrNoParameters, "animated.gif": encode.ErrNoParameters,
		"progressive.jpg": encode.ErrNoParameters,
	} {
		if _, err := encode.ReadParameters(readFile(t, name)); !errors.Is(err, want) {
			t.Errorf("%s: got error %v, want %v", name, err, want)
		}
	}
	if _, err := encode.ReadParameters([]byte("Steps: 1")); !errors.Is(err, encode.ErrNotImage) {
		t.Errorf("a text file: got error %v, want %v", err, encode.ErrNotImage)
	}
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func FuzzReadParameters(f *testing.F) {
	for _, name := range []string{
		"text.png", "packed.png", "packed-international.png", "comment.jpg", "comment-little.jpg", "comment.webp",
		"oriented-6.jpg", "animated.gif",
	} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x00iTXt\x00\x00\x00\x00"))
	f.Add([]byte("RIFF\x00\x00\x00\x00WEBPEXIF\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = encode.ReadParameters(data)
		_, _, _ = encode.Decode(t.Context(), data, 10_000)
	})
}
