package interaction

import (
	"context"
	"math"
	"strconv"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// layout places an image of a size on a canvas whose ground is rendered in windows.
type layout = func(picture, window request.Size) request.Canvas

// zoom places one tile, smaller, in the middle of its canvas and generates the area around it.
func (p *repainter) zoom(ctx context.Context, r *responder) error {
	if r.click.Arg == message.ZoomCustom {
		return p.askZoom(ctx, r)
	}
	by := map[string]float64{"2": 2, "1-5": 1.5}[r.click.Arg]
	if by == 0 {
		return message.ErrOldButton
	}
	return p.outpaint(ctx, r, "zoom", zoomedOut(by))
}

// The least and the most that somebody may zoom out at once. Midjourney takes 1 to 2; there is no need to stop there.
const (
	leastZoom = 1.05
	mostZoom  = 4
)

// askZoom opens a form that asks how far.
func (p *repainter) askZoom(ctx context.Context, r *responder) error {
	if _, err := p.clicks.job(ctx, r); err != nil {
		return err
	}
	_, err := r.respond(ctx, message.OpenForm(message.ZoomForm(r.req.Language, r.click, leastZoom, mostZoom)))
	return err
}

// zoomCustom takes that form.
func (p *repainter) zoomCustom(ctx context.Context, r *responder) error {
	text := strings.TrimSpace(r.req.Options[message.FieldZoom])
	by, err := strconv.ParseFloat(strings.TrimRight(strings.ReplaceAll(text, ",", "."), "x× "), 64)
	if err != nil || !(by >= leastZoom && by <= mostZoom) {
		return message.ErrZoom(text, leastZoom, mostZoom)
	}
	return p.outpaint(ctx, r, "zoom", zoomedOut(by))
}

// square extends one tile on its two shorter sides until it is square.
func (p *repainter) square(ctx context.Context, r *responder) error {
	return p.outpaint(ctx, r, "square", squared)
}

// squared places an image in the middle of a square canvas.
func squared(size, _ request.Size) request.Canvas {
	side := max(size.Width, size.Height)
	at := picture.Placement{
		X: halfInLatents(side - size.Width), Y: halfInLatents(side - size.Height), Width: size.Width, Height: size.Height,
	}
	return request.Canvas{Size: request.Size{Width: side, Height: side}, Place: at}
}

// zoomedOut places an image in the middle of a canvas of its own size, so many times smaller.
func zoomedOut(by float64) layout {
	return func(size, _ request.Size) request.Canvas {
		w, h := int(math.Round(float64(size.Width)/by)), int(math.Round(float64(size.Height)/by))
		at := picture.Placement{X: (size.Width - w) / 2, Y: (size.Height - h) / 2, Width: w, Height: h}
		return request.Canvas{Size: size, Place: at}
	}
}

// pan extends one tile to one side.
func (p *repainter) pan(ctx context.Context, r *responder) error {
	place := panned(r.click.Arg)
	if place == nil {
		return message.ErrOldButton
	}
	return p.outpaint(ctx, r, "pan", place)
}

// panned extends the canvas to a side by half of a window, as Midjourney extends it by half of an image; nil for no
// side.
func panned(side string) layout {
	to, known := map[string][2]int{"left": {-1, 0}, "right": {1, 0}, "up": {0, -1}, "down": {0, 1}}[side]
	if !known {
		return nil
	}
	return func(size, window request.Size) request.Canvas {
		x, y := to[0]*halfInLatents(window.Width), to[1]*halfInLatents(window.Height)
		at := picture.Placement{X: max(-x, 0), Y: max(-y, 0), Width: size.Width, Height: size.Height}
		size.Width, size.Height = size.Width+max(x, -x), size.Height+max(y, -y)
		return request.Canvas{Size: size, Place: at}
	}
}

// halfInLatents is half of a side in whole latents, so that the edge of the image is an edge of latents too.
func halfInLatents(side int) int { return side / 2 / picture.SizeMultiple * picture.SizeMultiple }

// outpaintFlags are the flags of a job that are still true of one made from it: not the seed, and not the aspect if the
// canvas has another shape.
func outpaintFlags(j job.Job, verb string) string {
	gone := []string{prompt.FlagSeed, prompt.FlagTile, prompt.FlagFit, prompt.FlagHires, prompt.FlagStop}
	if verb != "zoom" {
		gone = append(gone, prompt.FlagAspect)
	}
	return request.WithoutFlags(j.Address.Flags, gone...)
}

// outpaint generates the area around one tile, as many images as a gallery has. It starts from the file on the message,
// which may be an upscaled tile.
func (p *repainter) outpaint(ctx context.Context, r *responder, verb string, place layout) error {
	j, s, err := p.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	n := tileNumber(r)
	file, _, err := tileFile(r, j, n)
	if err != nil {
		return err
	}
	s.Seed, s.Variations, s.Tiling, s.Count = p.seed(), nil, false, picture.MaxCount
	s.Hires, s.Upscale, s.Upscaler, s.Stop = nil, nil, nil, 0
	return p.submit.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		made := newJob{
			verb: verb, tile: n, parent: j.ID, draft: j.Address.Draft, flags: outpaintFlags(j, verb),
			private: keepsPrivate(r, j), origins: j.Address.Origins,
		}
		var refusal *request.Refusal
		made.resolved, refusal = admit.JudgeOutpaint(r.req, available, policy, s, file, place, j.Spoiler)
		return made, refusal
	})
}
