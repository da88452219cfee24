package request

import (
	"context"
	"slices"
	"strconv"

	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/prompt/dynamic"
)

// Expand makes the choices that a request leaves open, such as {red|blue} and wildcards, and returns one request for
// each permutation, at most so many. Prompt, negative prompt and the words of a preset are expanded together. Each of
// the tiles draws by the seed that it will have, as in A1111's dynamic prompts: Tiles of a request are the words of the
// further ones, if they differ. The first seed is drawn, if the request names none; it decides how many permutations
// there are. --repeat makes all of them again, with seeds that go on where the last ones ended. Errors are those of
// dynamic.Expand.
func Expand(
	ctx context.Context, w Wanted, drawn int64, tiles int, from dynamic.Wildcards, most int,
) ([]Wanted, error) {
	var all []Wanted
	tiles = max(tiles, 1)
	for i := range w.repeats() {
		w.SeedOffset = int64(i * tiles)
		rows, err := expandOnce(ctx, w, drawn, tiles, from, most)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	if len(all) > most {
		return nil, &dynamic.TooManyError{Count: len(all), Max: most}
	}
	return all, nil
}

// repeats is how often the request wants the whole of it; bounded, since an option may say anything.
func (w Wanted) repeats() int {
	n := 1
	if w.Repeat != nil {
		n = *w.Repeat
	} else if f, given := w.findFlag(prompt.FlagRepeat); given {
		n, _ = strconv.Atoi(f.Value) // it was checked
	}
	return max(1, min(n, prompt.MaxRepeat))
}

// findFlag finds a flag of the prompt, or else of a suffix.
func (w Wanted) findFlag(name string) (f prompt.Flag, given bool) {
	if f, given = prompt.FindFlag(w.Prompt, name); given {
		return f, true
	}
	for _, p := range w.Preferences {
		if f, given = prompt.FindFlag(p.Suffix, name); given {
			return f, true
		}
	}
	return prompt.Flag{}, false
}

// expandOnce is Expand without --repeat.
func expandOnce(
	ctx context.Context, w Wanted, drawn int64, tiles int, from dynamic.Wildcards, most int,
) ([]Wanted, error) {
	texts := []string{w.Prompt, "", "", ""}
	if w.Negative != nil {
		texts[1] = *w.Negative
	}
	if p := w.Preset; p != nil {
		if texts[2] = p.Words; p.Settings.Negative != nil {
			texts[3] = *p.Settings.Negative
		}
	}
	texts = append(texts, w.preferredTexts()...)
	for i, text := range texts {
		texts[i], _ = prompt.CutComments(text)
	}
	var seeds []int64
	for i := range tiles {
		seeds = append(seeds, (w.choiceSeed(drawn)+w.SeedOffset+int64(i))&picture.MaxSeed)
	}
	rows, err := dynamic.ExpandEach(ctx, texts, seeds, from, most)
	if err != nil {
		return nil, err
	}
	all := make([]Wanted, len(rows))
	for i, row := range rows {
		all[i] = w.withTexts(row[0])
		if slices.ContainsFunc(row, func(texts []string) bool { return !slices.Equal(texts, row[0]) }) {
			for _, texts := range row[1:] {
				all[i].Tiles = append(all[i].Tiles, w.withTexts(texts))
			}
		}
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
	w.Preferences = slices.Clone(w.Preferences)
	for i, p := range w.Preferences {
		suffix, negative := texts[4+2*i], texts[5+2*i]
		if p.Unread {
			continue
		}
		if p.Suffix != "" {
			p.Suffix = suffix
		}
		if w.usesNegative(p) {
			p.Settings.Negative = &negative
		}
		w.Preferences[i] = p
	}
	return w
}

// preferredTexts are the texts of the preferences: of each its suffix and its negative prompt, where that counts.
func (w Wanted) preferredTexts() (texts []string) {
	for _, p := range w.Preferences {
		suffix, negative := p.Suffix, ""
		if w.usesNegative(p) {
			negative = *p.Settings.Negative
		}
		if p.Unread {
			suffix, negative = "", ""
		}
		texts = append(texts, suffix, negative)
	}
	return texts
}

// usesNegative tells whether the request may have the negative prompt of a preference.
func (w Wanted) usesNegative(p Preference) bool {
	return p.Settings.Negative != nil && w.Negative == nil
}

// choiceSeed is the seed that makes the choices of the first tile. It is known before the words are, so a flag that
// only a choice would bring does not count.
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
	for _, p := range w.Preferences {
		if n, given := prompt.SeedOf(p.Suffix); given {
			return n
		}
	}
	return drawn
}
