package interaction

import (
	"context"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/render/request"
	"darkroom/store"
)

// upscaleBy is how many times larger an upscaled image is.
const upscaleBy = 2.0

// upscale renders one tile again, and enlarges it.
func (p *repainter) upscale(ctx context.Context, r *responder) error {
	j, tile, err := p.clicks.tile(ctx, r)
	if err != nil {
		return err
	}
	if tile.Hires != nil || tile.Upscale != nil {
		return message.ErrEnlarged
	}
	creative := r.click.Arg == message.UpscaleCreative
	if !creative && r.click.Arg != "" && r.click.Arg != message.UpscaleSubtle {
		return message.ErrOldButton
	}
	return p.submit.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		made := newJob{verb: "upscale", tile: tileNumber(r), parent: j.ID, draft: j.Address.Draft}
		made.flags = tileFlags(j, made.tile)
		var refusal *request.Refusal
		made.resolved, refusal = admit.JudgeUpscale(r.req, available, policy, tile, upscaleBy, creative, j.Spoiler)
		return made, refusal
	})
}
