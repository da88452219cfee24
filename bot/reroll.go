package bot

import "context"

// reroll paints the same settings with a new seed. Of a variation the last step is drawn anew, so that it stays one.
func (h *handler) reroll(ctx context.Context) error {
	e, v, err := h.clickedJob(ctx)
	if err != nil {
		return err
	}
	if v.address.FromImage && v.spec.Init == nil {
		return errInputGone // it was never copied: without it this would be another picture
	}
	s := v.spec
	if n := len(s.Variations); n > 0 {
		last := s.Variations[n-1]
		s.Variations = s.Variations[:n-1]
		s = s.Vary(h.o.Seed(), last.Strength, s.Count)
	} else {
		s.Seed = h.o.Seed()
	}
	return h.submitDerived(ctx, e, s, newJob{verb: "reroll"})
}
