package prompt

import (
	"strings"
	"unicode"
	"unicode/utf8"

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

// wordsOf splits text into lower-case words: letters, marks and digits, held together by hyphens and apostrophes. Text
// without a letter is not a word, but each pictograph is one.
func wordsOf(text string) (words []string) {
	text = strings.ToLower(norm.NFC.String(text))
	text = strings.NewReplacer("’", "'", "‐", "-", "‑", "-").Replace(text)
	for text != "" {
		if n := pictographLength(text); n > 0 {
			words, text = append(words, text[:n]), text[n:]
			continue
		}
		n := strings.IndexFunc(text, func(r rune) bool { return !inWord(r) && r != '\'' && r != '-' })
		switch {
		case n < 0:
			n = len(text)
		case n == 0:
			_, n = utf8.DecodeRuneInString(text)
		}
		if word := strings.Trim(text[:n], "'-"); strings.ContainsFunc(word, unicode.IsLetter) {
			words = append(words, word)
		}
		text = text[n:]
	}
	return words
}

// isPictograph tells whether a character is an emoji or a similar symbol: Unicode's category So, where nearly all of
// them are. A symbol such as © or ° has no colour and no shape to paint, and is none.
func isPictograph(r rune) bool { return unicode.Is(unicode.So, r) && r > 0xff }

// pictographLength is the length of the pictograph at the start of text, with all that changes its look: a skin tone, a
// variation selector, the second letter of a flag, and what a zero-width joiner adds. 0 when there is none.
func pictographLength(text string) int {
	first, n := utf8.DecodeRuneInString(text)
	if !isPictograph(first) {
		return 0
	}
	flag := isRegional(first)
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		switch {
		case r == 0xfe0f || r == 0xfe0e || r == 0x20e3 || r >= 0x1f3fb && r <= 0x1f3ff || r >= 0xe0020 && r <= 0xe007f:
		case flag && isRegional(r):
			flag = false
		case r == 0x200d && n+size < len(text):
			_, joined := utf8.DecodeRuneInString(text[n+size:])
			size += joined
		default:
			return n
		}
		n += size
	}
	return n
}

// isRegional tells whether r is one of the letters that make a flag in pairs.
func isRegional(r rune) bool { return r >= 0x1f1e6 && r <= 0x1f1ff }

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
