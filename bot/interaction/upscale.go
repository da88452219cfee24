package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/render/picture"
)

// A 2x upscale enlarges the finished latent and runs a part of the schedule on it: enough to add detail, too little to
// change the image.
const (
	upscaleBy       = 2.0
	upscaleStrength = 0.3
)

// upscale renders one tile again at twice its size.
func (p *repainter) upscale(ctx context.Context, r *responder) error {
	j, tile, err := p.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	if tile.Hires != nil {
		return message.ErrEnlarged
	}
	tile.Hires = &picture.Hires{Scale: upscaleBy, Steps: tile.Steps, Strength: upscaleStrength}
	return p.submit.derived(ctx, r, j, tile, newJob{verb: "upscale", tile: tileNumber(r)})
}
