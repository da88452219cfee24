package request

import (
	"context"

	"darkroom/render/prompt"
	"darkroom/render/prompt/dynamic"
)

// Expand makes the choices that a request leaves open, such as {red|blue} and wildcards, and returns one request for
// each permutation, at most so many. Prompt, negative prompt and the words of a preset are expanded together. The
// seed that makes the choices is the one that the pictures will have: drawn, if the request names none. All share it,
// so that they differ in nothing but their words. Errors are those of dynamic.Expand.
func Expand(ctx context.Context, w Wanted, drawn int64, from dynamic.Wildcards, most int) ([]Wanted, error) {
	texts := []string{w.Prompt, "", "", ""}
	if w.Negative != nil {
		texts[1] = *w.Negative
	}
	if p := w.Preset; p != nil {
		if texts[2] = p.Words; p.Settings.Negative != nil {
			texts[3] = *p.Settings.Negative
		}
	}
	rows, err := dynamic.Expand(ctx, texts, w.choiceSeed(drawn), from, most)
	if err != nil {
		return nil, err
	}
	all := make([]Wanted, len(rows))
	for i, row := range rows {
		all[i] = w.withTexts(row)
	}
	return all, nil
}

// withTexts returns the request with its texts replaced, in the order in which Expand collects them.
func (w Wanted) withTexts(texts []string) Wanted {
	w.Prompt = texts[0]
	if w.Negative != nil {
		w.Negative = &texts[1]
	}
	if w.Preset != nil {
		p := *w.Preset
		if p.Words = texts[2]; p.Settings.Negative != nil {
			p.Settings.Negative = &texts[3]
		}
		w.Preset = &p
	}
	return w
}

// choiceSeed is the seed that makes the choices. It is known before the words are, so a flag that only a choice would
// bring does not count.
func (w Wanted) choiceSeed(drawn int64) int64 {
	if n := w.Seed; n != nil && *n >= 0 {
		return *n
	}
	if n, given := prompt.SeedOf(w.Prompt); given {
		return n
	}
	if p := w.Preset; p != nil && p.Settings.Seed != nil && *p.Settings.Seed >= 0 {
		return *p.Settings.Seed
	}
	return drawn
}
