package dynamic

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// maxDepth is how deep groups may nest; a brace that is deeper is text.
const maxDepth = 32

// node is a piece of a prompt: text, a wildcard, or a group of options.
type node struct {
	kind         kind
	text         string // of text; of a wildcard its name
	options      []option
	least        int // of a choice: how many are taken
	most         int
	join         string
	permutations int // of an expanded permutation: how many prompts it makes

	raw        string // of a variable: as it was typed
	keep, once bool   // of an assignment: it keeps an earlier value; its value is drawn once
}

type kind byte

const (
	literal kind = iota
	wildcard
	choice      // some of the options, by chance
	permutation // each of the options, in prompts of their own
	assign      // a variable gets a value
	variable    // stands for its value
)

// option is one of a group.
type option struct {
	weight       float64
	nodes        []node
	line         string // of a wildcard: parsed only if it is chosen
	permutations int    // of an expanded permutation: how many prompts it makes
}

// read returns an option's pieces.
func (o option) read(known func(name string) bool) []node {
	if o.line != "" {
		return parse(o.line, known)
	}
	return o.nodes
}

// reader reads one text in linear time: every bracket is matched once, before.
type reader struct {
	text  string
	known func(name string) bool // tells whether there is a wildcard of a name
	close []int                  // by the place of a brace that opens a group: the place of the one that closes it; else 0
}

// parse reads a text. known tells whether there is a wildcard of a name with unusual characters.
func parse(text string, known func(name string) bool) []node {
	r := reader{text: text, known: known, close: make([]int, len(text))}
	var open []int
	for at := 0; at < len(text); at++ {
		switch text[at] {
		case '\\':
			at++
		case '{':
			open = append(open, at)
		case '}':
			if n := len(open); n > 0 {
				if n <= maxDepth {
					r.close[open[n-1]] = at
				}
				open = open[:n-1]
			}
		}
	}
	return r.sequence(0, len(text), false)
}

// sequence reads text[from:to]. Within a permutation an escaped comma loses its backslash.
func (r *reader) sequence(from, to int, permuted bool) (nodes []node) {
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			nodes = append(nodes, node{text: plain.String()})
			plain.Reset()
		}
	}
	for at := from; at < to; {
		switch c := r.text[at]; {
		case c == '\\' && at+1 < to:
			if !permuted || r.text[at+1] != ',' {
				plain.WriteByte(c)
			}
			plain.WriteByte(r.text[at+1])
			at += 2
		case c == '$' && at+1 < to && r.text[at+1] == '{' && r.close[at+1] > 0:
			n, ok := r.variable(at+2, r.close[at+1])
			if !ok { // a dollar before a choice
				plain.WriteByte(c)
				at++
				continue
			}
			flush()
			nodes = append(nodes, n)
			at = r.close[at+1] + 1
		case c == '{' && r.close[at] > 0:
			flush()
			nodes = append(nodes, r.group(at+1, r.close[at])...)
			at = r.close[at] + 1
		case c == '_' && r.wildcardName(at, to) != "":
			flush()
			name := r.wildcardName(at, to)
			nodes = append(nodes, node{kind: wildcard, text: name})
			at += len(name) + 4
		default:
			plain.WriteByte(c)
			at++
		}
	}
	flush()
	return nodes
}

// maxNameBytes is how long the name of a wildcard with unusual characters may be.
const maxNameBytes = 200

// wildcardName is the name between two underscores twice at the start of text[at:to], or "". Names of letters, digits
// and _-./* are always wildcards. Any other, such as "my birds", is one only where there is a wildcard of this name:
// elsewhere it is text between underscores.
func (r *reader) wildcardName(at, to int) string {
	text := r.text[at:to]
	if !strings.HasPrefix(text, "__") {
		return ""
	}
	text = text[2:min(len(text), 2+maxNameBytes+2)]
	end := strings.Index(text, "__")
	if end <= 0 {
		return ""
	}
	name := text[:end]
	if strings.IndexFunc(name, isUnusual) >= 0 && !r.known(name) {
		return ""
	}
	return name
}

// isUnusual tells whether a character in the name of a wildcard could as well stand in a text between underscores.
func isUnusual(c rune) bool {
	return !unicode.IsLetter(c) && !unicode.IsMark(c) && !unicode.IsNumber(c) && !strings.ContainsRune("_-./*", c)
}

// group reads the text between two braces.
func (r *reader) group(from, to int) []node {
	n := node{kind: choice, least: 1, most: 1, join: ", "}
	counted := false
	dollars := r.marks(from, to, "$$")
	if len(dollars) > 0 {
		if least, most, ok := count(r.text[from:dollars[0]]); ok {
			counted, n.least, n.most, from = true, least, most, dollars[0]+2
			if len(dollars) > 1 {
				n.join, from = r.text[from:dollars[1]], dollars[1]+2
			}
		}
	}
	strokes := r.marks(from, to, "|")
	if !counted && len(strokes) == 0 {
		commas := r.marks(from, to, ",")
		if len(commas) == 0 {
			return r.sequence(from, to, false)
		}
		n.kind, strokes = permutation, commas
	}
	for _, end := range append(strokes, to) {
		n.options = append(n.options, r.option(from, end, n.kind == permutation))
		from = end + 1
	}
	return []node{n}
}

// marks returns the places of a mark in text[from:to] outside of inner groups.
func (r *reader) marks(from, to int, mark string) (places []int) {
	for at := from; at < to; at++ {
		switch {
		case r.text[at] == '\\':
			at++
		case r.text[at] == '{' && r.close[at] > 0:
			at = r.close[at]
		case r.text[at] == '_' && r.wildcardName(at, to) != "": // a name may hold a comma
			at += len(r.wildcardName(at, to)) + 3
		case strings.HasPrefix(r.text[at:to], mark):
			places = append(places, at)
			at += len(mark) - 1
		}
	}
	return places
}

var (
	counts     = regexp.MustCompile(`^\s*(?:(\d{1,18})?(-)(\d{1,18})?|(\d{1,18}))\s*$`)
	leadWeight = regexp.MustCompile(`^\s*(\d{1,9}(?:\.\d{1,9})?|\.\d{1,9})\s*::`)
)

// maxCount stands for "as many as there are".
const maxCount = 9999

// count reads how many options to take: 2, 1-3, -3 or 2-.
func count(text string) (least, most int, ok bool) {
	m := counts.FindStringSubmatch(text)
	if m == nil || m[2] != "" && m[1] == "" && m[3] == "" {
		return 0, 0, false
	}
	number := func(digits string, otherwise int) int {
		if n, err := strconv.Atoi(digits); err == nil {
			return min(n, maxCount)
		}
		return otherwise
	}
	if m[4] != "" {
		n := number(m[4], 1)
		return n, n, true
	}
	least, most = number(m[1], 1), number(m[3], maxCount)
	return min(least, most), max(least, most), true
}

// lineOption is a line of a wildcard, with the weight before it.
func lineOption(line string) option {
	w, n := weightBefore(line)
	return option{weight: w, line: line[n:]}
}

// weightBefore reads the weight at the start of an option, 3::, and its length; without one the weight is 1.
func weightBefore(text string) (weight float64, n int) {
	if !strings.Contains(text, "::") {
		return 1, 0
	}
	m := leadWeight.FindStringSubmatch(text)
	if m == nil {
		return 1, 0
	}
	w, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return 1, 0
	}
	return w, len(m[0])
}

// option reads one option: of a choice with the weight before it, of a permutation without blanks around it.
func (r *reader) option(from, to int, permuted bool) option {
	o := option{weight: 1}
	if permuted {
		part := r.text[from:to]
		from += len(part) - len(strings.TrimLeftFunc(part, unicode.IsSpace))
		to = max(from, to-len(part)+len(strings.TrimRightFunc(part, unicode.IsSpace)))
	} else if w, n := weightBefore(r.text[from:to]); n > 0 {
		o.weight, from = w, from+n
	}
	o.nodes = r.sequence(from, to, permuted)
	return o
}
