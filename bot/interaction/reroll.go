package interaction

import (
	"context"

	"darkroom/bot/message"
)

// reroll renders the same settings with a new seed. A variation stays a variation: only its last step gets a new seed.
func (p *repainter) reroll(ctx context.Context, r *responder) error {
	j, err := p.clicks.job(ctx, r)
	if err != nil {
		return err
	}
	if j.Address.FromImage && j.Spec.Init == nil {
		return message.ErrInputGone // it was never copied, and without it the image would be another
	}
	s := j.Spec
	if n := len(s.Variations); n > 0 {
		last := s.Variations[n-1]
		s.Variations = s.Variations[:n-1]
		s = s.Vary(p.seed(), last.Strength, s.Count)
	} else {
		s.Seed = p.seed()
	}
	return p.submit.derived(ctx, r, j, s, newJob{verb: "reroll"})
}
