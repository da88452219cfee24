package admit

import (
	"darkroom/render/encode"
	"darkroom/render/request"
	"darkroom/store/limits"
)

// limit applies the server's own limits. What is over them is lowered with a note; only what has no smaller version is
// refused.
func limit(res *request.Resolved, p limits.Policy) *request.Refusal {
	limitSteps(res, p)
	if s := &res.Spec; p.MaxCount > 0 && s.Count > p.MaxCount {
		s.SetCount(p.MaxCount)
		res.SettleVersion()
		res.Note("Lowered to %s: the most that this server allows in one message.", count(p.MaxCount))
	}
	if refusal := limitPixels(res, p); refusal != nil {
		return refusal
	}
	res.FitSampler()
	if most, s := p.MaxSteps, res.Spec; most > 0 && s.Steps > most {
		return request.Refuse("Choose another sampler.", "%s needs at least %d steps, but this server allows at most %d.",
			encode.SamplerTitle(s.Sampler), s.Steps, most)
	}
	return res.Check()
}

// limitSteps limits the steps of both passes.
func limitSteps(res *request.Resolved, p limits.Policy) {
	s := &res.Spec
	if p.MaxSteps > 0 && s.Steps > p.MaxSteps {
		s.Steps = p.MaxSteps
		res.Note("Steps lowered to %d: the most that this server allows.", p.MaxSteps)
	}
	if h := s.Hires; p.MaxSteps > 0 && h != nil && h.Steps > p.MaxSteps {
		fewer := *h // the Spec it came from may be somebody else's
		fewer.Steps = p.MaxSteps
		s.Hires = &fewer
		res.Note("Upscale steps lowered to %d: the most that this server allows.", p.MaxSteps)
	}
	if u := s.Upscale; p.MaxSteps > 0 && u != nil && u.Steps > p.MaxSteps {
		fewer := *u
		fewer.Steps = p.MaxSteps
		s.Upscale = &fewer
	}
}

// limitPixels limits the size of the finished picture.
func limitPixels(res *request.Resolved, p limits.Policy) *request.Refusal {
	s := &res.Spec
	if p.MaxPixels <= 0 {
		return nil
	}
	if s.Hires != nil || s.Upscale != nil {
		if s.Enlarged().Pixels() > p.MaxPixels {
			refusal := request.Refuse("", "Too large to upscale: this server allows at most %d pixels.", p.MaxPixels)
			if s.Upscale == nil {
				return refusal.Suggest("Ask for a smaller size, or leave hires out.")
			}
			return refusal
		}
		return nil
	}
	was := request.Size{Width: s.Width, Height: s.Height}
	if was.Pixels() <= p.MaxPixels {
		return nil
	}
	got, ok := res.Card.LargestWithin(was, p.MaxPixels)
	if !ok {
		return request.Refuse("Ask a moderator to raise largest_size with /limits.",
			"%s has no size that is small enough: this server allows at most %d pixels.", res.Card.Name, p.MaxPixels)
	}
	res.Resize(got)
	res.Note("Size lowered from %s to %s: this server allows at most %d pixels.", was, got, p.MaxPixels)
	return nil
}
