package upscale

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"

	"darkroom/render/tensor"
)

// Upscaler is a network that enlarges images: ESRGAN and its kin.
type Upscaler interface {
	Traits() Traits
	// Upscale enlarges RGB [1, 3, h, w] from 0 to 1.
	Upscale(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error)
}

// Traits are what must be known of a network.
type Traits struct {
	Scale         int         // how many times larger its images are
	Multiple      int         // of the sides of an image; 0 for 1
	Tile          image.Point // the only size of an image that it takes; zero for any
	BytesPerPixel float64     // about how much memory a run takes for each pixel of the image
	// Runs is how often it may enlarge what it has enlarged; 0 for as often as A1111 does. A network that mends what a
	// VAE leaves at its image's own size makes things worse in a second run.
	Runs int
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

// maxRuns is how often a network may enlarge what it has enlarged, as in A1111's Upscaler.upscale, if it does not say.
const maxRuns = 3

// ErrNotNumbers says that a network makes something that is no image.
var ErrNotNumbers = errors.New("the network makes values that are not numbers: its weights are damaged, " +
	"or too large for this device")

// Enlarge scales an opaque image to a size. The network runs until the image is large enough; what is missing or too
// much then is left to Lanczos's filter. A network of scale 1, which cleans images, runs once. A nil network leaves
// all to the filter.
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
		n += len(tilingOf(network.Traits(), from, o.memory()).Cover(network.Traits().padded(from)))
		from = from.Mul(network.Traits().Scale)
	}
	return n
}

// runs is how often a network enlarges an image of a size for another size.
func runs(network Upscaler, from, to image.Point) (n int) {
	if network == nil {
		return 0
	}
	t := network.Traits()
	if t.Scale < 2 {
		return 1
	}
	for n < cmp.Or(t.Runs, maxRuns) && (from.X < to.X || from.Y < to.Y) {
		n, from = n+1, from.Mul(t.Scale)
	}
	return n
}

// runFitting runs the network on an image, in smaller tiles if memory runs out.
func runFitting(ctx context.Context, network Upscaler, img *image.NRGBA, o Options) (*image.NRGBA, error) {
	memory, t := o.memory(), network.Traits()
	for {
		tiling := tilingOf(t, img.Rect.Size(), memory)
		out, err := run(ctx, network, img, tiling, o)
		smaller := t.Tile.X == 0 && max(tiling.Width, tiling.Height) > t.leastTile()
		if !errors.Is(err, tensor.ErrOutOfMemory) || !smaller {
			return out, err
		}
		if o.LowMemory != nil {
			o.LowMemory()
		}
		memory = int64(float64(tiling.Width*tiling.Height) * t.BytesPerPixel / 4)
	}
}

// run runs the network on every tile of an image and blends the results, from top to bottom, so that only the rows of
// one tile are held as numbers.
func run(
	ctx context.Context, network Upscaler, img *image.NRGBA, tiling Tiling, o Options,
) (*image.NRGBA, error) {
	scale := network.Traits().Scale
	width, height := network.Traits().padded(img.Rect.Size())
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
	scale, height, width := network.Traits().Scale, tile.Shape[2], tile.Shape[3]
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
