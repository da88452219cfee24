package bot

import (
	"context"
	"math"

	"darkroom/bot/admit"
	"darkroom/render/picture"
)

// outpaintStrength is how much of what lies around a picture is painted anew: nearly all. The rest are the colours of its
// edge, which keep sky and sea where they were.
const outpaintStrength = 0.8

// zoom lays one tile in the middle of its canvas, smaller, and paints what lies around it.
func (h *handler) zoom(ctx context.Context) error {
	by := map[string]float64{"2": 2, "1-5": 1.5}[h.click.Arg]
	if by == 0 {
		return errOldButton
	}
	return h.outpaint(ctx, "zoom", func(width, height int) picture.Placement {
		innerWidth, innerHeight := roundToLatent(float64(width)/by), roundToLatent(float64(height)/by)
		return picture.Placement{X: roundToLatent(float64(width-innerWidth) / 2), Y: roundToLatent(float64(height-innerHeight) / 2), Width: innerWidth, Height: innerHeight}
	})
}

// pan looks to one side of a tile: half of it moves out of the picture, and the free half is painted.
func (h *handler) pan(ctx context.Context) error {
	to, known := map[string][2]float64{"left": {0.5, 0}, "right": {-0.5, 0}, "up": {0, 0.5}, "down": {0, -0.5}}[h.click.Arg]
	if !known {
		return errOldButton
	}
	return h.outpaint(ctx, "pan", func(width, height int) picture.Placement {
		return picture.Placement{X: roundToLatent(to[0] * float64(width)), Y: roundToLatent(to[1] * float64(height)), Width: width, Height: height}
	})
}

// roundToLatent is the nearest multiple of a latent's side: so the edge of the picture is one of latents too.
func roundToLatent(pixels float64) int {
	return int(math.Round(pixels/picture.SizeMultiple)) * picture.SizeMultiple
}

// around paints around one tile, as many pictures as make a gallery. It begins from the bytes on the message, which may
// be a tile that was enlarged.
func (h *handler) outpaint(ctx context.Context, verb string, place func(width, height int) picture.Placement) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	s, err := h.clickedTile(v.spec)
	if err != nil {
		return err
	}
	n := max(h.click.Tile, 1)
	file, _, err := h.tileFile(e, n)
	if err != nil {
		return err
	}
	s.Seed, s.Variations, s.Hires, s.Tiling, s.Count = h.o.Seed(), nil, nil, false, picture.MaxCount
	return h.submit(ctx, func(available admit.Available, policy admit.Policy) (newJob, *admit.Refusal) {
		j := newJob{verb: verb, tile: n, parent: e.ID}
		var no *admit.Refusal
		j.resolved, no = admit.JudgeOutpaint(h.req, available, policy, s, admit.InitImage{File: file, Strength: outpaintStrength}, place, e.Spoiler)
		return j, no
	})
}
