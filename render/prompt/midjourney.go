package prompt

import (
	"math"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/pyre"
)

// WeightsError means that the weights of a prompt's parts cancel each other.
type WeightsError struct {
	Sum float64 // of the weights
}

// Error is Phrase in English.
func (e *WeightsError) Error() string { return e.Phrase().String() }

// Phrase is a clause for people.
func (e *WeightsError) Phrase() phrase.Phrase {
	return phrase.Of("the weights behind :: add up to %.4g; the sum must be greater than 0", e.Sum)
}

// minWeightSum is the smallest allowed sum of all weights, as a share of the largest. Below it the parts nearly cancel
// each other, and the rest would be amplified too much.
const minWeightSum = 0.01

// normalizeWeights divides weights by their sum.
func normalizeWeights(parts []Term) error {
	sum, largest := 0.0, 0.0
	for _, p := range parts {
		sum, largest = sum+p.Weight, max(largest, math.Abs(p.Weight))
	}
	if !(sum > largest*minWeightSum) {
		return &WeightsError{Sum: sum}
	}
	for i := range parts {
		parts[i].Weight /= sum
	}
	return nil
}

// DetectNotation guesses the notation of a prompt. It is Midjourney's if a :: outside of brackets is directly followed
// by a number or a blank, or ends the prompt; "std::vector" and "[a::0.5]" are A1111's.
func DetectNotation(text string) picture.Notation {
	for _, c := range Current.weightColons(text) {
		if c.certain {
			return picture.NotationMidjourney
		}
	}
	return picture.NotationA1111
}

// splitWeighted cuts a prompt at each :: outside of brackets. It returns nothing where there is none, and leaves out
// parts without text.
func (r Reading) splitWeighted(text string) (parts []Term) {
	from, found := 0, r.weightColons(text)
	add := func(text string, weight float64) {
		if text = strings.TrimFunc(text, pyre.IsSpace); text != "" {
			parts = append(parts, Term{text, weight})
		}
	}
	for _, c := range found {
		add(text[from:c.start], c.weight)
		from = c.end
	}
	if len(found) > 0 {
		add(text[from:], 1)
	}
	if len(found) > 0 && len(parts) == 0 {
		return []Term{{"", 1}}
	}
	return parts
}

// weightColon is a :: outside of brackets, by byte offsets, with the number after it.
type weightColon struct {
	start, end int
	weight     float64
	certain    bool // the text after it makes certain that it is a weight
}

// weightBehind matches a number as Midjourney reads it, with the digits of any script.
var (
	weightBehind   = regexp.MustCompile(strings.ReplaceAll(numberBehind, `\d`, pyre.Digit))
	weightBehindV2 = regexp.MustCompile(strings.ReplaceAll(numberBehind, `\d`, `[0-9]`))
)

const numberBehind = `^[-+]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})`

// weightColons finds each :: outside of brackets. Brackets are those of Parse: a backslash makes one plain, and one
// that is never closed opens nothing here.
func (r Reading) weightColons(text string) (found []weightColon) {
	inside := insideBrackets(text)
	for at := 0; at+1 < len(text); at++ {
		switch {
		case text[at] == '\\':
			at++
		case text[at] == ':' && text[at+1] == ':' && !inside[at]:
			c := r.readWeightColon(text, at)
			found = append(found, c)
			at = c.end - 1
		}
	}
	return found
}

// readWeightColon reads the :: at a place and what belongs to it.
func (r Reading) readWeightColon(text string, at int) weightColon {
	c := weightColon{start: at, end: at + 2, weight: 1}
	for c.end < len(text) && text[c.end] == ':' {
		c.end++
	}
	behind := text[c.end:]
	pattern := weightBehind
	if r == V2 {
		pattern = weightBehindV2
	}
	number := pattern.FindString(behind)
	if next, _ := utf8.DecodeRuneInString(behind[len(number):]); number != "" && !pyre.IsWord(next) {
		if w, err := pyre.ParseFloat(number); err == nil {
			c.end, c.weight, c.certain = c.end+len(number), w, true
			return c
		}
	}
	next, _ := utf8.DecodeRuneInString(behind)
	c.certain = behind == "" || pyre.IsSpace(next) || unicode.In(next, unicode.Po) && next != ':'
	return c
}

// insideBrackets says for each byte whether it lies between two matching brackets.
func insideBrackets(text string) []bool {
	type bracket struct {
		at   int
		kind byte
	}
	var open []bracket
	depth := make([]int, len(text)+1)
	for at := 0; at < len(text); at++ {
		switch c := text[at]; c {
		case '\\':
			at++
		case '(', '[', '{', '<':
			open = append(open, bracket{at, c})
		case ')', ']', '}', '>':
			for i := len(open) - 1; i >= 0 && len(open)-i <= 64; i-- {
				if closes(open[i].kind, c) {
					depth[open[i].at]++
					depth[at]--
					open = open[:i]
					break
				}
			}
		}
	}
	inside := make([]bool, len(text))
	level := 0
	for at := range inside {
		level += depth[at]
		inside[at] = level > 0
	}
	return inside
}

func closes(open, c byte) bool {
	return open == '(' && c == ')' || open == '[' && c == ']' || open == '{' && c == '}' || open == '<' && c == '>'
}
