package upscale

import (
	"context"
	"errors"
	"fmt"
	"image"

	"darkroom/render/tensor"
)

// Upscaler is a network that enlarges images: ESRGAN and its kin.
type Upscaler interface {
	// Scale is how many times larger its images are.
	Scale() int
	// Multiple is what the sides of an image must be multiples of.
	Multiple() int
	// Tile is the only size of an image that it takes; zeros for any.
	Tile() (width, height int)
	// BytesPerPixel is about how much memory a run takes for each pixel of the image.
	BytesPerPixel() float64
	// Upscale enlarges RGB [1, 3, h, w] from 0 to 1.
	Upscale(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error)
}

// Options say how a network is run. The zero value is good for anything.
type Options struct {
	// Memory is how much a run of the network may take, in bytes, where that is possible. Default 1 GiB.
	Memory int64
	// TileDone is called after each run of the network. nil for nobody.
	TileDone func()
	// LowMemory is called when memory ran out and smaller tiles are tried. nil for nobody.
	LowMemory func()
}

// maxRuns is how often a network may enlarge what it has enlarged, as in A1111's Upscaler.upscale.
const maxRuns = 3

// ErrNotNumbers says that a network makes something that is no image.
var ErrNotNumbers = errors.New("the network makes values that are not numbers: its weights are damaged, " +
	"or too large for this device")

// Enlarge scales an opaque image to a size. The network runs until the image is large enough; what is missing or too
// much then is left to Lanczos's filter. A network of scale 1, which cleans images, runs once. A nil network leaves all
// to the filter.
func Enlarge(
	ctx context.Context, network Upscaler, img *image.NRGBA, size image.Point, o Options,
) (*image.NRGBA, error) {
	for range runs(network, img.Rect.Size(), size) {
		var err error
		if img, err = runFitting(ctx, network, img, o); err != nil {
			return nil, err
		}
	}
	if img.Rect.Size() == size {
		return img, nil
	}
	return Lanczos(img, size), nil
}

// Tiles is how many times the network runs to enlarge an image, if memory does not run out.
func Tiles(network Upscaler, from, to image.Point, o Options) (n int) {
	for range runs(network, from, to) {
		n += len(tilingOf(network, from, o.memory()).Cover(padded(network, from)))
		from = from.Mul(network.Scale())
	}
	return n
}

// runs is how often a network enlarges an image of a size for another size.
func runs(network Upscaler, from, to image.Point) (n int) {
	if network == nil {
		return 0
	}
	if network.Scale() < 2 {
		return 1
	}
	for n < maxRuns && (from.X < to.X || from.Y < to.Y) {
		n, from = n+1, from.Mul(network.Scale())
	}
	return n
}

// runFitting runs the network on an image, in smaller tiles if memory runs out.
func runFitting(ctx context.Context, network Upscaler, img *image.NRGBA, o Options) (*image.NRGBA, error) {
	memory := o.memory()
	for {
		tiling := tilingOf(network, img.Rect.Size(), memory)
		out, err := run(ctx, network, img, tiling, o)
		smaller := max(tiling.Width, tiling.Height) > leastTile(network)
		if fixed, _ := network.Tile(); !errors.Is(err, tensor.ErrOutOfMemory) || fixed > 0 || !smaller {
			return out, err
		}
		if o.LowMemory != nil {
			o.LowMemory()
		}
		memory = int64(float64(tiling.Width*tiling.Height) * network.BytesPerPixel() / 4)
	}
}

// run runs the network on every tile of an image and blends the results, from top to bottom, so that only the rows of
// one tile are held as numbers.
func run(
	ctx context.Context, network Upscaler, img *image.NRGBA, tiling Tiling, o Options,
) (*image.NRGBA, error) {
	scale, width, height := network.Scale(), 0, 0
	width, height = padded(network, img.Rect.Size())
	tiles := tiling.Cover(width, height)
	side := tiles[0].Size().Mul(scale)
	sum := newBlend(1, 3, side.Y, width*scale)
	out := image.NewNRGBA(image.Rectangle{Max: img.Rect.Size().Mul(scale)})
	for i, at := range tiles {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		tile, err := runTile(ctx, network, toTensor(img, at))
		if err != nil {
			return nil, err
		}
		place := image.Rectangle{Min: at.Min.Mul(scale), Max: at.Max.Mul(scale)}
		sum.add(tile, place, image.Pt(width, height).Mul(scale), place.Min.Y, tiling.fade(scale))
		next := height * scale
		if i+1 < len(tiles) {
			next = tiles[i+1].Min.Y * scale
		}
		if next > place.Min.Y { // the last tile of a row
			sum.writeRows(out, place.Min.Y, next-place.Min.Y)
			sum.shift(min(next-place.Min.Y, side.Y))
		}
		if o.TileDone != nil {
			o.TileDone()
		}
	}
	return out, nil
}

// runTile runs the network on one tile, and checks what it makes.
func runTile(ctx context.Context, network Upscaler, tile tensor.Tensor) (tensor.Tensor, error) {
	out, err := network.Upscale(ctx, tile)
	if err != nil {
		return out, err
	}
	scale, height, width := network.Scale(), tile.Shape[2], tile.Shape[3]
	if err := out.Check(); err != nil || len(out.Shape) != 4 || out.Shape[1] != 3 || out.Shape[2] != height*scale ||
		out.Shape[3] != width*scale {
		return out, fmt.Errorf("the network returns shape %v for an image of %d×%d, want %d times its size",
			out.Shape, width, height, scale)
	}
	if !out.Finite() {
		return out, ErrNotNumbers
	}
	return out, nil
}
