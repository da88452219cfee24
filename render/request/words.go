package request

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

const (
	maxExamples = 3 // prompts that are shown to somebody whose words the model does not know
	maxNearest  = 2 // known words that are shown for an unknown one
	maxTags     = 3 // add-on tags that a note names
)

// notation settles how the words are read.
func (r *resolution) notation(w Wanted) *Refusal {
	if w.Notation == nil {
		return nil
	}
	n := picture.Notation(*w.Notation)
	if n != picture.NotationA1111 && n != picture.NotationMidjourney {
		return Refuse("Try one of: a1111, midjourney.", "Unknown notation “%s”.", *w.Notation)
	}
	r.Spec.Notation = n
	return nil
}

// emphasis settles what weights do to the words beside them.
func (r *resolution) emphasis(w Wanted) *Refusal {
	if w.Emphasis == nil {
		return nil
	}
	switch *w.Emphasis {
	case "original":
		r.Spec.Emphasis = picture.EmphasisOriginal
	case string(picture.EmphasisNoNorm):
		r.Spec.Emphasis = picture.EmphasisNoNorm
	default:
		return Refuse("Try one of: original, no_norm.", "Unknown emphasis “%s”.", *w.Emphasis)
	}
	return nil
}

// invisible tells whether a text has nothing that a person could see: blanks, controls, and characters that Unicode
// calls default-ignorable, such as zero-width spaces, joiners, variation selectors and tags; and the blank of Braille.
func invisible(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && r != '\u2800' &&
			!unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}) < 0
}

// prompts settles prompt and negative prompt.
func (r *resolution) prompts(w Wanted) *Refusal {
	s := &r.Spec
	if w.Negative != nil {
		s.Negative = *w.Negative
	}
	if invisible(s.Prompt) {
		s.Prompt = ""
	}
	for _, t := range []struct{ name, text string }{{"Prompt", s.Prompt}, {"Negative prompt", s.Negative}} {
		if n := utf8.RuneCountInString(t.text); n > picture.MaxPromptRunes {
			return Refuse("Shorten it and try again.", "%s too long: %d characters, at most %d.",
				t.name, n, picture.MaxPromptRunes)
		}
	}
	return nil
}

// checkWeights refuses a prompt whose weights leave nothing to paint.
func (r *resolution) checkWeights(Wanted) *Refusal {
	rest, _ := prompt.Addons(r.Spec.Prompt)
	if _, err := prompt.Terms(r.Spec.Notation, rest); err != nil {
		return Refuse("Give what you want more weight than what you do not want.",
			"These weights do not work: %v.", err)
	}
	return nil
}

// noteUnread names what this version cannot read: add-on tags, and words that the model has no room for. Room is
// judged by the fewest chunks that the words can take, since only the renderer knows their tokens.
func (r *resolution) noteUnread() {
	s := &r.Spec
	if tags := prompt.AddonTags(s.Prompt, s.Negative); len(tags) > 0 {
		more := ""
		if n := len(tags) - maxTags; n > 0 {
			tags, more = tags[:maxTags], fmt.Sprintf(" and %d more", n)
		}
		r.Note("Ignored, because add-ons are not supported: %s%s.", strings.Join(tags, ", "), more)
	}
	for _, t := range []struct{ name, text string }{{"prompt", s.Prompt}, {"negative prompt", s.Negative}} {
		if room := r.Card.Chunks; room > 0 && prompt.MinChunks(t.text, s.Notation) > room {
			r.Note("%s reads about the first %d words of the %s. The rest was ignored.",
				r.Card.Name, room*prompt.ChunkTokens, t.name)
		}
	}
}

// findUnknownWords looks for words that a model with a word list never saw.
func (r *resolution) findUnknownWords() {
	if len(r.Card.Words) == 0 {
		return
	}
	r.UnknownWords = prompt.UnknownWords(r.Card.Words, r.Spec.Prompt)
	if len(r.UnknownWords) == 0 {
		return
	}
	for _, w := range r.UnknownWords {
		if known := prompt.NearestWords(r.Card.Words, w, maxNearest); len(known) > 0 {
			r.Nearest = append(r.Nearest, Near{w, known})
		}
	}
	r.Examples = r.suitableExamples()
}

// suitableExamples returns the numbers of the examples that share the most words with the prompt or with what is near
// to it. Among equals the seed decides, so that not everybody sees the same ones.
func (r *resolution) suitableExamples() []int {
	meant := strings.Fields(strings.ToLower(r.Spec.Prompt))
	for _, n := range r.Nearest {
		meant = append(meant, n.Known...)
	}
	examples := r.Card.Examples
	shared := func(i int) (n int) {
		for w := range strings.FieldsSeq(examples[i]) {
			if len(w) > 2 && slices.Contains(meant, strings.Trim(w, ",.")) {
				n++
			}
		}
		return n
	}
	var all []int
	for i := range examples {
		all = append(all, (i+int(r.Spec.Seed%int64(len(examples))))%len(examples))
	}
	slices.SortStableFunc(all, func(a, b int) int { return shared(b) - shared(a) })
	return all[:min(maxExamples, len(all))]
}
