package render

import (
	"context"
	"fmt"
	"image"

	scale "golang.org/x/image/draw"

	"darkroom/render/family"
	"darkroom/render/tensor"
)

// inpaintConditioning is what the UNet of an inpainting model reads after the latents: the mask [1, 1, h, w], 1 where
// it generates, and the init image with that part left grey.
type inpaintConditioning struct {
	extra       *family.ExtraInput
	mask        tensor.Tensor
	maskedImage posterior
}

// channels returns the channels after those of the latents, [n, 1+c, h, w]: drawn with n noises, or of the mean.
func (t *inpaintConditioning) channels(noises tensor.Tensor) tensor.Tensor {
	return t.extra.Join(t.mask, t.maskedImage.sample(noises))
}

// encodeInpaint makes the conditioning of an inpainting model in a pass.
func (p *run) encodeInpaint(ctx context.Context, pass pass) (*inpaintConditioning, error) {
	f := p.parts.Config.PixelsPerLatent
	pixels, mask := tensor.New(1, 3, pass.height*f, pass.width*f), tensor.New(1, 1, pass.height, pass.width)
	switch {
	case p.initImage != nil && p.initImage.region != nil:
		grey := image.NewGray(image.Rect(0, 0, pass.width*f, pass.height*f))
		scale.NearestNeighbor.Scale(
			grey, grey.Rect, p.initImage.region.pixels, p.initImage.region.pixels.Rect, scale.Src, nil,
		)
		pixels, mask = toTensor(fit(p.initImage.canvas, pass.width*f, pass.height*f)), nearestMask(grey, f)
		for i := range pixels.Data {
			if grey.Pix[i%len(grey.Pix)] >= 128 {
				pixels.Data[i] = 0
			}
		}
	default:
		// The image stays grey, 0: in A1111 0.5 before it is scaled to -1..1 (txt2img_image_conditioning).
		for i := range mask.Data {
			mask.Data[i] = 1
		}
	}
	latents, err := p.encodePosterior(ctx, pixels)
	if err != nil {
		return nil, fmt.Errorf("masked image: %w", err)
	}
	return &inpaintConditioning{p.parts.Config.Extra, mask, latents}, nil
}

// appendChannels puts further channels after those of each item of a batch, if there are any. Channels of fewer items
// are repeated.
func appendChannels(x, extra tensor.Tensor) tensor.Tensor {
	if extra.Empty() {
		return x
	}
	out := tensor.New(x.Shape[0], x.Shape[1]+extra.Shape[1], x.Shape[2], x.Shape[3])
	for i := range x.Batch() {
		row := out.Row(i).Data
		copy(row[copy(row, x.Row(i).Data):], extra.Row(i%extra.Batch()).Data)
	}
	return out
}
