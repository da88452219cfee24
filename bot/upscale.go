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
func (h *handler) upscale(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	tile, err := h.clickedTile(v.spec)
	if err != nil {
		return err
	}
	if tile.Hires != nil {
		return errEnlarged
	}
	tile.Hires = &picture.Hires{Scale: upscaleBy, Steps: tile.Steps, Strength: upscaleStrength}
	return h.submitDerived(ctx, e, tile, newJob{verb: "upscale", tile: max(h.click.Tile, 1)})
}
