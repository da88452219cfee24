package render

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// initImage is the image that img2img, inpainting or outpainting begins with.
type initImage struct {
	canvas *image.NRGBA // in the size that is generated
	latent posterior
	region *region  // what is regenerated; nil for all of it
	mode   maskMode // how the rest is kept
}

// encodeInitImage scales the init image and its mask to the size of the Spec and encodes the image.
func (p *run) encodeInitImage(ctx context.Context) (*initImage, error) {
	s := p.spec
	img, err := p.inputImage(ctx, s.Init.Picture, "init image")
	if err != nil {
		return nil, fmt.Errorf("init image: %w", err)
	}
	out := &initImage{canvas: placeOnCanvas(img, s)}
	if out.latent, err = p.encodePosterior(ctx, toTensor(out.canvas)); err != nil {
		return nil, fmt.Errorf("init image: %w", err)
	}
	if out.region, err = p.region(ctx); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	switch {
	case s.Init.Placement != nil: // no reference outpaints, so this is our own in both dialects
		out.mode = maskNoisedInput
	case s.Dialect == picture.A1111 && usesTimesteps(s.Sampler):
		out.mode = maskCleanInput
	case s.Dialect == picture.A1111:
		out.mode = maskEstimate
	case p.parts.Config.Extra != nil:
		out.mode = maskByModel
	case asksAhead(s.Sampler):
		out.mode = maskNoisedAhead
	}
	return out, nil
}

// usesTimesteps says whether a sampler is one of those that A1111 has besides k-diffusion's: they count in timesteps.
func usesTimesteps(name string) bool {
	base, _ := sampler.SplitName(name)
	return base == "ddim" || base == "plms" || base == "unipc"
}

// asksAhead says whether a sampler is one of the diffusers schedulers that have the noise of a step's end between the
// two calls of a step (add_noise of KDPM2DiscreteScheduler, KDPM2AncestralDiscreteScheduler and DPMSolverSDEScheduler).
func asksAhead(name string) bool {
	base, _ := sampler.SplitName(name)
	return base == "dpm2" || base == "dpm2_a" || base == "dpmpp_sde"
}

// region finds out what is regenerated; nil for everything.
func (p *run) region(ctx context.Context) (*region, error) {
	s, factor := p.spec, p.parts.Config.PixelsPerLatent
	if s.Init.Mask == nil && s.Init.Placement == nil {
		return nil, nil
	}
	var mask *image.NRGBA
	if s.Init.Mask != nil {
		img, err := p.inputImage(ctx, *s.Init.Mask, "mask")
		if err != nil {
			return nil, err
		}
		width, height := s.Width, s.Height
		if s.Init.Placement != nil {
			width, height = s.Init.Placement.Width, s.Init.Placement.Height
		}
		mask = fit(img, width, height)
	}
	var r region
	if s.Init.Placement != nil {
		r = outpaintRegion(s, mask, factor)
	} else {
		r = regionFromMask(mask, factor, s.Dialect, p.job.MaskBlur)
	}
	return &r, nil
}

// inputImage finds and reads one input image, and checks that it is the one that the Spec names.
func (p *run) inputImage(ctx context.Context, want picture.Input, called string) (image.Image, error) {
	data, err := p.job.Input(ctx, want.SHA256)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, refuseBecause(
			fmt.Sprintf("the %s is not the one that was sent", called),
			fmt.Errorf("its bytes have SHA-256 %x, want %s", sum, want.SHA256),
		)
	}
	img, _, err := encode.Decode(ctx, data, p.options.MaxInputPixels)
	return img, refuseBecause(fmt.Sprintf("the %s cannot be read", called), err)
}
