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

// start is the picture that painting begins with.
type start struct {
	canvas *image.NRGBA // in the size that is painted
	latent posterior
	region *region // what is painted anew; nil for all of it
	how    holding // of what is not
}

// encodeStart brings the start picture and its mask to the size of the picture and encodes it.
func (p *painting) encodeStart(ctx context.Context) (*start, error) {
	s := p.spec
	img, err := p.input(ctx, s.Init.Picture, "start picture")
	if err != nil {
		return nil, fmt.Errorf("start picture: %w", err)
	}
	out := &start{canvas: lay(img, s)}
	if out.latent, err = p.posteriorOf(ctx, toTensor(out.canvas)); err != nil {
		return nil, fmt.Errorf("start picture: %w", err)
	}
	if out.region, err = p.region(ctx); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	switch {
	case s.Init.Place != nil: // no reference paints around a picture, so this is our own in both dialects
		out.how = holdInput
	case s.Dialect == picture.A1111 && countsTime(s.Sampler):
		out.how = holdClean
	case s.Dialect == picture.A1111:
		out.how = holdEstimate
	case p.parts.Config.Inpaint:
		out.how = holdNothing
	case asksAhead(s.Sampler):
		out.how = holdAhead
	}
	return out, nil
}

// countsTime tells whether a sampler is one of those that A1111 has besides k-diffusion's.
func countsTime(name string) bool {
	base, _ := sampler.Parts(name)
	return base == "ddim" || base == "plms" || base == "unipc"
}

// asksAhead tells whether a sampler is one of diffusers' KDPM2 schedulers.
func asksAhead(name string) bool {
	base, _ := sampler.Parts(name)
	return base == "dpm2" || base == "dpm2_a"
}

// region finds out what is painted anew; nil for everything.
func (p *painting) region(ctx context.Context) (*region, error) {
	s, factor := p.spec, p.parts.Config.Factor
	if s.Init.Mask == nil && s.Init.Place == nil {
		return nil, nil
	}
	var mask *image.NRGBA
	if s.Init.Mask != nil {
		img, err := p.input(ctx, *s.Init.Mask, "mask")
		if err != nil {
			return nil, err
		}
		width, height := s.Width, s.Height
		if s.Init.Place != nil {
			width, height = s.Init.Place.Width, s.Init.Place.Height
		}
		mask = Fit(img, width, height)
	}
	var r region
	if s.Init.Place != nil {
		r = around(s, mask, factor)
	} else {
		r = regionOf(mask, factor, s.Dialect)
	}
	return &r, nil
}

// input finds and reads one input picture, and makes sure that it is the one that was promised.
func (p *painting) input(ctx context.Context, want picture.Input, called string) (image.Image, error) {
	data, err := p.job.Input(ctx, want.SHA256)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, refused("the "+called+" is not the one that was sent", fmt.Errorf("its bytes have SHA-256 %x, want %s", sum, want.SHA256))
	}
	img, _, err := encode.Decode(data, p.options.MaxInputPixels)
	return img, refused("the "+called+" cannot be read", err)
}
