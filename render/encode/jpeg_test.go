package encode_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/encode"
)

// TestDecodeAsPillow compares pixels with those of Pillow 13, recorded by recipe/colours.py: every way to sample
// colours, also of odd sides and of images so small that libjpeg does not smooth them. What is left of a JPEG's
// difference is the inverse cosine transform of Go's library.
func TestDecodeAsPillow(t *testing.T) {
	t.Parallel()
	for kind, most := range map[string]struct {
		mean  float64
		worst int
	}{"*.jpg": {0.06, 3}, "*.webp": {0, 0}} {
		files, err := filepath.Glob("testdata/colours/" + kind)
		if err != nil || len(files) < 7 {
			t.Fatalf("got %d files and error %v, want 7 or more", len(files), err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := encode.Decode(t.Context(), data, 1<<20)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			golden, err := os.ReadFile(name + ".png")
			if err != nil {
				t.Fatal(err)
			}
			want, err := png.Decode(bytes.NewReader(golden))
			if err != nil {
				t.Fatal(err)
			}
			if mean, worst := levelsApart(got, want); mean > most.mean || worst > most.worst {
				t.Errorf("%s: %.3f levels off on average, %d at worst, want %v and %d",
					name, mean, worst, most.mean, most.worst)
			}
		}
	}
}

// levelsApart is how many levels of 255 two images differ, on average and at worst.
func levelsApart(got, want image.Image) (mean float64, worst int) {
	size, sum := want.Bounds().Size(), 0
	for i := range size.X * size.Y {
		a := color.NRGBAModel.Convert(got.At(i%size.X, i/size.X)).(color.NRGBA)
		b := color.NRGBAModel.Convert(want.At(i%size.X, i/size.X)).(color.NRGBA)
		for _, d := range []int{
			int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A),
		} {
			d = max(d, -d)
			sum, worst = sum+d, max(worst, d)
		}
	}
	return float64(sum) / float64(4*size.X*size.Y), worst
}
