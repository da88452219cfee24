package interaction

import (
	"context"
	"strconv"
	"strings"

	"darkroom/bot/admit"
	"darkroom/bot/button"
	"darkroom/bot/job"
	"darkroom/bot/message"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

// upscales are what the buttons ask for, by their arguments. The older form of messages has none.
var upscales = map[string]request.WantedUpscale{
	"": {By: 2}, message.UpscaleSubtle: {By: 2},
	message.UpscaleCreative: {By: 2, Strength: new(request.CreativeStrength)},
}

// upscale renders one tile again, and enlarges it.
func (p *repainter) upscale(ctx context.Context, r *responder) error {
	j, tile, err := p.enlargeable(ctx, r)
	if err != nil {
		return err
	}
	if r.click.Arg == message.UpscaleChoose {
		id := button.ID{Verb: button.Upscale, Job: j.ID, Tile: r.click.Tile, Arg: message.UpscaleChoose}
		available := p.submit.catalog.Available()
		available.Safe = !r.req.Place.AgeRestricted
		if len(available.Models) == 0 {
			return message.ErrReconnecting
		}
		_, err = r.respond(ctx, message.OpenForm(message.UpscaleForm(r.req.Language, id, available.UpscalerNames(tile))))
		return err
	}
	wanted, known := upscales[r.click.Arg]
	if !known {
		return message.ErrOldButton
	}
	return p.enlarge(ctx, r, j, tile, wanted)
}

// submitUpscale takes the form in which an upscale was chosen.
func (p *repainter) submitUpscale(ctx context.Context, r *responder) error {
	j, tile, err := p.enlargeable(ctx, r)
	if err != nil {
		return err
	}
	by, err := typedNumber(r.req.Options[message.FieldTimes])
	if err != nil {
		return err
	}
	wanted := request.WantedUpscale{By: by, Upscaler: r.req.Options[message.FieldUpscaler]}
	if typed := strings.TrimSpace(r.req.Options[message.FieldRepaint]); typed != "" {
		strength, err := typedNumber(typed)
		if err != nil {
			return err
		}
		wanted.Strength = &strength
	}
	return p.enlarge(ctx, r, j, tile, wanted)
}

// typedNumber reads a number that a person typed: with a point or a comma, and perhaps an x after it.
func typedNumber(typed string) (float64, error) {
	plain := strings.TrimRight(strings.ReplaceAll(strings.TrimSpace(typed), ",", "."), "x×")
	n, err := strconv.ParseFloat(strings.TrimSpace(plain), 64)
	if err != nil {
		return 0, request.Refuse("Want a number, such as 2 or 0.3.", "Unknown number “%s”.", message.Shorten(typed, 40))
	}
	return n, nil
}

// enlargeable finds the clicked tile, which must not be enlarged already.
func (p *repainter) enlargeable(ctx context.Context, r *responder) (job.Job, picture.Spec, error) {
	j, tile, err := p.clicks.tile(ctx, r)
	if err == nil && (tile.Hires != nil || tile.Upscale != nil) {
		err = message.ErrEnlarged
	}
	return j, tile, err
}

func (p *repainter) enlarge(
	ctx context.Context, r *responder, j job.Job, tile picture.Spec, wanted request.WantedUpscale,
) error {
	return p.submit.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		made := newJob{verb: "upscale", tile: tileNumber(r), parent: j.ID, draft: j.Address.Draft}
		made.private, made.origins = keepsPrivate(r, j), j.Address.Origins
		made.flags = tileFlags(j, made.tile)
		var refusal *request.Refusal
		made.resolved, refusal = admit.JudgeUpscale(r.req, available, policy, tile, wanted, j.Spoiler)
		return made, refusal
	})
}
