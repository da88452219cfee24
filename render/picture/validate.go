package picture

import (
	"errors"
	"fmt"
	"regexp"
)

var hexHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate reports everything that is wrong with the Spec, joined in the order of its fields, or nil.
func (s Spec) Validate() error {
	var f faults
	s.validateConventions(&f)
	s.validateText(&f)
	s.validateNumbers(&f)
	for _, v := range s.Variations {
		f.check(isSeed(v.Seed) && isShare(v.Strength),
			"variation (%d, %v): want a seed from 0 and a strength in (0, 1]", v.Seed, v.Strength)
	}
	if s.Init != nil {
		s.Init.validate(&f, s.Width, s.Height)
	}
	if h := s.Hires; h != nil {
		f.check(h.Scale > 1 && h.Scale <= 4 && isShare(h.Strength) && h.Steps >= 1 && h.Steps <= MaxSteps,
			"hires (%v, %d, %v): want a scale in (1, 4], steps from 1 and a strength in (0, 1]", h.Scale, h.Steps, h.Strength)
	}
	s.validateUpscale(&f)
	s.validateModelParts(&f)
	return errors.Join(f...)
}

// faults are what is wrong with a Spec.
type faults []error

// check adds a fault unless ok.
func (f *faults) check(ok bool, format string, a ...any) {
	if !ok {
		*f = append(*f, fmt.Errorf(format, a...))
	}
}

func (s Spec) validateConventions(f *faults) {
	f.check(s.Version >= 1 && s.Version <= Version, "spec version %d: this program reads 1 to %d", s.Version, Version)
	f.check(s.Dialect == Diffusers || s.Dialect == A1111, "dialect %q: want %q or %q", s.Dialect, Diffusers, A1111)
	f.check(s.Notation == NotationA1111 || s.Notation == NotationMidjourney,
		"notation %q: want %q or %q", s.Notation, NotationA1111, NotationMidjourney)
	f.check(s.Emphasis == EmphasisOriginal || s.Emphasis == EmphasisNoNorm,
		"emphasis %q: want %q or none", s.Emphasis, EmphasisNoNorm)
	if s.Eta != nil {
		f.check(*s.Eta >= 0 && *s.Eta <= 1, "eta %v: want 0 to 1", *s.Eta)
	}
	f.check(s.Rescale >= 0 && s.Rescale <= 1, "guidance rescale %v: want 0 to 1", s.Rescale)
	f.check(isSeed(s.SeedDelta), "seed delta %d: want 0 to %d", s.SeedDelta, int64(MaxSeed))
	if z := s.SeedSize; z != nil {
		f.check(isSide(z.Width) && isSide(z.Height),
			"seed size %d×%d: want sides of %d to %d", z.Width, z.Height, SizeMultiple, MaxSide)
	}
}

func (s Spec) validateText(f *faults) {
	validatePrompt(f, "prompt", s.Prompt)
	validatePrompt(f, "negative prompt", s.Negative)
	s.validateTiles(f)
}

func (s Spec) validateNumbers(f *faults) {
	for i, side := range []int{s.Width, s.Height} {
		f.check(isSide(side) && side%SizeMultiple == 0,
			"%s %d: want a multiple of %d up to %d", []string{"width", "height"}[i], side, SizeMultiple, MaxSide)
	}
	f.check(isSeed(s.Seed), "seed %d: want 0 to %d", s.Seed, int64(MaxSeed))
	f.check(s.Count >= 1 && s.Count <= MaxCount, "count %d: want 1 to %d", s.Count, MaxCount)
	f.check(s.Steps >= 1 && s.Steps <= MaxSteps, "steps %d: want 1 to %d", s.Steps, MaxSteps)
	f.check(s.Stop >= 0 && s.Stop < 100, "stop %d: want 1 to 99 percent of the steps, or 0 for all", s.Stop)
	f.check(s.GuidanceScale >= 0 && s.GuidanceScale <= 100, "guidance scale %v: want 0 to 100", s.GuidanceScale)
	f.check(s.Sampler != "", "sampler: none named")
}

func (i Init) validate(f *faults, width, height int) {
	f.check(isShare(i.Strength), "strength %v: want a number in (0, 1]", i.Strength)
	f.check(hexHash.MatchString(i.Picture.SHA256), "init image: %q is not a SHA-256", i.Picture.SHA256)
	if i.Mask != nil {
		f.check(hexHash.MatchString(i.Mask.SHA256), "mask: %q is not a SHA-256", i.Mask.SHA256)
	}
	if p := i.Placement; p != nil {
		f.check(p.overlaps(width, height), "place %+v: want a rectangle that overlaps an image of %d×%d", *p, width, height)
	}
}

func isSeed(n int64) bool { return n >= 0 && n <= MaxSeed }

func isSide(n int) bool { return n >= SizeMultiple && n <= MaxSide }

// isShare tells whether v is in (0, 1]. NaN is not.
func isShare(v float64) bool { return v > 0 && v <= 1 }
