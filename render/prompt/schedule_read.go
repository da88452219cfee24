package prompt

import (
	"regexp"
	"strings"

	"darkroom/render/pyre"
)

// scheduleReader reads the pieces of a scheduled prompt. It caches what it read at a bracket, so that a bracket that
// turns out to be plain text is not read again for each bracket around it.
type scheduleReader struct {
	text  string
	calls Calls
	memo  map[int]parsed // by the place of an opening bracket
	depth int

	editNumber *regexp.Regexp // matches the end of an edit
}

// parsed is the piece at a bracket, and where it ends; 0 when there is none.
type parsed struct {
	node node
	end  int
}

// parseAll reads the text to its end. Brackets and colons that belong to no piece are plain text here, and only here.
func (r *scheduleReader) parseAll() ([]node, bool) {
	var nodes []node
	for at := 0; at < len(r.text); {
		more, end := r.sequence(at)
		nodes, at = append(nodes, more...), end
		if at == len(r.text) {
			break
		}
		if !strings.ContainsRune("[]():", rune(r.text[at])) {
			return nil, false
		}
		nodes = append(nodes, node{text: r.text[at : at+1]})
		at++
	}
	return nodes, true
}

// sequence reads plain text and pieces as far as they go.
func (r *scheduleReader) sequence(at int) (nodes []node, end int) {
	for at < len(r.text) {
		if n := plainRun(r.text[at:]); n > 0 {
			nodes = append(nodes, node{text: r.text[at : at+n]})
			at += n
			continue
		}
		p := r.piece(at)
		if p.end == 0 {
			break
		}
		nodes, at = append(nodes, p.node), p.end
	}
	return nodes, at
}

// plainRun is the length of the text without special characters at the start. A backslash includes the next character,
// except the end of a line.
func plainRun(text string) int {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '[', ']', '(', ')', ':', '|':
			return i
		case '\\':
			if i+1 == len(text) || text[i+1] == '\n' {
				return i
			}
			i++
		}
	}
	return len(text)
}

func (r *scheduleReader) piece(at int) parsed {
	if r.text[at] != '(' && r.text[at] != '[' || r.depth >= MaxDepth {
		return parsed{}
	}
	if p, ok := r.memo[at]; ok {
		return p
	}
	r.depth++
	p := r.brackets(at)
	r.depth--
	r.memo[at] = p
	return p
}

// brackets reads the text between two brackets, divided by colons or by vertical bars but not by both.
func (r *scheduleReader) brackets(at int) parsed {
	var options [][]node
	var starts []int // where each option begins
	divider, end := byte(0), at
	for {
		starts = append(starts, end+1)
		nodes, next := r.sequence(end + 1)
		options = append(options, nodes)
		if end = next; end == len(r.text) {
			return parsed{}
		}
		by := r.text[end]
		if by != ':' && by != '|' || divider != 0 && by != divider {
			break
		}
		divider = by
	}
	if r.text[at] == '(' {
		return r.round(options, divider, end)
	}
	return r.square(options, starts, divider, end)
}

func (r *scheduleReader) round(options [][]node, divider byte, end int) parsed {
	if r.text[end] != ')' || divider == '|' || len(options) > 2 {
		return parsed{}
	}
	return parsed{node{kind: bracket, brackets: "()", options: options}, end + 1}
}

// The end of an edit: lark's SIGNED_NUMBER, whose digits are ASCII, between A1111's WHITESPACE, which is Python's.
const signedNumber = `([-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)`

var (
	editNumber   = regexp.MustCompile(`^` + pyre.Space + `*` + signedNumber + pyre.Space + `*$`)
	editNumberV2 = regexp.MustCompile(`^\s*` + signedNumber + `\s*$`)
)

func (r Reading) editNumber() *regexp.Regexp {
	if r == V2 {
		return editNumberV2
	}
	return editNumber
}

func (r *scheduleReader) square(options [][]node, starts []int, divider byte, end int) parsed {
	if r.text[end] != ']' {
		return parsed{}
	}
	switch {
	case divider == 0:
		return parsed{node{kind: bracket, brackets: "[]", options: options}, end + 1}
	case divider == '|':
		return parsed{node{kind: alternation, options: options}, end + 1}
	case len(options) > 3:
		return parsed{}
	}
	last := len(options) - 1
	match := r.editNumber.FindStringSubmatch(r.text[starts[last]:end])
	if match == nil {
		return parsed{}
	}
	when, ok := r.calls.when(match[1])
	if !ok {
		return parsed{}
	}
	if last == 1 {
		options = [][]node{nil, options[0]}
	}
	return parsed{node{kind: edit, when: when, options: options[:2]}, end + 1}
}
