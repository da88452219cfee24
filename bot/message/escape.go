package message

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// markdownCharacters are the characters with a meaning in Discord's markdown. A backslash makes them plain.
const markdownCharacters = "\\`*_~|>#-[]()<@:"

// Escape makes text that somebody typed safe inside a message: no markdown, no links, no mentions, no hidden or
// direction-changing characters, one line. It reads as it was typed. An address does not become a link, because the
// colon after its scheme is escaped.
func Escape(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case isHidden(r):
		case strings.ContainsRune(markdownCharacters, r):
			b.WriteByte('\\')
			b.WriteRune(r)
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// isHidden tells whether r is a control character, a format character (zero width, bidirectional override) or the
// replacement character. The zero width joiner stays, because emoji are made with it.
func isHidden(r rune) bool {
	const zeroWidthJoiner = '\u200d'
	return r != zeroWidthJoiner && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar)
}

// Shorten cuts text to at most n characters, with an ellipsis where it cut.
func Shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

// shortenEscaped cuts escaped text without leaving half an escape at its end.
func shortenEscaped(text string, n int) string {
	cut := Shorten(text, n)
	if cut == text {
		return text
	}
	return strings.TrimRight(strings.TrimSuffix(cut, "…"), `\`) + "…"
}
