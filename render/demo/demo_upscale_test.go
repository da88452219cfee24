//go:build cgo

package demo_test

import (
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"darkroom/render/folder"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/upscale"
)

// upscaled is a Spec at twice its size, as the bot's button makes it of the demo model's: by the network, or in tiles
// of a size that the model knows.
func (s *probedModel) upscaled(spec picture.Spec, repaint float64) picture.Spec {
	spec.Version, spec.Upscale, spec.Upscaler = 3, &picture.Upscale{Scale: 2}, s.upscaler
	if repaint > 0 {
		spec.Upscaler = nil
		spec.Upscale.Steps, spec.Upscale.Strength = spec.Steps, repaint
		spec.Upscale.Tile = &picture.Size{Width: side, Height: side}
	}
	return spec
}

// errorOf is the mean squared error of two images of one size, in levels of 255.
func errorOf(a, b *image.NRGBA) float64 {
	sum := 0.0
	for i, v := range a.Pix {
		d := float64(v) - float64(b.Pix[i])
		sum += d * d
	}
	return sum * 4 / 3 / float64(len(a.Pix)) // opaque pixels: a quarter of the values are equal
}

// decibels is the peak signal-to-noise ratio of an error.
func decibels(squares float64) float64 { return 10 * math.Log10(255*255/max(squares, 1e-9)) }

// slopeError is the mean error of the differences of neighbours.
func slopeError(a, b *image.NRGBA) float64 {
	sum, n := 0.0, 0
	for y := range a.Rect.Dy() - 1 {
		for x := range a.Rect.Dx() - 1 {
			at := a.PixOffset(x, y)
			for c := range 3 {
				for _, next := range []int{4, a.Stride} {
					da := int(a.Pix[at+c+next]) - int(a.Pix[at+c])
					db := int(b.Pix[at+c+next]) - int(b.Pix[at+c])
					sum, n = sum+math.Abs(float64(da-db)), n+1
				}
			}
		}
	}
	return sum / float64(n)
}

// halved averages squares of four pixels.
func halved(img *image.NRGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx()/2, img.Rect.Dy()/2))
	for i := range out.Pix {
		x, y := i/4%out.Rect.Dx(), i/4/out.Rect.Dx()
		at := img.PixOffset(2*x, 2*y) + i%4
		sum := int(img.Pix[at]) + int(img.Pix[at+4]) + int(img.Pix[at+img.Stride]) + int(img.Pix[at+img.Stride+4])
		out.Pix[i] = uint8((sum + 2) / 4)
	}
	return out
}

// TestUpscaleKeepsThePicture upscales the demo model's pictures: seen from afar they are the pictures of before, with
// the network and, for a model without one, in repainted tiles. A second pass at a size that the model does not know,
// which the button made once, loses them.
func TestUpscaleKeepsThePicture(t *testing.T) {
	t.Parallel()
	s := openProbedModel(t)
	count := 3
	if soaking() {
		count = 100
	}
	var network, tiles, hires float64
	for i, c := range heldOut(t, "all", count, s.vocabulary) {
		spec := fewStepSpec(c.Caption, int64(i))
		base := s.render(t, spec)
		old := spec
		old.Hires = &picture.Hires{Scale: 2, Steps: spec.Steps, Strength: 0.3}
		network += errorOf(halved(s.render(t, s.upscaled(spec, 0))), base) / float64(count)
		tiles += errorOf(halved(s.render(t, s.upscaled(spec, 0.2))), base) / float64(count)
		hires += errorOf(halved(s.render(t, old)), base) / float64(count)
	}
	t.Logf("halved again, against the picture: network %.1f dB, tiles %.1f dB, a second pass at 256×256 %.1f dB",
		decibels(network), decibels(tiles), decibels(hires))
	if got := decibels(network); got < 30 {
		t.Errorf("the network: got %.1f dB, want at least 30", got)
	}
	if got, old := decibels(tiles), decibels(hires); got < old+2 {
		t.Errorf("repainted tiles: got %.1f dB, want at least 2 more than a second pass, %.1f", got, old)
	}
}

// TestUpscalerBeatsLanczos compares with what the recipe paints at twice the size, after the VAE: a few middles of
// pictures, in testdata/upscale. The figures of a hundred whole pictures are in postcards/findings.md.
func TestUpscalerBeatsLanczos(t *testing.T) {
	t.Parallel()
	e := pipelinetest.Load(t, postcards)
	network := openUpscaler(t, e.Folder.Upscaler)
	var networkError, lanczos, networkSlopes, lanczosSlopes float64
	small, err := filepath.Glob("testdata/upscale/*-small.png")
	if err != nil || len(small) == 0 {
		t.Fatalf("no pictures: %v", err)
	}
	for _, path := range small {
		img, want := readPNG(t, path), readPNG(t, path[:len(path)-len("small.png")]+"native.png")
		got, err := upscale.Enlarge(t.Context(), network, img, want.Rect.Size(), upscale.Options{})
		if err != nil {
			t.Fatal(err)
		}
		plain := upscale.Lanczos(img, want.Rect.Size())
		networkError, lanczos = networkError+errorOf(got, want), lanczos+errorOf(plain, want)
		networkSlopes, lanczosSlopes = networkSlopes+slopeError(got, want), lanczosSlopes+slopeError(plain, want)
	}
	gain := decibels(networkError) - decibels(lanczos)
	t.Logf("%.2f dB more than Lanczos, slopes %.2f against %.2f", gain, networkSlopes, lanczosSlopes)
	if gain < 0.35 || networkSlopes >= 0.98*lanczosSlopes {
		t.Errorf("got %.2f dB more than Lanczos, slopes %.2f against %.2f; want at least 0.35, and 2 %% less",
			gain, networkSlopes, lanczosSlopes)
	}
}

func readPNG(t *testing.T, path string) *image.NRGBA {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewNRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// borderShare is the mean step across the tile borders of an image's columns, divided by the mean step elsewhere.
func borderShare(img *image.NRGBA, borders map[int]bool) float64 {
	var at, elsewhere, n, m float64
	for y := range img.Rect.Dy() {
		for x := 1; x < img.Rect.Dx(); x++ {
			p := img.PixOffset(x, y)
			step := 0.0
			for c := range 3 {
				step += math.Abs(float64(img.Pix[p+c]) - float64(img.Pix[p+c-4]))
			}
			if borders[x] {
				at, n = at+step, n+1
			} else {
				elsewhere, m = elsewhere+step, m+1
			}
		}
	}
	return at / n / (elsewhere / m)
}

// TestUpscaleTilesShowNoBorders looks at the columns where tiles begin and end: their steps are no stronger than those
// of the same columns where the network sees the whole.
func TestUpscaleTilesShowNoBorders(t *testing.T) {
	t.Parallel()
	s := openProbedModel(t)
	count := 2
	if soaking() {
		count = 20
	}
	var inTiles, whole float64
	for i, c := range heldOut(t, "all", count, s.vocabulary) {
		spec := fewStepSpec(c.Caption, int64(i))
		large := s.render(t, s.upscaled(spec, 0)) // 256×256
		tilesOf192 := upscale.Options{Memory: int64(192 * 192 * s.network.Traits().BytesPerPixel)}
		got, err := upscale.Enlarge(t.Context(), s.network, large, image.Pt(512, 512), tilesOf192)
		if err != nil {
			t.Fatal(err)
		}
		want, err := upscale.Enlarge(t.Context(), s.network, large, image.Pt(512, 512), upscale.Options{Memory: 1 << 40})
		if err != nil {
			t.Fatal(err)
		}
		borders := map[int]bool{}
		tiles := upscale.Tiling{Width: 144, Height: 144, Overlap: 32, Multiple: s.network.Traits().Multiple}
		for _, tile := range tiles.Cover(256, 256) {
			borders[2*tile.Min.X], borders[2*tile.Max.X] = true, true
		}
		delete(borders, 0)
		inTiles, whole = inTiles+borderShare(got, borders), whole+borderShare(want, borders)
		if off := math.Sqrt(errorOf(got, want)); off > 2 {
			t.Errorf("%q: in tiles the picture differs by %.2f levels", c.Caption, off)
		}
	}
	t.Logf("steps at tile borders: %.3f of those elsewhere, %.3f without tiles",
		inTiles/float64(count), whole/float64(count))
	if inTiles > 1.05*whole {
		t.Errorf("steps at tile borders: got %.3f of those elsewhere, want as without tiles, %.3f",
			inTiles/float64(count), whole/float64(count))
	}
}

// openUpscaler loads an upscaler until the test ends.
func openUpscaler(t *testing.T, u *folder.Upscaler) *onnx.Upscaler {
	t.Helper()
	network, err := onnx.OpenUpscaler(u, onnx.Device{Kind: onnx.CPU, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	})
	return network
}

// TestGestureSheet draws some pictures before and after the gestures: DARKROOM_SHEET names the file.
func TestGestureSheet(t *testing.T) {
	path := os.Getenv("DARKROOM_SHEET")
	if path == "" {
		t.Skip("DARKROOM_SHEET names no file")
	}
	s := openProbedModel(t)
	words := []string{
		"a red boat on a blue sea", "a house in the snow at sunset", "a yellow umbrella in the rain", "a green fish, neon",
	}
	const gap, line = 4, 256
	sheet := image.NewNRGBA(image.Rect(0, 0, 128+2*(256+gap)+192+128+5*gap, len(words)*(line+gap)))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for i, prompt := range words {
		spec := fewStepSpec(prompt, 5)
		spec.Steps, spec.Sampler = 12, "dpmpp_2m_karras"
		base, x, top := s.render(t, spec), 0, i*(line+gap)
		put := func(img *image.NRGBA, x, y int) {
			draw.Draw(sheet, img.Rect.Add(image.Pt(x, y)), img, image.Point{}, draw.Src)
		}
		put(base, x, top)
		put(gestures[4].apply(t, s, spec, base), x, top+side)
		x += side + gap
		old := spec
		old.Hires = &picture.Hires{Scale: 2, Steps: spec.Steps, Strength: 0.3}
		for _, large := range []picture.Spec{old, s.upscaled(spec, 0)} {
			put(s.render(t, large), x, top)
			x += line + gap
		}
		put(gestures[0].apply(t, s, spec, base), x, top)
		put(gestures[1].apply(t, s, spec, base), x, top+side)
		x += 192 + gap
		put(gestures[3].apply(t, s, spec, base), x, top)
	}
	for i := range sheet.Pix {
		sheet.Pix[i] |= 15 // fewer levels make a smaller file
	}
	writePNG(t, path, sheet)
}

// TestUpscaleSheet draws the middles of some pictures at four times their size: by Lanczos's filter, by the demo
// model's own network, which runs twice, and by the upscaler in the file that DARKROOM_UPSCALER names, if any.
// DARKROOM_SHEET names the sheet's file.
func TestUpscaleSheet(t *testing.T) {
	path := os.Getenv("DARKROOM_SHEET")
	if path == "" {
		t.Skip("DARKROOM_SHEET names no file")
	}
	s := openProbedModel(t)
	networks := []upscale.Upscaler{nil, s.network}
	if file := os.Getenv("DARKROOM_UPSCALER"); file != "" {
		opened, err := pipeline.OpenUpscaler(file)
		if err != nil {
			t.Fatal(err)
		}
		networks = append(networks, openUpscaler(t, opened))
	}
	words := []string{"a red boat on a blue sea", "a house in the snow at sunset", "a green fish, neon"}
	const gap, cell, large = 4, 240, 4 * side
	sheet := image.NewNRGBA(image.Rect(0, 0, len(networks)*(cell+gap)-gap, len(words)*(cell+gap)-gap))
	draw.Draw(sheet, sheet.Rect, image.White, image.Point{}, draw.Src)
	for i, prompt := range words {
		spec := fewStepSpec(prompt, 5)
		spec.Steps, spec.Sampler = 20, "dpmpp_2m_karras"
		base := s.render(t, spec)
		for j, network := range networks {
			img, err := upscale.Enlarge(t.Context(), network, base, image.Pt(large, large), upscale.Options{})
			if err != nil {
				t.Fatal(err)
			}
			at := image.Pt(j*(cell+gap), i*(cell+gap))
			middle := image.Pt((large-cell)/2, (large-cell)/2)
			draw.Draw(sheet, image.Rectangle{Min: at, Max: at.Add(image.Pt(cell, cell))}, img, middle, draw.Src)
		}
	}
	for i := range sheet.Pix {
		sheet.Pix[i] |= 7 // fewer levels make a smaller file
	}
	writePNG(t, path, sheet)
}

func writePNG(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(png.Encode(f, img), f.Close()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("wrote", path)
}
