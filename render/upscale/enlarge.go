package upscale

import (
	"context"
	"fmt"
	"image"
	"math"

	"darkroom/render/tensor"
)

// Upscaler is a network that enlarges images: ESRGAN and its kin.
type Upscaler interface {
	// Scale is how many times larger its images are.
	Scale() int
	// Multiple is what the sides of an image must be multiples of.
	Multiple() int
	// Upscale enlarges RGB [1, 3, h, w] from 0 to 1.
	Upscale(ctx context.Context, pixels tensor.Tensor) (tensor.Tensor, error)
}

// The tiles of a network: 192 pixels are A1111's default for ESRGAN (ESRGAN_tile). Its overlap of 8 leaves seams with
// networks that look farther, so ours is 32.
const (
	networkTile    = 192
	networkOverlap = 32
)

// maxRuns is how often a network may enlarge what it has enlarged, as in A1111's Upscaler.upscale.
const maxRuns = 3

// Enlarge scales an opaque image to a size. The network runs until the image is large enough; what is missing or too
// much then is left to Lanczos's filter. A nil network leaves all to it.
func Enlarge(ctx context.Context, network Upscaler, img *image.NRGBA, size image.Point) (*image.NRGBA, error) {
	for range maxRuns {
		if network == nil || network.Scale() < 2 || img.Rect.Dx() >= size.X && img.Rect.Dy() >= size.Y {
			break
		}
		var err error
		if img, err = enlargeOnce(ctx, network, img); err != nil {
			return nil, fmt.Errorf("upscale: %w", err)
		}
	}
	if img.Rect.Size() == size {
		return img, nil
	}
	return Lanczos(img, size), nil
}

// enlargeOnce runs the network on an image. Sides that it does not take are continued by mirrored pixels.
func enlargeOnce(ctx context.Context, network Upscaler, img *image.NRGBA) (*image.NRGBA, error) {
	m := max(network.Multiple(), 1)
	whole := image.Pt((img.Rect.Dx()+m-1)/m*m, (img.Rect.Dy()+m-1)/m*m)
	side := max(networkTile/m, 1) * m
	tiling := Tiling{Width: side, Height: side, Overlap: networkOverlap, Multiple: m}
	out, err := tiling.Run(ctx, toTensor(img, whole), network.Upscale)
	if err != nil {
		return nil, err
	}
	scale := network.Scale()
	if err := out.Check(); err != nil || out.Shape[2] != whole.Y*scale || out.Shape[3] != whole.X*scale {
		return nil, fmt.Errorf("the network returns shape %v for an image of %v, want %d times its size",
			out.Shape, whole, scale)
	}
	return toImage(out, img.Rect.Size().Mul(scale)), nil
}

// toTensor turns an image into RGB from 0 to 1, its sides mirrored up to a size.
func toTensor(img *image.NRGBA, size image.Point) tensor.Tensor {
	out := tensor.New(1, 3, size.Y, size.X)
	for i := range size.X * size.Y {
		x, y := i%size.X, i/size.X
		at := img.PixOffset(img.Rect.Min.X+mirror(x, img.Rect.Dx()), img.Rect.Min.Y+mirror(y, img.Rect.Dy()))
		for c := range 3 {
			out.Data[c*size.X*size.Y+i] = float32(img.Pix[at+c]) / 255
		}
	}
	return out
}

// mirror folds a place beyond the end of a length back into it.
func mirror(at, length int) int {
	for at >= length || at < 0 {
		if at < 0 {
			at = -1 - at
		} else {
			at = 2*length - 1 - at
		}
	}
	return at
}

// toImage turns the upper left part of RGB from 0 to 1 into an opaque image of a size. What is not a number is black.
func toImage(t tensor.Tensor, size image.Point) *image.NRGBA {
	out := image.NewNRGBA(image.Rectangle{Max: size})
	height, width := t.Shape[2], t.Shape[3]
	for i := range size.X * size.Y {
		at := i/size.X*width + i%size.X
		for c := range 3 {
			if v := float64(t.Data[c*height*width+at]); v > 0 {
				out.Pix[4*i+c] = uint8(math.RoundToEven(255 * min(v, 1)))
			}
		}
		out.Pix[4*i+3] = 255
	}
	return out
}
