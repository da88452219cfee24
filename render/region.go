package render

import (
	"image"
	"math"

	scale "golang.org/x/image/draw"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// region is the part of an image that is regenerated.
type region struct {
	pixels  *image.Gray   // 255 inside, in the size of the image
	latent  tensor.Tensor // the same for latents, [1, 1, h, w] from 0 to 1
	overlay *image.Gray   // how far the init image covers the finished one; nil for not at all
}

// regionFromMask reads a mask, white where the image is regenerated, as a dialect does. Asked to blur it, both do it as
// A1111.
//
// diffusers lays nothing over its result unless it works on a crop (padding_mask_crop), so the whole image is what the
// VAE makes of it, and around the region, in the size of a latent, it differs more.
func regionFromMask(mask *image.NRGBA, factor int, d picture.Dialect, blurBy *int) region {
	grey := toGrey(mask)
	switch {
	case blurBy != nil:
		return softRegion(grey, factor, *blurBy)
	case d == picture.A1111:
		return softRegion(grey, factor, maskBlur)
	}
	for i, v := range grey.Pix { // diffusers' do_binarize
		grey.Pix[i] = 255 * (v >> 7)
	}
	return region{pixels: grey, latent: nearestMask(grey, factor)}
}

// maskBlur is A1111's default for "Mask blur", in pixels.
const maskBlur = 4

// softRegion reads a mask as A1111 does: its edge is blurred, a latent belongs to it if most of the latent does, and
// the init image covers the finished one where the blurred mask is less than half white, with a soft edge.
func softRegion(grey *image.Gray, factor, blurBy int) region {
	r := region{pixels: blur(grey, blurBy)}
	r.overlay = image.NewGray(grey.Rect)
	for i, v := range r.pixels.Pix {
		r.overlay.Pix[i] = 255 - uint8(min(2*int(v), 255))
	}
	r.latent = roundedMask(shrinkGrey(r.pixels, factor))
	return r
}

// overlayOn lays the init image over a finished one, as far as the region says.
func (s *initImage) overlayOn(img *image.NRGBA) {
	if s == nil || s.region == nil || s.region.overlay == nil {
		return
	}
	size := img.Bounds().Size()
	over := fit(s.canvas, size.X, size.Y)
	weight := s.region.overlay
	for i := range size.X * size.Y {
		by := int(weight.Pix[i/size.X*weight.Rect.Dy()/size.Y*weight.Stride+i%size.X*weight.Rect.Dx()/size.X])
		for c := range 3 {
			v := int(img.Pix[4*i+c])*(255-by) + int(over.Pix[4*i+c])*by
			img.Pix[4*i+c] = uint8((v + 127) / 255)
		}
	}
}

// roundedMask makes a latent mask of a grey one, rounding half to even.
func roundedMask(grey *image.Gray) tensor.Tensor {
	out := tensor.New(1, 1, grey.Rect.Dy(), grey.Rect.Dx())
	for i, v := range grey.Pix {
		out.Data[i] = float32(math.RoundToEven(float64(v) / 255))
	}
	return out
}

// shrinkGrey scales a grey image down by the bicubic filter, as PIL's resize does by default.
func shrinkGrey(grey *image.Gray, factor int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, grey.Rect.Dx()/factor, grey.Rect.Dy()/factor))
	scale.CatmullRom.Scale(out, out.Rect, grey, grey.Rect, scale.Src, nil)
	return out
}

// nearestMask reads the upper left pixel of every latent, as torch's nearest interpolation does: 1 where that is white.
func nearestMask(grey *image.Gray, factor int) tensor.Tensor {
	out := tensor.New(1, 1, grey.Rect.Dy()/factor, grey.Rect.Dx()/factor)
	w := out.Shape[3]
	for i := range out.Data {
		if grey.GrayAt(i%w*factor, i/w*factor).Y >= 128 {
			out.Data[i] = 1
		}
	}
	return out
}

// toGrey turns an image grey with the weights of ITU-R 601, in the whole numbers of PIL's "L" mode.
func toGrey(img *image.NRGBA) *image.Gray {
	b := img.Bounds()
	out := image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy()))
	for i := range out.Pix {
		c := img.NRGBAAt(b.Min.X+i%b.Dx(), b.Min.Y+i/b.Dx())
		out.Pix[i] = uint8((19595*uint32(c.R) + 38470*uint32(c.G) + 7471*uint32(c.B) + 0x8000) >> 16)
	}
	return out
}

// blur is a Gaussian blur of deviation by, cut off where OpenCV's is in A1111 (a kernel of 2·int(2.5σ+½)+1 pixels) and
// mirrored at the edges. 0 is none.
func blur(grey *image.Gray, by int) *image.Gray {
	if by == 0 {
		return grey
	}
	sigma := float64(by)
	reach := int(2.5*sigma + 0.5)
	kernel := make([]float64, 2*reach+1)
	sum := 0.0
	for i := range kernel {
		kernel[i] = math.Exp(-float64((i-reach)*(i-reach)) / (2 * sigma * sigma))
		sum += kernel[i]
	}
	w, h := grey.Rect.Dx(), grey.Rect.Dy()
	out, line := image.NewGray(grey.Rect), make([]uint8, max(w, h)+2*reach)
	along := func(from *image.Gray, first, apart, n int) { // n pixels of a row or of a column
		for i := range n + 2*reach {
			line[i] = from.Pix[first+apart*mirror(i-reach, n)]
		}
		for i := range n {
			v := 0.0
			for k, by := range kernel {
				v += by * float64(line[i+k])
			}
			out.Pix[first+apart*i] = uint8(math.RoundToEven(v / sum))
		}
	}
	for y := range h {
		along(grey, y*w, 1, w)
	}
	for x := range w {
		along(out, x, w, h)
	}
	return out
}

// mirror folds a position back into 0…n−1, the edge itself not repeated.
func mirror(at, n int) int {
	if n == 1 {
		return 0
	}
	at = ((at % (2*n - 2)) + 2*n - 2) % (2*n - 2)
	return min(at, 2*n-2-at)
}
