package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/render/picture"
)

// A 2x upscale enlarges the finished latent and paints over it: enough of the schedule to add detail, not so much that
// the picture changes.
const (
	upscaleBy       = 2.0
	upscaleStrength = 0.3
)

// upscale paints one tile again at twice its size.
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
