package request

import (
	"math"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// maxGuidance is where higher values only burn the image.
const maxGuidance = 30

// size settles the size: one that is written out goes before an aspect ratio.
func (r *resolution) size(w Wanted) *Refusal {
	switch {
	case w.Size != nil && *w.Size != "":
		return r.writtenSize(w)
	case w.Aspect != nil && *w.Aspect != "":
		return r.aspect(*w.Aspect)
	}
	return nil
}

func (r *resolution) writtenSize(w Wanted) *Refusal {
	want, ok := ParseSize(*w.Size)
	if !ok {
		return Refuse("", "Unknown size “%s”.", shorten(*w.Size)).
			Suggest("Write it as width x height, such as %s.", r.Card.SizeNames()[0])
	}
	if w.Aspect != nil {
		r.Note("The aspect ratio %s was ignored, because a size was given.", shorten(*w.Aspect))
	}
	got := want
	if r.exact.Size == nil {
		got = r.Card.bySize(want)
	}
	if got != want {
		r.Note("%s does not have the size %s. The nearest, %s, is used.", r.Card.Name, want, got)
	}
	r.Resize(got)
	return nil
}

func (r *resolution) aspect(text string) *Refusal {
	ratio, ok := parseAspect(text)
	if !ok {
		return Refuse("Write it as width:height, such as 3:2.", "Unknown aspect ratio “%s”.", shorten(text))
	}
	got := r.Card.byAspect(ratio)
	if off := math.Abs(math.Log(float64(got.Width) / float64(got.Height) / ratio)); off > 0.1 {
		r.Note("%s has no size of %s. The nearest, %s, is used.", r.Card.Name, text, got)
	}
	r.Resize(got)
	return nil
}

// numbers settles tiling, seed, steps, guidance and count. What the format does not allow is clamped.
func (r *resolution) numbers(w Wanted) *Refusal {
	s := &r.Spec
	if w.Tiling != nil {
		s.Tiling = *w.Tiling
	}
	r.seed(w)
	r.steps(w)
	if w.Count != nil {
		if s.Count = clamp(*w.Count, picture.MaxCount); s.Count != *w.Count {
			r.Note("Number of images set to %d. Possible: 1 to %d.", s.Count, picture.MaxCount)
		}
	}
	if w.GuidanceScale != nil {
		s.GuidanceScale = math.Max(0, math.Min(maxGuidance, *w.GuidanceScale))
		if s.GuidanceScale != *w.GuidanceScale {
			r.Note("Guidance scale set to %g. Possible: 0 to %d.", s.GuidanceScale, maxGuidance)
		}
	}
	if w.ClipSkip != nil {
		r.clipSkip(*w.ClipSkip)
	}
	return nil
}

// seed settles the seed.
func (r *resolution) seed(w Wanted) {
	s := &r.Spec
	if w.Seed != nil && *w.Seed >= 0 { // -1 asks for any seed, as in other tools
		s.Seed = *w.Seed
		if s.Seed > picture.MaxSeed && r.exact.Seed == nil {
			s.Seed = picture.MaxSeed
			r.Note("Seed set to %d, the largest possible.", int64(picture.MaxSeed))
		}
	}
	if w.SeedOffset != 0 {
		s.Seed = (s.Seed + w.SeedOffset) & picture.MaxSeed
	}
}

// steps settles how many steps there are and how many of them are done.
func (r *resolution) steps(w Wanted) {
	s := &r.Spec
	if r.exact.Steps != nil {
		s.Steps = *r.exact.Steps
	} else if w.Steps != nil {
		if s.Steps = clamp(*w.Steps, picture.MaxSteps); s.Steps != *w.Steps {
			r.Note("Number of steps set to %d. Possible: 1 to %d.", s.Steps, picture.MaxSteps)
		}
	}
	if w.Quality != nil {
		s.Steps = max(1, min(picture.MaxSteps, int(math.Round(float64(s.Steps)**w.Quality))))
	}
	r.draft(w)
	if w.Stop != nil {
		if s.Stop = max(prompt.MinStop, *w.Stop); s.Stop >= 100 {
			s.Stop = 0
		}
	}
}

// draftShare is the part of the steps that a draft has where the model's card does not say.
const draftShare = 4

// draft makes a draft: the same image in the steps that the model's card names for few, or in a quarter of them. Only
// the steps are other ones, so that the finished image is like it.
func (r *resolution) draft(w Wanted) {
	if w.Draft == nil || !*w.Draft {
		return
	}
	quick := r.Card.FewSteps.Steps
	if quick <= 0 {
		quick = max(1, r.Spec.Steps/draftShare)
	}
	if quick < r.Spec.Steps {
		r.Draft, r.Spec.Steps = r.Spec.Steps, quick
	}
}

// clipSkip settles which layer of the text encoder is read. 1 is the last one, which a Spec does not say.
func (r *resolution) clipSkip(n int) {
	switch {
	case !r.Card.canSkip(n):
		r.Note("The clip skip was ignored: %s does not support %d.", r.Card.Name, n)
	case n <= 1:
		r.Spec.ClipSkip = 0
	default:
		r.Spec.ClipSkip = n
	}
}

// clamp keeps a number within 1 and most.
func clamp(n, most int) int { return max(1, min(most, n)) }
