package prompt

import (
	"strings"
	"unicode/utf8"

	"darkroom/render/pyre"
)

const breakWord = "BREAK"

// splitBreaks adds a run of plain text, cut at each whole word BREAK; the blanks around the word belong to it.
func (r *attentionReader) splitBreaks(run string) {
	column, start := r.column, 0
	for at := 0; ; {
		i := strings.Index(run[at:], breakWord)
		if i < 0 {
			break
		}
		i, at = at+i, at+i+len(breakWord)
		if !isWholeWord(run, i, at) {
			continue
		}
		r.parts = append(r.parts, Part{Text: strings.TrimRightFunc(run[start:i], pyre.IsSpace), Weight: 1, Column: column})
		column += utf8.RuneCountInString(run[start:i])
		r.parts = append(r.parts, Part{Text: breakWord, Weight: -1, Break: true, Column: column})
		at += spaces(run[at:])
		column += utf8.RuneCountInString(run[i:at])
		start = at
	}
	r.parts = append(r.parts, Part{Text: run[start:], Weight: 1, Column: column})
}

// isWholeWord reports whether run[from:to] is a whole word: no letter, number or underscore touches it.
func isWholeWord(run string, from, to int) bool {
	before, _ := utf8.DecodeLastRuneInString(run[:from])
	after, _ := utf8.DecodeRuneInString(run[to:])
	return (from == 0 || !pyre.IsWord(before)) && (to == len(run) || !pyre.IsWord(after))
}

// spaces returns the length in bytes of the blanks at the start of text.
func spaces(text string) int {
	return len(text) - len(strings.TrimLeftFunc(text, pyre.IsSpace))
}

// HasBracketedBreak tells whether a BREAK stands inside brackets, where it is a weighted word.
func HasBracketedBreak(text string) bool {
	breaks := func(parts []Part) (n int) {
		for _, p := range parts {
			if p.Break {
				n++
			}
		}
		return n
	}
	return strings.Contains(text, breakWord) && breaks(Current.Parse(text)) != breaks(V2.Parse(text))
}
