package bot

import (
	"context"

	"darkroom/render/picture"
)

// How far variations go, as the share of new noise: subtle keeps the picture, strong keeps little more than its layout.
// The first is what A1111's users take for "the same picture, slightly different".
const (
	varySubtle = 0.15
	varyUsual  = 0.3
	varyStrong = 0.6
)

// vary paints variations of one tile: as many as make a gallery.
func (h *handler) vary(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	tile, err := h.clickedTile(v.spec)
	if err != nil {
		return err
	}
	strength := map[string]float64{"": varyUsual, "subtle": varySubtle, "strong": varyStrong}[h.click.Arg]
	if strength == 0 {
		return errOldButton
	}
	tile.Hires = nil // four enlarged pictures would be a long wait for a first look
	s := tile.Vary(h.o.Seed(), strength, picture.MaxCount)
	return h.submitDerived(ctx, e, s, newJob{verb: "vary", tile: max(h.click.Tile, 1)})
}
