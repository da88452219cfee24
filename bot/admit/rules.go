package admit

import (
	"fmt"
	"math"
	"strings"

	"darkroom/render/picture"
)

// MaxInputBytes is how big a start picture may be.
const MaxInputBytes = 25 << 20

// MaxInputPixels bounds a start picture's width x height.
const MaxInputPixels = 16 << 20

// maxGuidance is where higher values only burn the picture.
const maxGuidance = 30

func (j *judgement) note(format string, args ...any) {
	j.resolved.Notes = append(j.resolved.Notes, fmt.Sprintf(format, args...))
}

func (j *judgement) resize(s Size) { j.resolved.Spec.Width, j.resolved.Spec.Height = s.Width, s.Height }

// size settles the size: one that is written out goes before an aspect ratio.
func (j *judgement) size(w Wanted) *Refusal {
	switch {
	case w.Size != nil && *w.Size != "":
		want, ok := ParseSize(*w.Size)
		if !ok {
			return refuse("Write it as width x height, such as "+j.model.SizeNames()[0]+".", "I cannot read %q as a size.", *w.Size)
		}
		if w.Aspect != nil {
			j.note("The size was given, so the aspect ratio %s was left out.", *w.Aspect)
		}
		got := j.model.bySize(want)
		if got != want {
			j.note("%s is not a size that %s paints; %s is the nearest.", want, j.model.Name, got)
		}
		j.resize(got)
	case w.Aspect != nil && *w.Aspect != "":
		ratio, ok := parseAspect(*w.Aspect)
		if !ok {
			return refuse("Write it as width:height, such as 3:2.", "I cannot read %q as an aspect ratio.", *w.Aspect)
		}
		got := j.model.byAspect(ratio)
		if off := math.Abs(math.Log(float64(got.Width) / float64(got.Height) / ratio)); off > 0.1 {
			j.note("%s paints no %s; %s is the nearest.", j.model.Name, *w.Aspect, got)
		}
		j.resize(got)
	}
	return nil
}

// numbers settles seed, steps, guidance and count, and clamps what the format does not allow.
func (j *judgement) numbers(w Wanted) *Refusal {
	s := &j.resolved.Spec
	if w.Seed != nil && *w.Seed >= 0 { // -1 asks for a seed of the program's own, as in other tools
		s.Seed = *w.Seed
		if s.Seed > picture.MaxSeed {
			s.Seed = picture.MaxSeed
			j.note("The largest seed is %d; it was used.", int64(picture.MaxSeed))
		}
	}
	if w.Steps != nil {
		s.Steps = j.clamp("steps", *w.Steps, 1, picture.MaxSteps)
	}
	if w.Count != nil {
		s.Count = j.clamp("pictures", *w.Count, 1, picture.MaxCount)
	}
	if w.GuidanceScale != nil {
		s.GuidanceScale = math.Max(0, math.Min(maxGuidance, *w.GuidanceScale))
		if s.GuidanceScale != *w.GuidanceScale {
			j.note("The guidance scale goes from 0 to %d; %g was used.", maxGuidance, s.GuidanceScale)
		}
	}
	return nil
}

func (j *judgement) clamp(what string, n, low, high int) int {
	got := max(low, min(high, n))
	if got != n {
		j.note("From %d to %d %s are possible; %d was used.", low, high, what, got)
	}
	return got
}

// start judges a start picture by what Discord claims about it. The bytes are judged when they are copied.
func (j *judgement) initImage(w Wanted) *Refusal {
	if w.Init == nil {
		if w.Strength != nil && j.resolved.Spec.Init == nil {
			j.note("The strength says how much of a start picture is painted anew; without one it was left out.")
		}
		return nil
	}
	if !j.model.ImageToImage {
		hint := "Ask without init_image."
		if j.req.Wanted.Init == nil { // it was a button
			hint = ""
		}
		return refuse(hint, "%s cannot start from a picture.", j.model.Name)
	}
	f := *w.Init
	switch kind := strings.ToLower(f.ContentType); {
	case kind != "" && !strings.HasPrefix(kind, "image/"):
		return refuse("PNG, JPEG and WebP are.", "The start picture is no picture that I can read (%s).", kind)
	case f.Size > MaxInputBytes:
		return refuse(fmt.Sprintf("At most %d MiB can be taken.", MaxInputBytes>>20), "The start picture is too big: %.1f MiB.", float64(f.Size)/(1<<20))
	case f.Width > 0 && f.Height > MaxInputPixels/f.Width:
		return refuse(fmt.Sprintf("At most %d megapixels can be taken.", MaxInputPixels>>20), "The start picture is too large: %d×%d.", f.Width, f.Height)
	}
	strength := defaultStrength
	if w.Strength != nil {
		strength = math.Max(0.01, math.Min(1, *w.Strength))
		if strength != *w.Strength {
			j.note("The strength goes from 0.01 to 1; %g was used.", strength)
		}
	}
	j.resolved.Spec.Init, j.resolved.PendingInit = nil, &InitImage{File: f, Strength: strength}
	return nil
}

// limit applies the server's own limits. What is over them is clamped and told; only a size that has no smaller
// sister is refused.
func (j *judgement) limit() *Refusal {
	s, p := &j.resolved.Spec, j.policy
	if p.MaxSteps > 0 && s.Steps > p.MaxSteps {
		s.Steps = p.MaxSteps
		j.note("This server allows at most %d steps; that many were used.", p.MaxSteps)
	}
	if h := s.Hires; p.MaxSteps > 0 && h != nil && h.Steps > p.MaxSteps {
		fewer := *h // the Spec it came from may be somebody else's
		fewer.Steps = p.MaxSteps
		s.Hires = &fewer
		j.note("This server allows at most %d steps; that many were used to enlarge.", p.MaxSteps)
	}
	if p.MaxCount > 0 && s.Count > p.MaxCount {
		s.Count = p.MaxCount
		j.note("This server allows at most %s in one message.", count(p.MaxCount))
	}
	if s.Hires != nil && !j.model.canHires() {
		return refuse("Another model may do it.", "%s paints at one size only, so it cannot enlarge a picture.", j.model.Name)
	}
	if p.MaxPixels <= 0 {
		return nil
	}
	if h := s.Hires; h != nil {
		if float64(s.Width*s.Height)*h.Scale*h.Scale > float64(p.MaxPixels) {
			return refuse("", "Enlarged, this would be bigger than the %d pixels this server allows.", p.MaxPixels)
		}
		return nil
	}
	if s.Width*s.Height <= p.MaxPixels {
		return nil
	}
	was := Size{s.Width, s.Height}
	got, ok := j.model.largestWithin(was, p.MaxPixels)
	if !ok {
		return refuse("Ask a moderator to raise largest_size with /limits.", "%s paints nothing as small as the %d pixels this server allows.", j.model.Name, p.MaxPixels)
	}
	j.resize(got)
	j.note("This server allows at most %d pixels; %s was used instead of %s.", p.MaxPixels, got, was)
	return nil
}
