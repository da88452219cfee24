package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/prompt"
)

// readFlags takes the flags off a prompt. Those that are not understood are named and left out.
func (r *resolution) readFlags(text string) (string, []prompt.Flag) {
	rest, flags, unknown := prompt.Flags(text)
	for _, f := range unknown {
		if nearest := prompt.Nearest(f.Name); nearest.IsZero() {
			r.Note("Unknown flag %s was ignored.", typed(f))
		} else {
			r.Note("Unknown flag %s was ignored. %s", typed(f), nearest)
		}
	}
	var good []prompt.Flag
	for _, f := range flags {
		if !f.Fault.IsZero() {
			r.Notes = append(r.Notes, f.Fault)
			continue
		}
		good = append(good, f)
	}
	return rest, good
}

// mergeFlags puts flags where no option was given. An option is the more deliberate of the two, so it wins and the flag
// is named. Of a flag that is repeated the first counts, except for what is kept out of the image: there all count.
func (r *resolution) mergeFlags(w Wanted, flags []prompt.Flag) Wanted {
	before := map[string]bool{}
	for _, f := range joinNegatives(flags) {
		taken := w.put(f)
		switch {
		case taken:
			before[f.Name] = true
		case before[f.Name]:
			r.Note("%s was ignored: the first --%s counts.", typed(f), f.Name)
		case before[rivalOf[f.Name]]:
			r.Note("%s was ignored: --iw and --strength set the same, and the first counts.", typed(f))
		default:
			r.Note("%s was ignored: an option already sets that.", typed(f))
		}
	}
	return w
}

// rivalOf names the flag that sets the same in another way.
var rivalOf = map[string]string{
	prompt.FlagImageWeight: prompt.FlagStrength, prompt.FlagStrength: prompt.FlagImageWeight,
}

// put fills the field that a flag sets, and returns false if there is a value already. prompt.Flags has checked the
// value.
func (w *Wanted) put(f prompt.Flag) bool {
	number, _ := strconv.ParseFloat(f.Value, 64)
	whole := int(number)
	switch f.Name {
	case prompt.FlagAspect:
		return w.Size == nil && put(&w.Aspect, f.Value)
	case prompt.FlagNegative:
		return put(&w.Negative, f.Value)
	case prompt.FlagSeed:
		seed, _ := strconv.ParseInt(f.Value, 10, 64)
		return put(&w.Seed, seed)
	case prompt.FlagTile:
		return put(&w.Tiling, true)
	case prompt.FlagSteps:
		return put(&w.Steps, whole)
	case prompt.FlagFit:
		return put(&w.Resize, f.Value)
	case prompt.FlagQuality:
		return put(&w.Quality, number)
	case prompt.FlagStop:
		return put(&w.Stop, whole)
	case prompt.FlagImageWeight:
		return w.Strength == nil && put(&w.ImageWeight, number)
	case prompt.FlagRepeat:
		return put(&w.Repeat, whole)
	}
	return w.putOwn(f, number)
}

// putOwn is put for the flags that Midjourney does not have.
func (w *Wanted) putOwn(f prompt.Flag, number float64) bool {
	switch f.Name {
	case prompt.FlagClipSkip:
		return put(&w.ClipSkip, int(number))
	case prompt.FlagDraft:
		return put(&w.Draft, true)
	case prompt.FlagCount:
		return put(&w.Count, int(number))
	case prompt.FlagEmphasis:
		return put(&w.Emphasis, strings.ReplaceAll(f.Value, "-", "_"))
	case prompt.FlagGuidance:
		return put(&w.GuidanceScale, number)
	case prompt.FlagHires:
		return put(&w.Hires, number)
	case prompt.FlagNotation:
		return put(&w.Notation, f.Value)
	case prompt.FlagPrivate:
		w.Private = true
		return true
	case prompt.FlagSampler:
		return put(&w.Sampler, f.Value)
	case prompt.FlagVAE:
		return put(&w.VAE, f.Value)
	case prompt.FlagStrength:
		return w.ImageWeight == nil && put(&w.Strength, number)
	}
	w.Spoiler = true // prompt.FlagSpoiler
	return true
}

// flagText writes what was asked for as flags, as far as there are flags for it. A repeated request is one of several
// already.
func flagText(w Wanted) string {
	var all []string
	add := func(name string, value *string) {
		if value != nil && strings.TrimSpace(*value) != "" {
			all = append(all, typed(prompt.Flag{Name: name, Value: *value}))
		}
	}
	add(prompt.FlagAspect, w.Aspect)
	add(prompt.FlagNegative, w.Negative)
	if w.Seed != nil && *w.Seed >= 0 {
		add(prompt.FlagSeed, textOf(w.Seed))
	}
	add(prompt.FlagSteps, textOf(w.Steps))
	add(prompt.FlagQuality, textOf(w.Quality))
	add(prompt.FlagStop, textOf(w.Stop))
	add(prompt.FlagGuidance, textOf(w.GuidanceScale))
	add(prompt.FlagSampler, w.Sampler)
	add(prompt.FlagCount, textOf(w.Count))
	if w.Hires != nil && *w.Hires > 1 {
		add(prompt.FlagHires, textOf(w.Hires))
	}
	add(prompt.FlagVAE, w.VAE)
	add(prompt.FlagClipSkip, textOf(w.ClipSkip))
	if w.Emphasis != nil {
		add(prompt.FlagEmphasis, new(strings.ReplaceAll(*w.Emphasis, "_", "-")))
	}
	if w.Tiling != nil && *w.Tiling {
		all = append(all, typed(prompt.Flag{Name: prompt.FlagTile}))
	}
	if w.Draft != nil && *w.Draft {
		all = append(all, typed(prompt.Flag{Name: prompt.FlagDraft}))
	}
	if w.Init != nil {
		add(prompt.FlagImageWeight, textOf(w.ImageWeight))
		add(prompt.FlagStrength, textOf(w.Strength))
		add(prompt.FlagFit, w.Resize)
	}
	return strings.Join(all, " ")
}

// textOf writes a number; nil for none.
func textOf[T int | int64 | float64](n *T) *string {
	if n == nil {
		return nil
	}
	return new(fmt.Sprint(*n))
}

// WithoutFlags returns flags, as Resolved has them, without those of some names.
func WithoutFlags(text string, names ...string) string {
	_, flags, _ := prompt.Flags(text)
	var kept []string
	for _, f := range flags {
		if !slices.Contains(names, f.Name) {
			kept = append(kept, typed(f))
		}
	}
	return strings.Join(kept, " ")
}

// joinNegatives makes one of all --no flags.
func joinNegatives(flags []prompt.Flag) []prompt.Flag {
	var joined []prompt.Flag
	at := -1
	for _, f := range flags {
		switch {
		case f.Name != prompt.FlagNegative:
			joined = append(joined, f)
		case at < 0:
			at, joined = len(joined), append(joined, f)
		default:
			joined[at].Value = strings.TrimRight(joined[at].Value, ", ") + ", " + f.Value
		}
	}
	return joined
}

// put fills a field, and returns false if there is a value already.
func put[T any](field **T, value T) bool {
	if *field != nil {
		return false
	}
	*field = &value
	return true
}

// typed writes a flag as it stands in a prompt.
func typed(f prompt.Flag) string { return strings.TrimSpace("--" + f.Name + " " + f.Value) }
