package render

import (
	"context"
	"errors"
	"fmt"
	"image"

	"darkroom/render/prompt"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// openUpscaler loads the upscaler that the Spec names, before anything is painted that it would enlarge. The caller
// calls release at the end.
func (p *run) openUpscaler(ctx context.Context) (release func(), err error) {
	named := p.spec.Upscaler
	if named == nil || p.spec.Upscale == nil {
		return func() {}, nil
	}
	if p.parts.Upscaler == nil {
		return nil, refuse("the upscaler %q is not available", named.Name)
	}
	if p.upscaler, release, err = p.parts.Upscaler(ctx, *named); err != nil {
		return nil, fmt.Errorf("open upscaler: %w", err)
	}
	from, to := p.sizes()
	p.progress.total += p.spec.Count * upscale.Tiles(p.upscaler, from, to, p.upscaleOptions(ctx))
	return release, nil
}

// sizes are those of a finished image before and after it is enlarged.
func (p *run) sizes() (from, to image.Point) {
	before := p.spec
	before.Upscale = nil
	small, large := before.Enlarged(), p.spec.Enlarged()
	return image.Pt(small.Width, small.Height), image.Pt(large.Width, large.Height)
}

func (p *run) upscaleOptions(ctx context.Context) upscale.Options {
	return upscale.Options{
		Memory: p.options.UpscaleMemory, LowMemory: func() { markLowMemory(ctx) },
		TileDone: func() { p.progress.part(ctx, p.previews) },
	}
}

// planUpscale plans the pass that repaints enlarged images, if there is one.
func (p *run) planUpscale() error {
	u, c := p.spec.Upscale, p.parts.Config
	if u == nil || u.Strength == 0 {
		return nil
	}
	size, f := p.spec.Enlarged(), p.parts.Config.PixelsPerLatent
	switch {
	case p.parts.Encoder == nil:
		return refuse("this model cannot repaint an upscaled image: it has no VAE encoder")
	case size.Width%f != 0 || size.Height%f != 0:
		return refuse("this model cannot upscale to %v: its sides must be multiples of %d", size, f)
	case u.Tile.Width%c.SizeMultiple != 0 || u.Tile.Height%c.SizeMultiple != 0:
		return refuse(
			"this model cannot repaint in tiles of %v: their sides must be multiples of %d", *u.Tile, c.SizeMultiple,
		)
	}
	plan, err := p.method.HiresPlan(p.trainingConfig(), u.Steps, u.Strength)
	if err != nil {
		return refuseBecause(fmt.Sprintf("this model cannot upscale an image in %d steps", u.Steps), err)
	}
	repaint := p.newPass(plan, size.Height, size.Width)
	repaint.steps = len(plan.Steps)
	repaint.calls = prompt.Calls{Count: u.Steps * p.method.CallsPerStep()}
	repaint.tiling = upscale.Tiling{
		Width: u.Tile.Width / f, Height: u.Tile.Height / f, Overlap: min(u.Tile.Width, u.Tile.Height) / f / 4,
	}
	p.repaint = &repaint
	return nil
}

// enlarge makes finished images larger, and repaints them if the Spec says so.
func (p *run) enlarge(ctx context.Context, tiles []Tile) ([]Tile, error) {
	_, size := p.sizes()
	for i := range tiles {
		img, err := upscale.Enlarge(ctx, p.upscaler, tiles[i].Image, size, p.upscaleOptions(ctx))
		if errors.Is(err, upscale.ErrNotNumbers) {
			return nil, refuseBecause(fmt.Sprintf("the upscaler %q cannot be used", p.spec.Upscaler.Name), err)
		}
		if err != nil {
			return nil, err
		}
		tiles[i].Image = img
	}
	if p.repaint == nil {
		return tiles, nil
	}
	return p.repaintTiles(ctx, tiles)
}

// repaintTiles runs a part of the schedule on enlarged images, in tiles of a size that the model knows. The steps of
// all tiles are blended, so that the image has no seams.
func (p *run) repaintTiles(ctx context.Context, tiles []Tile) ([]Tile, error) {
	p.job.BatchMember = nil // it has left the batch
	var err error
	if err = p.encodeTiles(ctx, p.repaint); err != nil {
		return nil, err
	}
	p.initImage = nil // what it protects is part of the enlarged images
	if p.parts.Config.Extra != nil {
		if p.repaint.inpaint, err = p.encodeInpaint(ctx, *p.repaint); err != nil {
			return nil, err
		}
	}
	var begun []tensor.Tensor
	for _, tile := range tiles {
		latents, err := p.encodePosterior(ctx, toTensor(tile.Image))
		if err != nil {
			return nil, err
		}
		begun = append(begun, latents.mean)
	}
	from, err := tensor.Concat(begun...)
	if err != nil {
		return nil, err
	}
	latents, err := p.samplePass(ctx, *p.repaint, &from, maskedLatents{})
	if err != nil {
		return nil, err
	}
	return p.decode(ctx, latents)
}
