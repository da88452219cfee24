package prompt

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// stopWords have no visible meaning: they are never reported as unknown.
const stopWords = `a an the and or of in on at over under above below with by near to from is its it
	during against behind before beside into through some one`

// UnknownWords returns the words of a prompt that are not in words, each once, in lower case and in order. Case,
// punctuation, brackets, weights and add-on tags are ignored; a word with a hyphen or apostrophe is known as a whole or
// by its pieces. Small words (a, the, of) have no visible meaning and are never unknown.
func UnknownWords(words []string, text string) []string {
	known := make(map[string]bool, len(words))
	for w := range strings.FieldsSeq(stopWords) {
		known[w] = true
	}
	for _, entry := range words {
		for _, w := range wordsOf(entry) {
			known[w] = true
			for _, piece := range pieces(w) {
				known[piece] = true
			}
		}
	}
	parts, _ := Current.ParseWithAddons(text)
	var out []string
	seen := map[string]bool{}
	for _, w := range wordsOf(plainText(parts)) {
		if !known[w] && !seen[w] && !allKnown(known, pieces(w)) {
			out = append(out, w)
		}
		seen[w] = true
	}
	return out
}

// plainText joins the text of parts, breaks as blanks. Weighted parts are separate words, as for the tokenizer.
func plainText(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		if !p.Break {
			b.WriteString(p.Text)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// wordsOf splits text into lower-case words: letters, marks and digits, held together by hyphens and apostrophes.
// Text without a letter is not a word.
func wordsOf(text string) []string {
	text = strings.ToLower(norm.NFC.String(text))
	text = strings.NewReplacer("’", "'", "‐", "-", "‑", "-").Replace(text)
	fields := strings.FieldsFunc(text, func(r rune) bool { return !inWord(r) && r != '\'' && r != '-' })
	out := fields[:0]
	for _, f := range fields {
		if f = strings.Trim(f, "'-"); strings.ContainsFunc(f, unicode.IsLetter) {
			out = append(out, f)
		}
	}
	return out
}

func inWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r)
}

// pieces splits a compound at its hyphens and apostrophes; the "s" of a possessive is not a word.
func pieces(word string) []string {
	word = strings.TrimSuffix(word, "'s")
	return strings.FieldsFunc(word, func(r rune) bool { return !inWord(r) })
}

func allKnown(known map[string]bool, words []string) bool {
	for _, w := range words {
		if !known[w] {
			return false
		}
	}
	return len(words) > 0
}
