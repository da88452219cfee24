package interaction

import (
	"context"

	"darkroom/bot/message"
	"darkroom/render/picture"
)

// How far variations go, as the share of new noise: subtle keeps the image, strong keeps little more than its layout.
// The first is the value that A1111's users take for "the same image, slightly different".
const (
	varySubtle = 0.15
	varyUsual  = 0.3
	varyStrong = 0.6
)

// varyStrengths are how far the buttons go, by their arguments.
var varyStrengths = map[string]float64{"": varyUsual, "subtle": varySubtle, "strong": varyStrong}

// vary renders variations of one tile: as many as a gallery has.
func (p *repainter) vary(ctx context.Context, r *responder) error {
	j, tile, err := p.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	strength := varyStrengths[r.click.Arg]
	if strength == 0 {
		return message.ErrOldButton
	}
	tile.Hires, tile.Upscale, tile.Upscaler = nil, nil, nil // four upscaled images would take long
	s := tile.Vary(p.seed(), strength, picture.MaxCount)
	if err := p.submit.derived(ctx, r, j, s, newJob{verb: "vary", tile: tileNumber(r)}); err != nil {
		return err
	}
	p.used.mark(r, j)
	return nil
}
