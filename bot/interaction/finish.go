package interaction

import (
	"context"

	"darkroom/bot/admit"
	"darkroom/bot/message"
	"darkroom/render/prompt"
	"darkroom/render/request"
	"darkroom/store"
)

// finish renders a draft, or one tile of it, with all steps. Seed and everything else stay.
func (p *repainter) finish(ctx context.Context, r *responder) error {
	j, err := p.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	if j.Address.Draft <= 0 || r.click.Tile > j.Spec.Count {
		return message.ErrOldButton
	}
	if j.Address.FromImage && j.Spec.Init == nil {
		return message.ErrInputGone
	}
	spec, flags := j.Spec, j.Address.Flags
	if r.click.Tile > 0 {
		spec, flags = spec.Tile(r.click.Tile-1), tileFlags(j, r.click.Tile)
	}
	spec.Steps = j.Address.Draft
	if h := spec.Hires; h != nil {
		whole := *h // the draft's own stays
		whole.Steps = spec.Steps
		spec.Hires = &whole
	}
	made := newJob{
		verb: "finish", tile: r.click.Tile, parent: j.ID, flags: request.WithoutFlags(flags, prompt.FlagDraft),
		private: keepsPrivate(r, j), origins: j.Address.Origins,
	}
	return p.submit.submit(ctx, r, func(available request.Available, policy store.Policy) (newJob, *request.Refusal) {
		var refusal *request.Refusal
		made.resolved, refusal = admit.JudgeSpec(r.req, available, policy, spec, j.Spoiler)
		return made, refusal
	})
}
