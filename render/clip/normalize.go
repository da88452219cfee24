package clip

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalize is the normalization of Hugging Face's fast CLIP tokenizer: NFC, then runs of blanks become one space, then
// lower case. No HTML unescaping and no repair of mojibake, which the original tokenizer did.
//
// Go's NFC is that of Unicode 15: a letter of a newer script that is typed as a base and marks is not composed.
func normalize(text string) string {
	text = norm.NFC.String(strings.ToValidUTF8(text, "\uFFFD"))
	var b strings.Builder
	b.Grow(len(text))
	blank := false
	for _, r := range text {
		if unicode.IsSpace(r) {
			if !blank {
				b.WriteByte(' ')
			}
			blank = true
			continue
		}
		blank = false
		writeLower(&b, r)
	}
	return b.String()
}

// writeLower writes the full lower case of one character, without regard to its neighbours (so Σ is always σ). Only İ
// becomes more than one character.
func writeLower(b *strings.Builder, r rune) {
	if r == 'İ' {
		b.WriteString("i\u0307")
		return
	}
	b.WriteRune(toLower(r))
}

// nextWord cuts the first pre-token off normalized text, without blanks before it: an English contraction's tail, a run
// of letters, one number character, or a run of anything else. It returns "" at the end of the text.
func nextWord(text string) (token, rest string) {
	text = strings.TrimLeftFunc(text, unicode.IsSpace)
	if text == "" {
		return "", ""
	}
	n := contraction(text)
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case n > 0:
	case isLetter(r):
		n = span(text, isLetter)
	case isNumber(r):
		n = size
	default:
		n = span(text, isOther)
	}
	return text[:n], text[n:]
}

// contraction returns the length of 's, 't, 're, 've, 'm, 'll or 'd at the start of text, or 0.
func contraction(text string) int {
	if text[0] != '\'' {
		return 0
	}
	for _, tail := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(text, tail) {
			return len(tail)
		}
	}
	return 0
}

// span returns the length in bytes of the run at the start of text whose characters all satisfy in.
func span(text string, in func(rune) bool) int {
	if n := strings.IndexFunc(text, func(r rune) bool { return !in(r) }); n >= 0 {
		return n
	}
	return len(text)
}
