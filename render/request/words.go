package request

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/phrase"
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

// Invisible tells whether a text has nothing that a person could see: blanks, controls, and characters that Unicode
// calls default-ignorable, such as zero-width spaces, joiners, variation selectors and tags; and the blank of Braille.
func Invisible(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.IsControl(r) && r != '\u2800' &&
			!unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
	}) < 0
}

// prompts settles prompt and negative prompt.
func (r *resolution) prompts(w Wanted) *Refusal {
	s := &r.Spec
	if w.Negative != nil {
		s.Negative = r.cutComments(*w.Negative,
			"A # begins a comment, so “%s” of the negative prompt was left out. Write \\# for a plain #.")
	}
	if Invisible(s.Prompt) {
		s.Prompt = ""
	}
	if refusal := checkLength(s.Prompt, "Prompt too long: %s characters, at most %s."); refusal != nil {
		return refusal
	}
	return checkLength(s.Negative, "Negative prompt too long: %s characters, at most %s.")
}

// checkLength refuses a text that is too long. tooLong is the format that says so.
func checkLength(text, tooLong string) *Refusal {
	if n := utf8.RuneCountInString(text); n > picture.MaxPromptRunes {
		return Refuse("Shorten it and try again.", tooLong, phrase.Integer(n), phrase.Integer(picture.MaxPromptRunes))
	}
	return nil
}

// cutComments leaves out comments, and tells what they were: a person may not know that a # begins one.
// leftOut is the format that says so.
func (r *resolution) cutComments(text, leftOut string) string {
	rest, comments := prompt.CutComments(text)
	for _, c := range comments {
		r.Note(leftOut, shorten(c))
	}
	return rest
}

// maxQuoted is how many characters of somebody's words a note repeats.
const maxQuoted = 60

// shorten returns so much of a text as a note repeats.
func shorten(text string) string {
	if r := []rune(text); len(r) > maxQuoted {
		return string(r[:maxQuoted]) + "…"
	}
	return text
}

// checkWeights refuses a prompt whose weights leave nothing to paint.
func (r *resolution) checkWeights(Wanted) *Refusal {
	rest, _ := prompt.Addons(r.Spec.Prompt)
	if _, err := prompt.ReadingOf(r.Spec).Terms(r.Spec.Notation, rest); err != nil {
		return Refuse("Give what you want more weight than what you do not want.",
			"These weights do not work: %v.", err)
	}
	return nil
}

// noteUnread names the words that the model has no room for. Room is judged by the fewest chunks that the words can
// take, since only the renderer knows their tokens.
func (r *resolution) noteUnread() {
	s := &r.Spec
	prompts, negatives := r.texts()
	room := r.Card.Chunks
	tooLong := func(text string) bool { return prompt.ReadingOf(*s).MinChunks(text, s.Notation) > room }
	if room > 0 && slices.ContainsFunc(prompts, tooLong) {
		r.Note("%s reads about the first %d words of the prompt. The rest was ignored.", r.Card.Name,
			room*prompt.ChunkTokens)
	}
	if room > 0 && slices.ContainsFunc(negatives, tooLong) {
		r.Note("%s reads about the first %d words of the negative prompt. The rest was ignored.", r.Card.Name,
			room*prompt.ChunkTokens)
	}
}

// unreadChoice matches what dynamic prompts read and this program does not: a variable without a value, a wrapped text.
var unreadChoice = regexp.MustCompile(`\$\{[^{}]*\}|%\{[^{}]*\}`)

// noteAsText names what looks like a construct and is text.
func (r *resolution) noteAsText() {
	var named []string
	broken := false
	prompts, negatives := r.texts()
	for _, text := range slices.Concat(prompts, negatives) {
		for _, found := range unreadChoice.FindAllString(text, maxTags) {
			if found = shorten(found); !slices.Contains(named, found) && len(named) < maxTags {
				named = append(named, found)
			}
		}
		broken = broken || prompt.HasBracketedBreak(text)
	}
	if len(named) > 0 {
		r.Note("Read as text: %s. A variable needs a value, such as ${x=cat}.", strings.Join(named, ", "))
	}
	r.noteMisread(prompts)
	if broken {
		r.Note("A BREAK inside brackets is a word, as in A1111. It divides a prompt only outside of them.")
	}
}

// findUnknownWords looks for words that a model with a word list never saw.
func (r *resolution) findUnknownWords() {
	if len(r.Card.Words) == 0 {
		return
	}
	known := slices.Concat(r.Card.Words, r.available.AddonWords(r.Spec))
	prompts, _ := r.texts()
	for _, text := range prompts {
		for _, word := range prompt.UnknownWords(known, prompt.WithoutAddons(r.Spec, text)) {
			if !slices.Contains(r.UnknownWords, word) {
				r.UnknownWords = append(r.UnknownWords, word)
			}
		}
	}
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
