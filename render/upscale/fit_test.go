package upscale

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"

	"darkroom/render/tensor"
)

func TestTilingFitsIntoMemory(t *testing.T) {
	t.Parallel()
	const bytes = 12_000
	for _, c := range []struct {
		name     string
		size     image.Point
		multiple int
		memory   int64
		want     Tiling
	}{
		{"an image that fits is one tile", image.Pt(200, 120), 1, 1 << 30, Tiling{Width: 200, Height: 120}},
		{"sides that the network takes", image.Pt(201, 120), 8, 1 << 30, Tiling{Width: 208, Height: 120}},
		{"two by two", image.Pt(512, 512), 1, 1 << 30, Tiling{Width: 272, Height: 272}},
		{"a long image is cut along one side", image.Pt(1024, 128), 1, 1 << 30, Tiling{Width: 280, Height: 128}},
		{"a quarter of the memory", image.Pt(512, 512), 8, 1 << 28, Tiling{Width: 128, Height: 128}},
		{"no tile is smaller than 64", image.Pt(512, 512), 1, 1 << 20, Tiling{Width: 64, Height: 64}},
	} {
		network := Traits{Scale: 4, Multiple: c.multiple, BytesPerPixel: bytes}
		got := tilingOf(network, c.size, c.memory)
		if got.Width != c.want.Width || got.Height != c.want.Height || got.Overlap != overlap || got.Margin != margin {
			t.Errorf("%s: got %+v, want %d×%d", c.name, got, c.want.Width, c.want.Height)
		}
		if need := int64(got.Width * got.Height * bytes); need > c.memory && max(got.Width, got.Height) > smallTile {
			t.Errorf("%s: a tile takes %d bytes, want at most %d", c.name, need, c.memory)
		}
	}
}

// TestTilesAreAtLeastTheirOverlap looks at all lengths: neighbours overlap by more than what does not count of both.
func TestTilesAreAtLeastTheirOverlap(t *testing.T) {
	t.Parallel()
	for _, multiple := range []int{1, 2, 8} {
		network := Traits{Scale: 2, Multiple: multiple, BytesPerPixel: 1}
		for length := 64; length < 700; length += multiple {
			tiling := tilingOf(network, image.Pt(length, 600), 120*120)
			all := tiling.Cover(length, 64)
			for i := 1; i < len(all); i++ {
				if common := all[i-1].Max.X - all[i].Min.X; common < overlap-multiple || all[i].Min.X%multiple != 0 {
					t.Fatalf("length %d in multiples of %d: %v and %v overlap by %d", length, multiple, all[i-1], all[i], common)
				}
			}
		}
	}
}

func TestFixedTiles(t *testing.T) {
	t.Parallel()
	for _, size := range []image.Point{{64, 48}, {30, 20}, {65, 48}, {200, 130}} {
		img := colours(size.X, size.Y)
		network := newRepeating(t, Traits{Scale: 2, Multiple: 1, Tile: image.Pt(64, 48)})
		want := size.Mul(2)
		got, err := Enlarge(t.Context(), network, img, want, Options{})
		if err != nil || got.Rect.Size() != want {
			t.Fatalf("%v: got %v, %v", size, got.Rect, err)
		}
		if n := Tiles(network, size, want, Options{}); n != network.runs {
			t.Errorf("%v: the network ran %d times, and %d were foretold", size, network.runs, n)
		}
		for _, at := range []image.Point{{0, 0}, size.Sub(image.Pt(1, 1)), size.Div(2)} {
			if got, want := got.NRGBAAt(2*at.X, 2*at.Y), img.NRGBAAt(at.X, at.Y); got != want {
				t.Errorf("%v at %v: got %v, want %v", size, at, got, want)
			}
		}
	}
}

// spreading is a network that doubles images, and mixes each pixel by a share with those up to a radius away. Beyond
// the edge of what it sees there is black, as with convolutions that pad zeros.
type spreading struct {
	*repeating
	radius int
	share  float32
}

func (s spreading) Upscale(ctx context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	out, err := s.repeating.Upscale(ctx, in)
	if err != nil {
		return out, err
	}
	height, width := out.Shape[2], out.Shape[3]
	mixed := append([]float32(nil), out.Data...)
	for plane := range 3 {
		data := mixed[plane*height*width:]
		spread(data, height*width, 1, width, s.radius)
		spread(data, height*width, width, height*width, s.radius)
	}
	for i, v := range mixed {
		out.Data[i] += s.share * (v - out.Data[i])
	}
	return out, nil
}

// spread averages every number with those up to radius steps away, in lines of a length.
func spread(data []float32, n, step, length, radius int) {
	before := append([]float32(nil), data[:n]...)
	for i := range n {
		line := i % length / step
		sum := float32(0)
		for d := -radius; d <= radius; d++ {
			if at := line + d; at >= 0 && at < length/step {
				sum += before[i+d*step]
			}
		}
		data[i] = sum / float32(2*radius+1)
	}
}

// TestTilesAgreeWithTheWhole: a network that looks no farther than what does not count of a tile gives the same in
// tiles. One that looks farther, and is off by some levels near a tile's edge as Real-ESRGAN's is, shows no borders.
func TestTilesAgreeWithTheWhole(t *testing.T) {
	t.Parallel()
	img := colours(300, 210)
	small := Options{Memory: 120 * 120}
	for _, c := range []struct {
		radius int // in pixels of the result
		share  float32
		most   float64 // levels by which a tiled image may be off
	}{{16, 1, 1}, {80, 0.1, 8}} {
		network := spreading{newRepeating(t, Traits{Scale: 2, Multiple: 1, BytesPerPixel: 1}), c.radius, c.share}
		whole, err := Enlarge(t.Context(), network, img, image.Pt(600, 420), Options{})
		if err != nil {
			t.Fatal(err)
		}
		before := network.runs
		tiled, err := Enlarge(t.Context(), network, img, image.Pt(600, 420), small)
		if err != nil || network.runs-before < 6 {
			t.Fatalf("got %d tiles, %v", network.runs-before, err)
		}
		worst := 0.0
		for i, v := range tiled.Pix {
			worst = math.Max(worst, math.Abs(float64(v)-float64(whole.Pix[i])))
		}
		if worst > c.most {
			t.Errorf("radius %d: in tiles it differs by %.0f levels, want at most %.0f", c.radius, worst, c.most)
		}
		tiling := tilingOf(network.traits, img.Rect.Size(), small.Memory)
		if got, want := borderSteps(tiled, tiling), borderSteps(whole, tiling); got > 1.02*want {
			t.Errorf("radius %d: steps at borders are %.3f of those elsewhere, want %.3f as in the whole", c.radius, got, want)
		}
	}
}

// borderSteps is the mean change of the slope at columns where the weight of a tile begins, rises fully or ends,
// divided by that of all columns.
func borderSteps(img *image.NRGBA, tiling Tiling) float64 {
	borders := map[int]bool{}
	for _, at := range tiling.Cover(img.Rect.Dx()/2, 1) {
		for _, edge := range []int{
			at.Min.X, at.Min.X + tiling.Margin, at.Min.X + tiling.Overlap - tiling.Margin,
			at.Max.X - tiling.Overlap + tiling.Margin, at.Max.X - tiling.Margin, at.Max.X,
		} {
			borders[2*edge-1], borders[2*edge] = true, true
		}
	}
	var at, all, n, m float64
	for y := range img.Rect.Dy() {
		for x := 1; x+1 < img.Rect.Dx(); x++ {
			p := img.PixOffset(x, y)
			bend := math.Abs(float64(img.Pix[p-4]) - 2*float64(img.Pix[p]) + float64(img.Pix[p+4]))
			if all, m = all+bend, m+1; borders[x] {
				at, n = at+bend, n+1
			}
		}
	}
	return at / n / (all / m)
}

// short is a network for which memory runs out above some pixels.
type short struct {
	*repeating
	most int
}

func (s short) Upscale(ctx context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	if in.Shape[2]*in.Shape[3] > s.most {
		return tensor.Tensor{}, errors.Join(errors.New("run"), tensor.ErrOutOfMemory)
	}
	return s.repeating.Upscale(ctx, in)
}

func TestMemoryRunsOut(t *testing.T) {
	t.Parallel()
	img := colours(300, 200)
	told, tiles := 0, 0
	o := Options{LowMemory: func() { told++ }, TileDone: func() { tiles++ }}
	network := short{newRepeating(t, Traits{Scale: 2, Multiple: 1, BytesPerPixel: 100}), 90 * 90}
	got, err := Enlarge(t.Context(), network, img, image.Pt(600, 400), o)
	if err != nil || told != 2 || tiles != network.runs || network.largest > network.most {
		t.Fatalf("got %v, told %d times, %d of %d tiles of up to %d pixels", err, told, tiles, network.runs, network.largest)
	}
	if got, want := got.NRGBAAt(400, 200), img.NRGBAAt(200, 100); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	network.most = 10
	if _, err := Enlarge(t.Context(), network, img, image.Pt(600, 400), o); !errors.Is(err, tensor.ErrOutOfMemory) {
		t.Errorf("no tile fits: got %v", err)
	}
}

// broken is a network that makes one value that is none.
type broken struct {
	*repeating
	value float64
}

func (b broken) Upscale(ctx context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	out, err := b.repeating.Upscale(ctx, in)
	out.Data[7] = float32(b.value)
	return out, err
}

func TestValuesThatAreNotNumbers(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		network := broken{newRepeating(t, Traits{Scale: 2, Multiple: 1}), v}
		_, err := Enlarge(t.Context(), network, colours(8, 8), image.Pt(16, 16), Options{})
		if !errors.Is(err, ErrNotNumbers) {
			t.Errorf("%v: got %v, want %v", v, err, ErrNotNumbers)
		}
	}
}

// TestCleaningNetwork: a network of scale 1 runs once, and Lanczos's filter enlarges what it makes.
func TestCleaningNetwork(t *testing.T) {
	t.Parallel()
	img := colours(20, 10)
	network := newRepeating(t, Traits{Scale: 1, Multiple: 1})
	got, err := Enlarge(t.Context(), network, img, image.Pt(40, 20), Options{})
	if want := Lanczos(img, image.Pt(40, 20)); err != nil || network.runs != 1 || string(got.Pix) != string(want.Pix) {
		t.Errorf("got another image, %v, after %d runs", err, network.runs)
	}
}
