package vision

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// prepared is what transformers makes of images with some settings: bytes, by the SHA-256 of [3, height, width].
type prepared struct {
	Config json.RawMessage   `json:"config"`
	Pixels map[string]string `json:"pixels"`
}

// shared is where render/similarity/recipe/record.py writes.
const shared = "../similarity/testdata"

func readPrepared(t *testing.T) map[string]prepared {
	t.Helper()
	f, err := os.Open(shared + "/golden.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var golden struct {
		Prepared map[string]prepared `json:"prepared"`
	}
	z, err := gzip.NewReader(f)
	if err == nil {
		err = json.NewDecoder(z).Decode(&golden)
	}
	if err != nil || len(golden.Prepared) == 0 {
		t.Fatalf("golden values: %v", err)
	}
	return golden.Prepared
}

func openImage(t *testing.T, name string) image.Image {
	t.Helper()
	f, err := os.Open(filepath.Join(shared, "images", name+".png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestPixels: images of all kinds and shapes become the very bytes that transformers makes of them.
func TestPixels(t *testing.T) {
	t.Parallel()
	const side = 28
	for name, want := range readPrepared(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := parse(want.Config, side)
			if err != nil {
				t.Fatal(err)
			}
			for file, sum := range want.Pixels {
				pixels, err := p.Pixels(openImage(t, file))
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				levels := make([]byte, len(pixels.Data))
				for i, x := range pixels.Data {
					levels[i] = byte(x)
				}
				if got := sha256.Sum256(levels); hex.EncodeToString(got[:]) != sum {
					t.Errorf("%s: other pixels than the reference's; got %v …", file, levels[:12])
				}
			}
		})
	}
}

// TestNormalize: bytes become numbers by the factor, the means and the deviations.
func TestNormalize(t *testing.T) {
	t.Parallel()
	img := image.NewNRGBA(image.Rect(0, 0, 2, 2))
	for i := range 4 {
		img.Set(i%2, i/2, color.NRGBA{R: 255, G: 51, A: 255})
	}
	pixels, err := CLIP(2).Pixels(img)
	if err != nil {
		t.Fatal(err)
	}
	for c, want := range []float64{
		(1 - 0.48145466) / 0.26862954, (0.2 - 0.4578275) / 0.26130258, -0.40821073 / 0.27577711,
	} {
		if got := float64(pixels.Data[4*c]); math.Abs(got-want) > 1e-6 {
			t.Errorf("channel %d: got %v, want %v", c, got, want)
		}
	}
}

// TestKindsOfImages: images that Go keeps in other ways, and parts of them, are seen as they look.
func TestKindsOfImages(t *testing.T) {
	t.Parallel()
	straight := openImage(t, "alpha").(*image.NRGBA)
	multiplied, deep := image.NewRGBA(straight.Rect), image.NewNRGBA64(straight.Rect)
	opaque, coded := image.NewRGBA(straight.Rect), image.NewYCbCr(straight.Rect, image.YCbCrSubsampleRatio444)
	for y := range straight.Rect.Dy() {
		for x := range straight.Rect.Dx() {
			c := straight.NRGBAAt(x, y)
			multiplied.Set(x, y, c)
			deep.SetNRGBA64(x, y, color.NRGBA64{
				R: uint16(c.R)<<8 | 0x7f, G: uint16(c.G) << 8, B: uint16(c.B)<<8 | 0xff, A: uint16(c.A)<<8 | 1,
			})
			opaque.Set(x, y, color.NRGBA{c.R, c.G, c.B, 255})
			i := coded.YOffset(x, y)
			coded.Y[i], coded.Cb[i], coded.Cr[i] = color.RGBToYCbCr(c.R, c.G, c.B)
		}
	}
	moved := straight.SubImage(image.Rect(5, 7, 30, 28))
	copied := image.NewNRGBA(image.Rect(0, 0, 25, 21))
	for y := range 21 {
		copy(copied.Pix[y*copied.Stride:][:100], straight.Pix[straight.PixOffset(5, 7+y):])
	}
	for name, c := range map[string]struct {
		got, want image.Image
		levels    int
	}{
		"16 bits":            {deep, straight, 0},
		"multiplied":         {multiplied, straight, 2},
		"a part of an image": {moved, copied, 0},
		"luma and chroma":    {coded, opaque, 3},
	} {
		a, b := onWhite(c.got), onWhite(c.want)
		if a.Rect != b.Rect || a.Rect.Min != (image.Point{}) {
			t.Errorf("%s: got %v, want %v from 0, 0", name, a.Rect, b.Rect)
			continue
		}
		for i := range a.Pix {
			if d := int(a.Pix[i]) - int(b.Pix[i]); d > c.levels || -d > c.levels {
				t.Errorf("%s: byte %d is %d, want %d", name, i, a.Pix[i], b.Pix[i])
				break
			}
		}
	}
}

func TestPixelsRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		img  image.Image
		want string
	}{
		"an empty image": {image.NewNRGBA(image.Rect(3, 3, 3, 9)), "empty image"},
		"a line":         {image.NewNRGBA(image.Rect(0, 0, 1, 101)), "1×101 pixels: at most 100 times"},
	} {
		if _, err := CLIP(28).Pixels(c.img); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that tells: %s", name, err, c.want)
		}
	}
	if _, err := CLIP(28).Pixels(image.NewNRGBA(image.Rect(0, 0, 100, 1))); err != nil {
		t.Errorf("100×1 pixels: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]string{
		`{"do_resize": false}`:                  "do_resize is false",
		`{"do_center_crop": false}`:             "do_center_crop is false",
		`{"resample": 0}`:                       "resample 0",
		`{"crop_size": 32}`:                     "makes images of 32×32 pixels, and the network reads 28×28",
		`{"size": {"height": 40, "width": 40}}`: "size 40×40 and crop_size 28×28",
		`{"size": {"shortest_edge": -1}}`:       "a shorter side of -1",
		`{"image_std": [1, 0, 1]}`:              "image_std [1 0 1]",
		`{"image_mean": [1]}`:                   "three numbers each",
		`{"rescale_factor": -1}`:                "rescale_factor -1",
		`{"size": "big"}`:                       "cannot unmarshal",
		`{"size": {"shortest_edge": 99999999}}`: "shorter side of 99999999",
		`{"do_center_crop": false, "size": {"height": 28, "width": 9999}}`: "9999×28",
	} {
		_, err := parse([]byte(settings), 28)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line that tells: %s", settings, err, want)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), ConfigFile), 28); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want os.ErrNotExist", err)
	}
}

// TestParse: what a file leaves out is as CLIP has it.
func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse([]byte(`{}`), 28)
	if err != nil || got != CLIP(28) {
		t.Errorf("got %+v and %v, want %+v", got, err, CLIP(28))
	}
	got, err = parse([]byte(`{"do_rescale": false, "do_normalize": false}`), 28)
	if want := (Preprocessor{
		Shortest: 28, Size: [2]int{28, 28}, Filter: Bicubic, Rescale: 1, Std: [3]float64{1, 1, 1},
	}); err != nil || got != want {
		t.Errorf("got %+v and %v, want %+v", got, err, want)
	}
}
