package render

import (
	"context"
	"image"

	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// hold keeps the protected part of the denoised estimate at the start picture. x there follows start + σ·noise of
// itself, so with the deterministic samplers this is what diffusers' inpainting does after each step.
func (k keep) hold(denoise sampler.Denoise) sampler.Denoise {
	return func(ctx context.Context, x tensor.Tensor, s sampler.Step) (tensor.Tensor, error) {
		d, err := denoise(ctx, x, s)
		if err != nil {
			return tensor.Tensor{}, err
		}
		return k.blend(d), nil
	}
}

// blend returns x where the mask is 1 and the kept latents where it is 0.
func (k keep) blend(x tensor.Tensor) tensor.Tensor {
	out := x.Clone()
	plane := len(k.mask.Data)
	for i := range out.Data {
		if k.mask.Data[i%plane] == 0 {
			out.Data[i] = k.latents.Data[i]
		}
	}
	return out
}

// latentMask looks at the upper left pixel of every latent, as torch's nearest interpolation does: 1 where that is at
// least half white, 0 elsewhere.
func latentMask(img *image.NRGBA, factor int) tensor.Tensor {
	b := img.Bounds()
	out := tensor.New(1, 1, b.Dy()/factor, b.Dx()/factor)
	w := out.Shape[3]
	for i := range out.Data {
		c := img.NRGBAAt(b.Min.X+i%w*factor, b.Min.Y+i/w*factor)
		if luminance(c.R, c.G, c.B) >= 0.5 {
			out.Data[i] = 1
		}
	}
	return out
}

// luminance is that of ITU-R 601, which PIL's "L" mode uses, from 0 to 1.
func luminance(r, g, b uint8) float64 {
	return (0.299*float64(r) + 0.587*float64(g) + 0.114*float64(b)) / 255
}
