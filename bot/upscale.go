package bot

import (
	"context"

	"darkroom/render/picture"
)

// A 2x upscale enlarges the finished latent and paints over it: enough of the schedule to add detail, not so much that
// the picture changes.
const (
	upscaleBy       = 2.0
	upscaleStrength = 0.3
)

// upscale paints one tile again at twice its size.
func (t *turn) upscale(ctx context.Context) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	tile, err := t.tileOf(v.spec)
	if err != nil {
		return err
	}
	if tile.Hires != nil {
		return errEnlarged
	}
	tile.Hires = &picture.Hires{Scale: upscaleBy, Steps: tile.Steps, Strength: upscaleStrength}
	return t.repaint(ctx, e, tile, promise{verb: "upscale", tile: max(t.click.Tile, 1)})
}
