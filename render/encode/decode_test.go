package encode_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"strings"
	"testing"

	"darkroom/render/encode"
)

// closeTo reports whether a pixel has about the wanted colour.
func closeTo(img image.Image, x, y int, want color.NRGBA) bool {
	got := color.NRGBAModel.Convert(img.At(img.Bounds().Min.X+x, img.Bounds().Min.Y+y)).(color.NRGBA)
	off := func(a, b uint8) bool { return int(a)-int(b) > 60 || int(b)-int(a) > 60 }
	return !off(got.R, want.R) && !off(got.G, want.G) && !off(got.B, want.B)
}

var (
	blue  = color.NRGBA{30, 30, 200, 255}
	red   = color.NRGBA{200, 30, 30, 255}
	white = color.NRGBA{240, 240, 240, 255}
)

// TestDecode reads files that Pillow 12 wrote: 24 x 16, blue in the upper left quarter, white in the lower right, red
// elsewhere. Those named oriented-N are stored turned, with the EXIF orientation N that turns them back.
func TestDecode(t *testing.T) {
	t.Parallel()
	for name, format := range map[string]string{
		"text.png": "png", "palette.png": "png", "comment.jpg": "jpeg", "progressive.jpg": "jpeg", "cmyk.jpg": "jpeg",
		"comment.webp": "webp", "lossless.webp": "webp", "animated.gif": "gif",
		"animated.webp":  "webp",
		"oriented-1.jpg": "jpeg", "oriented-2.jpg": "jpeg", "oriented-3.jpg": "jpeg", "oriented-4.jpg": "jpeg",
		"oriented-5.jpg": "jpeg", "oriented-6.jpg": "jpeg", "oriented-7.jpg": "jpeg", "oriented-8.jpg": "jpeg",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, got, err := encode.Decode(t.Context(), readFile(t, name), 24*16)
			if err != nil || got != format {
				t.Fatalf("got %q and error %v, want %q", got, err, format)
			}
			if size := img.Bounds().Size(); size != image.Pt(24, 16) {
				t.Fatalf("got a size of %v, want 24 x 16", size)
			}
			if !closeTo(img, 2, 2, blue) || !closeTo(img, 21, 2, red) || !closeTo(img, 2, 13, red) ||
				!closeTo(img, 21, 13, white) {
				t.Errorf(
					"corners: got %v %v %v %v, want blue, red, red, white", img.At(2, 2), img.At(21, 2), img.At(2, 13),
					img.At(21, 13),
				)
			}
		})
	}
	if _, _, err := encode.Decode(t.Context(), readFile(t, "grey16.png"), 24*16); err != nil {
		t.Errorf("a 16-bit grey PNG: %v", err)
	}
}

// TestColourProfile reads the same colours with the profile Display P3 in each format.
func TestColourProfile(t *testing.T) {
	t.Parallel()
	profile, err := os.ReadFile("icc/testdata/display-p3.icc")
	if err != nil {
		t.Fatal(err)
	}
	wide := color.NRGBA{234, 51, 35, 255} // what sRGB's red is called in Display P3
	flat := image.NewNRGBA(image.Rect(0, 0, 24, 16))
	for i := range 24 * 16 {
		copy(flat.Pix[4*i:], []byte{wide.R, wide.G, wide.B, 255})
	}
	var pngFile, jpegFile bytes.Buffer
	if err := errors.Join(png.Encode(&pngFile, flat), jpeg.Encode(&jpegFile, flat, nil)); err != nil {
		t.Fatal(err)
	}
	for format, file := range map[string][]byte{
		"png":  withPNGProfile(t, pngFile.Bytes(), profile),
		"jpeg": withJPEGProfile(jpegFile.Bytes(), profile[:200], profile[200:]),
	} {
		img, got, err := encode.Decode(t.Context(), file, 24*16)
		if err != nil || got != format {
			t.Fatalf("%s: got %q and error %v", format, got, err)
		}
		if c := color.NRGBAModel.Convert(img.At(5, 5)).(color.NRGBA); c.R < 253 || c.G > 4 || c.B > 4 {
			t.Errorf("%s: got %v, want pure red", format, c)
		}
	}
}

// TestColourProfileOfWebP compares an image with and without a profile in which it is more colourful.
func TestColourProfileOfWebP(t *testing.T) {
	t.Parallel()
	profile, err := os.ReadFile("icc/testdata/display-p3.icc")
	if err != nil {
		t.Fatal(err)
	}
	plain := readFile(t, "lossless.webp")
	body := append([]byte("WEBPVP8X\x0a\x00\x00\x00\x20\x00\x00\x00\x17\x00\x00\x0f\x00\x00ICCP"),
		binary.LittleEndian.AppendUint32(nil, uint32(len(profile)))...)
	body = append(append(body, profile...), plain[12:]...)
	file := append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
	var got [2]color.NRGBA
	for i, data := range [][]byte{plain, file} {
		img, _, err := encode.Decode(t.Context(), data, 24*16)
		if err != nil {
			t.Fatal(err)
		}
		got[i] = color.NRGBAModel.Convert(img.At(21, 2)).(color.NRGBA)
	}
	if got[1].R < got[0].R+10 {
		t.Errorf("got red %v without and %v with the profile, want it brighter", got[0], got[1])
	}
}

// withPNGProfile puts a colour profile behind the header of a PNG.
func withPNGProfile(t *testing.T, file, profile []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(profile); err != nil || z.Close() != nil {
		t.Fatal("the profile cannot be packed")
	}
	content := append([]byte("iCCPwide\x00\x00"), packed.Bytes()...)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(content)-4))
	chunk = append(chunk, content...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(content))
	return bytes.Join([][]byte{file[:33], chunk, file[33:]}, nil)
}

// withJPEGProfile puts the parts of a colour profile at the beginning of a JPEG.
func withJPEGProfile(file []byte, parts ...[]byte) []byte {
	out := append([]byte{}, file[:2]...)
	for i, part := range parts {
		out = append(out, 0xff, 0xe2)
		out = binary.BigEndian.AppendUint16(out, uint16(2+14+len(part)))
		out = append(append(out, "ICC_PROFILE\x00"...), byte(i+1), byte(len(parts)))
		out = append(out, part...)
	}
	return append(out, file[2:]...)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	text := readFile(t, "text.png")
	jpg, webp, gif := readFile(t, "comment.jpg"), readFile(t, "lossless.webp"), readFile(t, "animated.gif")
	for name, tt := range map[string]struct {
		data []byte
		want error
	}{
		"nothing":                  {nil, encode.ErrNotImage},
		"text":                     {[]byte("a red boat"), encode.ErrNotImage},
		"a web page":               {[]byte("<!DOCTYPE html><html>"), encode.ErrNotImage},
		"an SVG":                   {[]byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), encode.ErrNotImage},
		"only a PNG's first bytes": {text[:8], encode.ErrDamaged},
		"a PNG cut in its header":  {text[:20], encode.ErrDamaged},
		"a PNG cut in its pixels":  {text[:len(text)-30], encode.ErrDamaged},
		"a PNG with a wrong byte": {
			append(append([]byte{}, text[:20]...), append([]byte{9}, text[21:]...)...), encode.ErrDamaged,
		},
		"a JPEG cut":                        {jpg[:len(jpg)-40], encode.ErrDamaged},
		"a WebP cut":                        {webp[:len(webp)-20], encode.ErrDamaged},
		"a GIF cut":                         {gif[:40], encode.ErrDamaged},
		"an animated WebP without frames":   {readFile(t, "animated.webp")[:44], encode.ErrDamaged},
		"an animated WebP cut in its frame": {readFile(t, "animated.webp")[:90], encode.ErrDamaged},
		"an animated WebP on a small canvas": {
			animation(8, 8, image.Rect(0, 0, 24, 16), readFile(t, "comment.webp")), encode.ErrDamaged,
		},
		"a picture of 30,000 x 30,000":        {bomb(30_000, 30_000), encode.ErrTooManyPixels},
		"a picture whose area overflows":      {bomb(1<<31-1, 1<<31-1), encode.ErrDamaged},
		"a picture of one row too many":       {bomb(24, 17), encode.ErrTooManyPixels},
		"a small WebP header on a large body": {smuggled(webp), encode.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			img, _, err := encode.Decode(t.Context(), tt.data, 24*16)
			if !errors.Is(err, tt.want) || img != nil {
				t.Errorf("got %T and error %v, want %v", img, err, tt.want)
			}
			if _, err := encode.Clean(t.Context(), tt.data, 24*16, 512); !errors.Is(err, tt.want) {
				t.Errorf("Clean: got error %v, want %v", err, tt.want)
			}
		})
	}
}

// bomb is a PNG header that claims a size, without pixels.
func bomb(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	head = binary.BigEndian.AppendUint32(head, h)
	head = append(head, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

// smuggled puts an extended header of 8 x 8 before a larger image.
func smuggled(webp []byte) []byte {
	body := append([]byte("WEBPVP8X\x0a\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x07\x00\x00"), webp[12:]...)
	out := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body)))
	return append(out, body...)
}

func TestClean(t *testing.T) {
	t.Parallel()
	t.Run("pixels stay, all else goes", func(t *testing.T) {
		t.Parallel()
		got, err := encode.Clean(t.Context(), readFile(t, "text.png"), 10_000, 512)
		if err != nil {
			t.Fatal(err)
		}
		if got.Width != 24 || got.Height != 16 || len(got.SHA256) != 64 {
			t.Errorf("got %d x %d with hash %q, want 24 x 16", got.Width, got.Height, got.SHA256)
		}
		if _, err := encode.ReadParameters(got.PNG); !errors.Is(err, encode.ErrNoParameters) ||
			bytes.Contains(got.PNG, []byte("tEXt")) {
			t.Errorf("got error %v, want %v", err, encode.ErrNoParameters)
		}
		again, err := encode.Clean(t.Context(), got.PNG, 10_000, 512)
		if err != nil || again.SHA256 != got.SHA256 {
			t.Errorf("cleaned twice: got hash %q and error %v, want the same as once", again.SHA256, err)
		}
	})
	t.Run("an orientation is applied and gone", func(t *testing.T) {
		t.Parallel()
		upright, err := encode.Clean(t.Context(), readFile(t, "oriented-6.jpg"), 10_000, 0)
		if err != nil || upright.Width != 24 || upright.Height != 16 || strings.Contains(string(upright.PNG), "eXIf") {
			t.Errorf("got %d x %d and error %v, want 24 x 16", upright.Width, upright.Height, err)
		}
	})
	t.Run("what is transparent becomes white", func(t *testing.T) {
		t.Parallel()
		for _, name := range []string{"alpha.webp", "alpha.png"} {
			got, err := encode.Clean(t.Context(), readFile(t, name), 10_000, 512)
			if err != nil {
				t.Fatal(err)
			}
			img, err := png.Decode(bytes.NewReader(got.PNG))
			if err != nil {
				t.Fatal(err)
			}
			if !closeTo(img, 2, 0, color.NRGBA{255, 255, 255, 255}) || !closeTo(img, 2, 15, red) {
				t.Errorf("%s: got %v above and %v below, want white fading to red", name, img.At(2, 0), img.At(2, 15))
			}
			if o, ok := img.(interface{ Opaque() bool }); !ok || !o.Opaque() {
				t.Errorf("%s: %T is not opaque", name, img)
			}
		}
	})
	t.Run("a long side is bounded", func(t *testing.T) {
		t.Parallel()
		for _, tt := range []struct{ w, h, side, wantW, wantH int }{
			{1000, 500, 200, 200, 100}, {500, 1000, 200, 100, 200}, {1000, 3, 100, 100, 1}, {201, 201, 200, 200, 200},
			{200, 10, 200, 200, 10}, {333, 222, 100, 100, 67},
		} {
			data, err := encode.PNG(scene(tt.w, tt.h, 3, 0), "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := encode.Clean(t.Context(), data, 1_000_000, tt.side)
			if err != nil || got.Width != tt.wantW || got.Height != tt.wantH {
				t.Errorf(
					"%d x %d: got %d x %d and error %v, want %d x %d", tt.w, tt.h, got.Width, got.Height, err, tt.wantW, tt.wantH,
				)
			}
		}
	})
	t.Run("scaling down keeps the look", func(t *testing.T) {
		t.Parallel()
		big := scene(900, 600, 4, 10)
		data, err := encode.PNG(big, "")
		if err != nil {
			t.Fatal(err)
		}
		got, err := encode.Clean(t.Context(), data, 1_000_000, 90)
		if err != nil {
			t.Fatal(err)
		}
		small, err := png.Decode(bytes.NewReader(got.PNG))
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(t, encode.PHash(big), encode.PHash(small)); d > 4 {
			t.Errorf("got a distance of %d bits, want at most 4", d)
		}
	})
}
