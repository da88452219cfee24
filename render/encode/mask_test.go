package encode_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"

	"darkroom/render/encode"
)

// marks tells what a test's mask marks: the right half.
func marks(x int) bool { return x >= 12 }

// paint makes an image of 24 x 16 of one colour left and one right.
func paint(left, right color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		img.Set(i%24, i/24, left)
		if marks(i % 24) {
			img.Set(i%24, i/24, right)
		}
	}
	return img
}

func asPNG(t *testing.T, img image.Image) []byte {
	t.Helper()
	data, err := encode.PNG(img, "")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// inPalette writes an image as a PNG of a palette, whose transparent colours are a tRNS chunk.
func inPalette(img image.Image, colours ...color.Color) image.Image {
	out := image.NewPaletted(img.Bounds(), colours)
	for i := range 24 * 16 {
		out.Set(i%24, i/24, img.At(i%24, i/24))
	}
	return out
}

// greyAlpha is a PNG of grey and alpha, which Go's library reads and cannot write: the right half is opaque white.
func greyAlpha(t *testing.T) []byte {
	t.Helper()
	var rows []byte
	for range 16 {
		rows = append(rows, 0)
		for x := range 24 {
			if marks(x) {
				rows = append(rows, 255, 255)
			} else {
				rows = append(rows, 0, 0)
			}
		}
	}
	out := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", []byte{0, 0, 0, 24, 0, 0, 0, 16, 8, 4, 0, 0, 0})...)
	out = append(out, pngChunk("IDAT", packed(t, rows))...)
	return append(out, pngChunk("IEND", nil)...)
}

func TestCleanMask(t *testing.T) {
	t.Parallel()
	none, ink := color.NRGBA{}, color.NRGBA{R: 255, G: 255, B: 255, A: 255}
	black, faint, fainter := color.NRGBA{A: 255}, color.NRGBA{A: 129}, color.NRGBA{R: 255, A: 128}
	photo := scene(24, 16, 3, 0)
	erased, faded := image.NewNRGBA(photo.Bounds()), image.NewNRGBA(photo.Bounds())
	for i := range 24 * 16 {
		c := color.NRGBAModel.Convert(photo.At(i%24, i/24)).(color.NRGBA)
		faded.Set(i%24, i/24, c)
		if !marks(i % 24) {
			erased.Set(i%24, i/24, c)
		} else {
			c.A = 200 // a soft eraser
			faded.Set(i%24, i/24, c)
		}
	}
	sky := paint(color.NRGBA{20, 90, 30, 255}, ink) // an init image that is white where it is marked
	var gifFile bytes.Buffer
	if err := gif.Encode(&gifFile, inPalette(paint(none, ink), none, ink), nil); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		mask []byte
		init image.Image
		want encode.MaskReading
	}{
		"white on black":           {asPNG(t, paint(black, ink)), photo, encode.MaskByBrightness},
		"white strokes, RGBA":      {asPNG(t, paint(none, ink)), photo, encode.MaskByOpacity},
		"black strokes":            {asPNG(t, paint(none, black)), photo, encode.MaskByOpacity},
		"alpha of 128 beside 129":  {asPNG(t, paint(fainter, faint)), photo, encode.MaskByOpacity},
		"white strokes, LA":        {greyAlpha(t), photo, encode.MaskByOpacity},
		"white strokes, palette":   {asPNG(t, inPalette(paint(none, ink), none, ink)), photo, encode.MaskByOpacity},
		"white strokes, GIF":       {gifFile.Bytes(), photo, encode.MaskByOpacity},
		"the image with a hole":    {asPNG(t, erased), photo, encode.MaskByHoles},
		"the image, softly erased": {asPNG(t, faded), photo, encode.MaskByHoles},
		"white strokes on white":   {asPNG(t, paint(none, ink)), sky, encode.MaskByOpacity},
		"a hole in one colour":     {asPNG(t, paint(ink, none)), paint(ink, ink), encode.MaskByHoles},
		"strokes on another size":  {asPNG(t, paint(none, ink)), scene(48, 32, 3, 0), encode.MaskByOpacity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			init, err := encode.Clean(t.Context(), asPNG(t, tt.init), 10_000, 0)
			if err != nil {
				t.Fatal(err)
			}
			clean, reading, err := encode.CleanMask(t.Context(), tt.mask, init, 10_000)
			if err != nil || reading != tt.want {
				t.Fatalf("got reading %v and error %v, want %v", reading, err, tt.want)
			}
			got, err := png.Decode(bytes.NewReader(clean.PNG))
			if err != nil || clean.Width != 24 || clean.Height != 16 {
				t.Fatalf("got %d x %d and error %v, want 24 x 16", clean.Width, clean.Height, err)
			}
			for i := range 24 * 16 {
				white := color.GrayModel.Convert(got.At(i%24, i/24)).(color.Gray).Y
				if white != 0 && white != 255 || (white == 255) != marks(i%24) {
					t.Fatalf("at (%d, %d): got %d, want the right half marked", i%24, i/24, white)
				}
			}
		})
	}
}

// The bytes of an opaque mask, and so its name, are those that they have always been.
func TestCleanMaskKeepsNames(t *testing.T) {
	t.Parallel()
	file := asPNG(t, paint(color.NRGBA{A: 255}, color.NRGBA{255, 255, 255, 255}))
	as, err := encode.Clean(t.Context(), file, 10_000, 0)
	if err != nil {
		t.Fatal(err)
	}
	mask, _, err := encode.CleanMask(t.Context(), file, as, 10_000)
	if err != nil || mask.SHA256 != as.SHA256 {
		t.Errorf("got %s and error %v, want %s", mask.SHA256, err, as.SHA256)
	}
}

// TestCleanMaskOfALargeImage: an init image that was scaled down is known again in the large one with a hole.
func TestCleanMaskOfALargeImage(t *testing.T) {
	t.Parallel()
	const width, height = 240, 160
	photo := scene(width, height, 3, 0)
	erased, brushed := image.NewNRGBA(photo.Bounds()), image.NewNRGBA(photo.Bounds())
	for i := range width * height {
		x, y := i%width, i/width
		if x < width/2 {
			erased.Set(x, y, photo.At(x, y))
		} else {
			brushed.Set(x, y, photo.At(width-1-x, y)) // another image, in parts
		}
	}
	for side, readings := range map[int][2]encode.MaskReading{
		96: {encode.MaskByHoles, encode.MaskByOpacity}, 0: {encode.MaskByHoles, encode.MaskByOpacity},
	} {
		init, err := encode.Clean(t.Context(), asPNG(t, photo), width*height, side)
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range []image.Image{erased, brushed} {
			clean, reading, err := encode.CleanMask(t.Context(), asPNG(t, file), init, width*height)
			if err != nil || reading != readings[i] {
				t.Errorf("side %d, mask %d: got reading %v and error %v, want %v", side, i, reading, err, readings[i])
			}
			if clean.Width != width || clean.Height != height {
				t.Errorf("side %d: got a mask of %d x %d, want its own size", side, clean.Width, clean.Height)
			}
		}
	}
}
