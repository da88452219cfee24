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

// samePixels tells whether a file shows exactly an image.
func samePixels(t *testing.T, data []byte, img *image.NRGBA) bool {
	t.Helper()
	back, _, err := encode.Decode(t.Context(), data, 1<<24)
	if err != nil {
		t.Fatal(err)
	}
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			if color.NRGBAModel.Convert(back.At(x, y)) != img.At(x, y) {
				return false
			}
		}
	}
	return back.Bounds().Size() == img.Rect.Size()
}

// mustFit fits an image into limit bytes and holds that it fits, with its text.
func mustFit(t *testing.T, img image.Image, limit int64) encode.File {
	t.Helper()
	f, err := encode.Fit(img, encode.FormatParameters(boatSpec(), encode.Extra{}), limit)
	if err != nil || limit > 0 && int64(len(f.Data)) > limit {
		t.Fatalf("got %d bytes of %q and error %v, want at most %d", len(f.Data), f.Ext, err, limit)
	}
	if r, err := encode.ReadParameters(f.Data); err != nil || r.Prompt != boatSpec().Prompt || r.Seed != 7 {
		t.Errorf("%s: got %+v and error %v, want the parameters", f.Ext, r, err)
	}
	return f
}

func TestFit(t *testing.T) {
	t.Parallel()
	img := scene(320, 224, 1, 3)
	whole := mustFit(t, img, 0)
	size := int64(len(whole.Data))
	if whole.Ext != "png" || whole.PNG != size || whole.Width != 320 || whole.Height != 224 {
		t.Fatalf("without limit: got %d bytes of %q, want a PNG", size, whole.Ext)
	}
	lossless, err := encode.WebP(img, encode.FormatParameters(boatSpec(), encode.Extra{}))
	if err != nil || int64(len(lossless)) >= size {
		t.Fatalf("got %d bytes and error %v, want a WebP smaller than the %d bytes of the PNG", len(lossless), err, size)
	}
	t.Run("a PNG that fits is exact", func(t *testing.T) {
		t.Parallel()
		if f := mustFit(t, img, size); f.Ext != "png" || !samePixels(t, f.Data, img) {
			t.Errorf("got %q, want the same pixels in a PNG", f.Ext)
		}
	})
	t.Run("one byte less makes a lossless WebP", func(t *testing.T) {
		t.Parallel()
		for _, limit := range []int64{size - 1, int64(len(lossless))} {
			if f := mustFit(t, img, limit); f.Ext != "webp" || f.PNG != size || !samePixels(t, f.Data, img) {
				t.Errorf("limit %d: got %q of %d, want the same pixels in a WebP", limit, f.Ext, f.PNG)
			}
		}
	})
	t.Run("one byte less makes a JPEG", func(t *testing.T) {
		t.Parallel()
		f := mustFit(t, img, int64(len(lossless))-1)
		if _, err := jpeg.Decode(bytes.NewReader(f.Data)); err != nil || f.Ext != "jpg" || f.PNG != size {
			t.Errorf("got %q of %d and error %v, want a JPEG", f.Ext, f.PNG, err)
		}
		if f.Quality != 95 {
			t.Errorf("got quality %d, want the best", f.Quality)
		}
	})
	t.Run("the best JPEG that fits", func(t *testing.T) {
		t.Parallel()
		last := 0
		for _, limit := range []int64{8_000, 9_000, 10_000, 12_000, 15_000} {
			f := mustFit(t, img, limit)
			if f.Ext != "jpg" || f.Quality < last {
				t.Errorf("limit %d: got %q of quality %d after %d, want a better JPEG", limit, f.Ext, f.Quality, last)
			}
			if again := mustFit(t, img, int64(len(f.Data))); !bytes.Equal(again.Data, f.Data) {
				t.Errorf("limit %d: got %d bytes, want the same %d", len(f.Data), len(again.Data), len(f.Data))
			}
			last = f.Quality
		}
		if last == 40 {
			t.Error("got quality 40 alone, want several")
		}
	})
	t.Run("what fits in no quality is made smaller", func(t *testing.T) {
		t.Parallel()
		f := mustFit(t, img, 4_000)
		if f.Ext != "jpg" || f.Width >= 320 || f.Width*7 < f.Height*9 || f.Quality == 0 {
			t.Errorf("got %q of %d x %d, want a smaller JPEG of the same shape", f.Ext, f.Width, f.Height)
		}
	})
	t.Run("what cannot fit is refused", func(t *testing.T) {
		t.Parallel()
		if f, err := encode.Fit(img, "", 200); !errors.Is(err, encode.ErrTooLarge) || f.Data != nil {
			t.Errorf("got %d bytes and error %v, want %v", len(f.Data), err, encode.ErrTooLarge)
		}
	})
	t.Run("a text too long for a JPEG is an error", func(t *testing.T) {
		t.Parallel()
		if _, err := encode.Fit(img, strings.Repeat("a", 40_000), 20_000); err == nil ||
			!strings.Contains(err.Error(), "EXIF") {
			t.Errorf("got error %v, want one about EXIF", err)
		}
	})
	t.Run("no text leaves no trace", func(t *testing.T) {
		t.Parallel()
		for _, limit := range []int64{0, int64(len(lossless)), size / 2} {
			f, err := encode.Fit(img, "", limit)
			if err != nil || bytes.Contains(f.Data, []byte("parameters")) || bytes.Contains(f.Data, []byte("Exif")) ||
				bytes.Contains(f.Data, []byte("EXIF")) {
				t.Errorf("%s: got error %v or a trace of a text", f.Ext, err)
			}
			if _, err := encode.ReadParameters(f.Data); !errors.Is(err, encode.ErrNoParameters) {
				t.Errorf("%s: got error %v, want %v", f.Ext, err, encode.ErrNoParameters)
			}
		}
	})
}

// A file goes down the same ladder that an image does, from where it is.
func TestRefit(t *testing.T) {
	t.Parallel()
	img := scene(320, 224, 1, 3)
	png := mustFit(t, img, 0)
	refit := func(data []byte, limit int64) encode.File {
		t.Helper()
		f, err := encode.Refit(data, limit)
		if err != nil || int64(len(f.Data)) > limit {
			t.Fatalf("limit %d: got %d bytes of %q, error %v", limit, len(f.Data), f.Ext, err)
		}
		if r, err := encode.ReadParameters(f.Data); err != nil || r.Seed != 7 {
			t.Errorf("%s: got seed %d and error %v, want the parameters", f.Ext, r.Seed, err)
		}
		return f
	}
	webp := refit(png.Data, png.PNG-1)
	if webp.Ext != "webp" || webp.PNG != png.PNG || !samePixels(t, webp.Data, img) {
		t.Errorf("a PNG: got %q of %d, want the same pixels in a WebP", webp.Ext, webp.PNG)
	}
	better := refit(webp.Data, int64(len(webp.Data))-1)
	if better.Ext != "jpg" || better.PNG != 0 || better.Quality != 95 {
		t.Errorf("a WebP: got %q of %d and quality %d, want the best JPEG", better.Ext, better.PNG, better.Quality)
	}
	if worse := refit(better.Data, 9_000); worse.Ext != "jpg" || worse.Quality >= 95 {
		t.Errorf("a JPEG: got %q of quality %d, want a worse JPEG", worse.Ext, worse.Quality)
	}
	if _, err := encode.Refit([]byte("one"), 2); !errors.Is(err, encode.ErrNotImage) {
		t.Errorf("no image: got error %v, want %v", err, encode.ErrNotImage)
	}
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
			f, err := encode.Fit(img, text, limit)
			if err != nil {
				t.Fatal(err)
			}
			r, err := encode.ReadParameters(f.Data)
			if err != nil || r.Prompt != s.Prompt || r.Negative != s.Negative {
				t.Fatalf("%s: got %q and %q, error %v, want %q and %q", f.Ext, r.Prompt, r.Negative, err, s.Prompt, s.Negative)
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
