package render

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"

	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// start is the picture that painting begins with, in the UNet's scale.
type start struct {
	latent tensor.Tensor  // [1, c, h, w]
	mask   *tensor.Tensor // [1, 1, h, w], 1 where it is repainted; nil for everywhere
}

// encodeStart brings the start picture and its mask to the size of the picture and encodes it. The encoder's mean is
// taken; diffusers draws from the distribution around it, which is about a thousandth wide.
func (p *painting) encodeStart(ctx context.Context) (*start, error) {
	s, c := p.spec, p.parts.Config
	img, err := p.input(ctx, s.Init.Picture)
	if err != nil {
		return nil, fmt.Errorf("start picture: %w", err)
	}
	latent, err := p.parts.Encoder.EncodeImage(ctx, toTensor(Fit(img, s.Width, s.Height)))
	if err != nil {
		return nil, fmt.Errorf("start picture: %w", err)
	}
	want := tensor.New(1, c.Channels, s.Height/c.Factor, s.Width/c.Factor)
	if !tensor.SameShape(latent, want) {
		return nil, fmt.Errorf("start picture: the encoder answers shape %v, want %v", latent.Shape, want.Shape)
	}
	out := &start{latent: tensor.Scale(latent, float32(c.ScalingFactor))}
	if s.Init.Mask == nil {
		return out, nil
	}
	if img, err = p.input(ctx, *s.Init.Mask); err != nil {
		return nil, fmt.Errorf("mask: %w", err)
	}
	mask := latentMask(Fit(img, s.Width, s.Height), c.Factor)
	out.mask = &mask
	return out, nil
}

// input finds and reads one input picture, and makes sure that it is the one that was promised.
func (p *painting) input(ctx context.Context, want picture.Input) (image.Image, error) {
	data, err := p.job.Input(ctx, want.SHA256)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != want.SHA256 {
		return nil, refused("the start picture is not the one that was sent", fmt.Errorf("its bytes have SHA-256 %x, want %s", sum, want.SHA256))
	}
	img, _, err := encode.Decode(data, p.options.MaxInputPixels)
	return img, refused("the start picture cannot be read", err)
}
