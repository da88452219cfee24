package render

import (
	"context"
	"fmt"
	"image"

	scale "golang.org/x/image/draw"

	"darkroom/render/family"
	"darkroom/render/tensor"
)

// told is what an inpainting model is told beside the latents: the mask [1, 1, h, w], 1 where it paints, and the start
// picture with that part left grey.
type inpaintConditioning struct {
	extra       *family.ExtraInput
	mask        tensor.Tensor
	maskedImage posterior
}

// latents are the channels that stand behind those of the latents, [n, 1+c, h, w]: drawn by n noises, or the mean.
func (t *inpaintConditioning) channels(noises tensor.Tensor) tensor.Tensor {
	return t.extra.Join(t.mask, t.maskedImage.sample(noises))
}

// tell finds out what an inpainting model is told in a pass.
func (p *run) encodeInpaint(ctx context.Context, pass pass) (*inpaintConditioning, error) {
	f := p.parts.Config.PixelsPerLatent
	pixels, mask := tensor.New(1, 3, pass.height*f, pass.width*f), tensor.New(1, 1, pass.height, pass.width)
	switch {
	case p.initImage != nil && p.initImage.region != nil:
		grey := image.NewGray(image.Rect(0, 0, pass.width*f, pass.height*f))
		scale.NearestNeighbor.Scale(grey, grey.Rect, p.initImage.region.pixels, p.initImage.region.pixels.Rect, scale.Src, nil)
		pixels, mask = toTensor(Fit(p.initImage.canvas, pass.width*f, pass.height*f)), nearestMask(grey, f)
		for i := range pixels.Data {
			if grey.Pix[i%len(grey.Pix)] >= 128 {
				pixels.Data[i] = 0
			}
		}
	default:
		fill := p.parts.Config.Extra.Blank(p.spec.Dialect, p.initImage != nil)
		for i := range pixels.Data {
			pixels.Data[i] = fill
		}
		for i := range mask.Data {
			mask.Data[i] = 1
		}
	}
	latents, err := p.encodePosterior(ctx, pixels)
	if err != nil {
		return nil, fmt.Errorf("masked picture: %w", err)
	}
	return &inpaintConditioning{p.parts.Config.Extra, mask, latents}, nil
}

// join puts further channels behind those of each item of a batch; none when there are none. One item's, or those of
// some tiles, are repeated.
func appendChannels(x, beside tensor.Tensor) tensor.Tensor {
	if beside.Empty() {
		return x
	}
	out := tensor.New(x.Shape[0], x.Shape[1]+beside.Shape[1], x.Shape[2], x.Shape[3])
	for i := range x.Batch() {
		row := out.Row(i).Data
		copy(row[copy(row, x.Row(i).Data):], beside.Row(i%beside.Batch()).Data)
	}
	return out
}
