package prompt

import (
	"encoding/json"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/pyre"
)

// What a bracket multiplies by, as A1111 computes it: the second is the quotient of two float64, not the nearest to
// 10/11.
const emphasisFactor float64 = 1.1

func deemphasisFactor() float64 { one, by := 1.0, emphasisFactor; return one / by }

// MaxDepth is how many brackets of one kind may be open at once; a further one is literal text. 1.1 to this power is
// already beyond float32, and the limit keeps parsing linear in the length of the text.
const MaxDepth = 1024

// Part is a piece of a prompt with one weight, or a BREAK between two of them.
type Part struct {
	Text   string
	Weight float64 // 1 is neutral; always finite; -1 for a break
	Break  bool    // the rest starts in a new chunk; Text is "BREAK" then
	Column int     // where it starts in the text that was read, in characters from 1
}

// MarshalJSON writes a part as A1111's parser gives it: ["text", weight], and ["BREAK", -1] for a break.
func (p Part) MarshalJSON() ([]byte, error) { return json.Marshal([]any{p.Text, p.Weight}) }

// Parse reads A1111's emphasis: (a) is ×1.1, [a] is ÷1.1, (a:1.3) is ×1.3, brackets nest and multiply, \( is a literal
// bracket, BREAK starts a new chunk. What cannot be read as that is literal text; an unclosed bracket reaches to the
// end. Prompt editing and alternation are resolved before, by Stages.
//
// The parts are those of Fragments without the empty ones: a BREAK inside brackets is multiplied like a word, and is
// then no break any more. The reading V2 leaves it a break. There is always at least one part.
func (r Reading) Parse(text string) []Part {
	parts := Fragments(text)
	if r == V2 {
		parts = merge(read(text, V2), true)
	}
	var out []Part
	for _, p := range parts {
		if p.Text != "" {
			out = append(out, p)
		}
	}
	if out == nil {
		return []Part{{Weight: 1, Column: 1}}
	}
	return out
}

// Fragments returns exactly what A1111's attention parser yields, with empty fragments and broken breaks: inside
// brackets a BREAK is multiplied like a word, and is then no break any more.
func Fragments(text string) []Part {
	parts := merge(read(text, Current), false)
	for i := range parts {
		parts[i].Break = parts[i].Text == breakWord && parts[i].Weight == -1
	}
	return parts
}

// attentionReader holds the state of one run of the parser. The stacks hold the number of parts when a bracket opened.
type attentionReader struct {
	parts  []Part
	round  []int
	square []int
	column int

	reading Reading
}

// read returns the parts in order, not merged yet; breaks carry the weight A1111 gives them.
func read(text string, reading Reading) []Part {
	r := &attentionReader{column: 1, reading: reading}
	for text != "" {
		n := r.token(text)
		r.column += utf8.RuneCountInString(text[:n])
		text = text[n:]
	}
	for _, from := range r.round {
		r.multiply(from, emphasisFactor)
	}
	for _, from := range r.square {
		r.multiply(from, deemphasisFactor())
	}
	if len(r.parts) == 0 {
		r.add("")
	}
	return r.parts
}

// token reads one token at the start of text and returns its length in bytes. The order of cases is that of the
// grammar.
func (r *attentionReader) token(text string) int {
	switch c := text[0]; {
	case c == '\\':
		return r.escape(text)
	case c == '(' && len(r.round) < MaxDepth:
		r.round = append(r.round, len(r.parts))
		return 1
	case c == '[' && len(r.square) < MaxDepth:
		r.square = append(r.square, len(r.parts))
		return 1
	case c == ':':
		return r.colon(text)
	case c == ')' && len(r.round) > 0:
		r.multiply(pop(&r.round), emphasisFactor)
		return 1
	case c == ']' && len(r.square) > 0:
		r.multiply(pop(&r.square), deemphasisFactor())
		return 1
	case isSpecial(c):
		r.add(text[:1])
		return 1
	}
	return r.plainText(text)
}

// escape reads a backslash: before a bracket or another backslash that one is literal, else the backslash is dropped.
func (r *attentionReader) escape(text string) int {
	if len(text) > 1 && isSpecial(text[1]) && text[1] != ':' {
		r.add(text[1:2])
		return 2
	}
	r.add("")
	return 1
}

// colon reads ":1.3)" as the end of a weighted bracket if one is open, else the colon alone as text.
func (r *attentionReader) colon(text string) int {
	if len(r.round) > 0 {
		if by, n := r.reading.weightEnd(text); n > 0 {
			r.multiply(pop(&r.round), by)
			return n
		}
	}
	r.add(":")
	return 1
}

// plainText reads text up to the next special character and splits it at the word BREAK.
func (r *attentionReader) plainText(text string) int {
	n := 0
	for n < len(text) && !isSpecial(text[n]) {
		n++
	}
	r.splitBreaks(text[:n])
	return n
}

// add appends text of weight 1 that starts at the reader's column.
func (r *attentionReader) add(text string) {
	r.parts = append(r.parts, Part{Text: text, Weight: 1, Column: r.column})
}

// multiply multiplies the weight of every part from index from on. Weights stay finite, so that later sums cannot
// become NaN.
func (r *attentionReader) multiply(from int, by float64) {
	for i := from; i < len(r.parts); i++ {
		w := r.parts[i].Weight * by
		r.parts[i].Weight = min(max(w, -math.MaxFloat64), math.MaxFloat64)
	}
}

func pop(stack *[]int) int {
	last := len(*stack) - 1
	n := (*stack)[last]
	*stack = (*stack)[:last]
	return n
}

func isSpecial(c byte) bool {
	switch c {
	case '\\', '(', ')', '[', ']', ':':
		return true
	}
	return false
}

// weightEnd reads a colon, a number and a closing bracket, with spaces around the number, at the start of text.
// It returns the number and the length in bytes, or 0 where the text is something else.
func (r Reading) weightEnd(text string) (weight float64, n int) {
	n = 1 + spaces(text[1:])
	start := n
	for n < len(text) {
		c, size := utf8.DecodeRuneInString(text[n:])
		if !r.isNumeric(c, n == start) {
			break
		}
		n += size
	}
	number := text[start:n]
	n += spaces(text[n:])
	if n == len(text) || text[n] != ')' {
		return 0, 0
	}
	weight, err := pyre.ParseFloat(number)
	if err != nil { // "1.2.3", "." or out of range: A1111 fails here, this takes it as text
		return 0, 0
	}
	return weight, n + 1
}

func (r Reading) isNumeric(c rune, first bool) bool {
	return c >= '0' && c <= '9' || c == '.' || first && (c == '+' || c == '-') || r != V2 && unicode.Is(unicode.Nd, c)
}

// merge joins neighbours of equal weight. With repair, breaks first get their weight back and are never joined.
func merge(parts []Part, repair bool) []Part {
	var out []Part
	for i := 0; i < len(parts); {
		p := parts[i]
		if repair && p.Break {
			p.Weight = -1
			out = append(out, p)
			i++
			continue
		}
		var texts []string
		for ; i < len(parts) && parts[i].Weight == p.Weight && !(repair && parts[i].Break); i++ {
			texts = append(texts, parts[i].Text)
		}
		p.Text = strings.Join(texts, "")
		out = append(out, p)
	}
	return out
}
