package bot

import (
	"context"
	"math"

	"darkroom/bot/admit"
	"darkroom/render/picture"
)

// aroundStrength is how much of what lies around a picture is painted anew: nearly all. The rest are the colours of its
// edge, which keep sky and sea where they were.
const aroundStrength = 0.8

// zoom lays one tile in the middle of its canvas, smaller, and paints what lies around it.
func (t *turn) zoom(ctx context.Context) error {
	by := map[string]float64{"2": 2, "1-5": 1.5}[t.click.Arg]
	if by == 0 {
		return errOldButton
	}
	return t.around(ctx, "zoom", func(width, height int) picture.Place {
		w, h := inEights(float64(width)/by), inEights(float64(height)/by)
		return picture.Place{X: inEights(float64(width-w) / 2), Y: inEights(float64(height-h) / 2), Width: w, Height: h}
	})
}

// pan looks to one side of a tile: half of it moves out of the picture, and the free half is painted.
func (t *turn) pan(ctx context.Context) error {
	to, known := map[string][2]float64{"left": {0.5, 0}, "right": {-0.5, 0}, "up": {0, 0.5}, "down": {0, -0.5}}[t.click.Arg]
	if !known {
		return errOldButton
	}
	return t.around(ctx, "pan", func(width, height int) picture.Place {
		return picture.Place{X: inEights(to[0] * float64(width)), Y: inEights(to[1] * float64(height)), Width: width, Height: height}
	})
}

// inEights is the nearest multiple of a latent's side: so the edge of the picture is one of latents too.
func inEights(pixels float64) int {
	return int(math.Round(pixels/picture.SizeMultiple)) * picture.SizeMultiple
}

// around paints around one tile, as many pictures as make a gallery. It begins from the bytes on the message, which may
// be a tile that was enlarged.
func (t *turn) around(ctx context.Context, verb string, place func(width, height int) picture.Place) error {
	e, v, err := t.clicked(ctx)
	if err != nil {
		return err
	}
	s, err := t.tileOf(v.spec)
	if err != nil {
		return err
	}
	n := max(t.click.Tile, 1)
	file, _, err := t.tileFile(e, n)
	if err != nil {
		return err
	}
	s.Seed, s.Variations, s.Hires, s.Tiling, s.Count = t.o.Seed(), nil, nil, false, picture.MaxCount
	return t.order(ctx, func(offer admit.Offer, policy admit.Policy) (promise, *admit.Refusal) {
		p := promise{verb: verb, tile: n, parent: e.ID}
		var no *admit.Refusal
		p.order, no = admit.Around(t.req, offer, policy, s, admit.Start{File: file, Strength: aroundStrength}, place, e.Spoiler)
		return p, no
	})
}
