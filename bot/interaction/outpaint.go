package interaction

import (
	"context"
	"math"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// outpaintStrength is how much of the area around an image is replaced: nearly all. The rest are the colours of the
// image's edge, which keep sky and sea where they were.
const outpaintStrength = 0.8

// zoom places one tile, smaller, in the middle of its canvas and generates the area around it.
func (p *repainter) zoom(ctx context.Context, r *responder) error {
	by := map[string]float64{"2": 2, "1-5": 1.5}[r.click.Arg]
	if by == 0 {
		return message.ErrOldButton
	}
	return p.outpaint(ctx, r, "zoom", func(width, height int) picture.Placement {
		w, h := roundToLatent(float64(width)/by), roundToLatent(float64(height)/by)
		return picture.Placement{
			X: roundToLatent(float64(width-w) / 2), Y: roundToLatent(float64(height-h) / 2), Width: w, Height: h,
		}
	})
}

// pan moves one tile sideways: half of it leaves the canvas, and the free half is generated.
func (p *repainter) pan(ctx context.Context, r *responder) error {
	to, known := map[string][2]float64{
		"left": {0.5, 0}, "right": {-0.5, 0}, "up": {0, 0.5}, "down": {0, -0.5},
	}[r.click.Arg]
	if !known {
		return message.ErrOldButton
	}
	return p.outpaint(ctx, r, "pan", func(width, height int) picture.Placement {
		return picture.Placement{
			X: roundToLatent(to[0] * float64(width)), Y: roundToLatent(to[1] * float64(height)), Width: width, Height: height,
		}
	})
}

// roundToLatent is the nearest multiple of a latent's side, so that the edge of the image is an edge of latents too.
func roundToLatent(pixels float64) int {
	return int(math.Round(pixels/picture.SizeMultiple)) * picture.SizeMultiple
}

// outpaint generates the area around one tile, as many images as a gallery has. It starts from the file on the message,
// which may be an upscaled tile.
func (p *repainter) outpaint(
	ctx context.Context, r *responder, verb string, place func(width, height int) picture.Placement,
) error {
	j, s, err := p.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	n := tileNumber(r)
	file, _, err := tileFile(r, j, n)
	if err != nil {
		return err
	}
	s.Seed, s.Variations, s.Hires, s.Tiling, s.Count = p.seed(), nil, nil, false, picture.MaxCount
	from := request.InitImage{File: file, Strength: outpaintStrength}
	return p.submit.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		made := newJob{verb: verb, tile: n, parent: j.ID}
		var refusal *request.Refusal
		made.resolved, refusal = admit.JudgeOutpaint(r.req, available, policy, s, from, place, j.Spoiler)
		return made, refusal
	})
}
