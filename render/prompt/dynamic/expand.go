package dynamic

import (
	"errors"
	"fmt"
	"strings"
)

// Bounds of an expansion.
const (
	maxBytes   = 16_000 // of one text that comes out: 4,000 characters of any script
	maxDraws   = 2_000  // choices and wildcards that are settled
	maxNesting = 16     // wildcards inside each other
)

// ErrLong means that a prompt grows beyond all reading. Its text is a clause for people.
var ErrLong = errors.New("what stands for its choices and wildcards makes this prompt too long")

// TooManyError means that a prompt has more permutations than may be painted.
type TooManyError struct {
	Count int // how many there are; at least so many beyond a million
	Most  int
}

// Error is a clause for people.
func (e *TooManyError) Error() string {
	return fmt.Sprintf("these permutations are %d prompts, and at most %d can be painted at once", e.Count, e.Most)
}

// Wildcards knows the values of wildcards. Folder is one.
type Wildcards interface {
	// Values returns the lines that a wildcard stands for, or an *UnknownError.
	Values(name string) ([]string, error)
}

// Expand settles what texts leave open, by seed, and returns all permutations of what is left: each with as many texts as
// were given, the first that were typed first. Without anything open it returns the texts as they are. Errors are
// ErrLong, a *TooManyError, or come from the wildcards.
func Expand(texts []string, seed int64, from Wildcards, most int) ([][]string, error) {
	s := settler{dice: newDice(seed), from: from, known: map[string][]option{}}
	var all [][]node
	total := 1
	for _, text := range texts {
		nodes, err := s.settle(parse(text), 0)
		if err != nil {
			return nil, err
		}
		all = append(all, nodes)
		total = times(total, ways(nodes))
	}
	if total > most {
		return nil, &TooManyError{Count: total, Most: most}
	}
	out := make([][]string, total)
	for i := range out {
		left := i
		row := make([]string, len(texts))
		for t := len(all) - 1; t >= 0; t-- {
			n := ways(all[t])
			var b strings.Builder
			if err := write(&b, all[t], left%n); err != nil {
				return nil, err
			}
			row[t], left = b.String(), left/n
		}
		out[i] = row
	}
	return out, nil
}

// Open tells whether a text leaves something open: a choice, a wildcard or a permutation.
func Open(text string) bool {
	for _, n := range parse(text) {
		if n.kind != literal {
			return true
		}
	}
	return false
}

// settler makes the choices of one expansion.
type settler struct {
	dice  *dice
	from  Wildcards
	known map[string][]option // of the wildcards that were read
	draws int
}

// settle leaves only text and permutations of nodes.
func (s *settler) settle(nodes []node, depth int) (out []node, err error) {
	for _, n := range nodes {
		var more []node
		switch n.kind {
		case literal:
			more = []node{n}
		case wildcard:
			more, err = s.wildcard(n.text, depth)
		case choice:
			more, err = s.choose(n, depth)
		case permutation:
			more, err = s.permute(n, depth)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// drawn counts what is settled, so that wildcards that name each other come to an end.
func (s *settler) drawn(depth int) error {
	if s.draws++; s.draws > maxDraws || depth > maxNesting {
		return ErrLong
	}
	return nil
}

func (s *settler) permute(n node, depth int) ([]node, error) {
	settled := node{kind: permutation}
	for _, o := range n.options {
		nodes, err := s.settle(o.nodes, depth)
		if err != nil {
			return nil, err
		}
		o := option{nodes: nodes, ways: ways(nodes)}
		settled.options, settled.ways = append(settled.options, o), min(settled.ways+o.ways, enough)
	}
	return []node{settled}, nil
}

// choose takes some of the options, each at most once. The only option being a wildcard stands for its values, so that
// {2$$__birds__} never names a bird twice.
func (s *settler) choose(n node, depth int) (out []node, err error) {
	if err := s.drawn(depth); err != nil {
		return nil, err
	}
	options := n.options
	if len(options) == 1 && len(options[0].nodes) == 1 && options[0].nodes[0].kind == wildcard {
		if options, err = s.values(options[0].nodes[0].text); err != nil {
			return nil, err
		}
		depth++
	}
	several := n.most > 1
	for i, o := range s.dice.pick(options, n.least, n.most) {
		if i > 0 {
			out = append(out, node{text: n.join})
		}
		nodes, err := s.settle(o.read(), depth)
		if err != nil {
			return nil, err
		}
		if several {
			nodes = trim(nodes)
		}
		out = append(out, nodes...)
	}
	return out, nil
}

// trim takes the blanks around one of several options away: what joins them has its own.
func trim(nodes []node) []node {
	if n := len(nodes); n > 0 {
		if nodes[0].kind == literal {
			nodes[0].text = strings.TrimLeft(nodes[0].text, " \t\n")
		}
		if nodes[n-1].kind == literal {
			nodes[n-1].text = strings.TrimRight(nodes[n-1].text, " \t\n")
		}
	}
	return nodes
}

func (s *settler) wildcard(name string, depth int) ([]node, error) {
	if err := s.drawn(depth); err != nil {
		return nil, err
	}
	options, err := s.values(name)
	if err != nil {
		return nil, err
	}
	for _, o := range s.dice.pick(options, 1, 1) {
		return s.settle(o.read(), depth+1)
	}
	return nil, nil
}

// values are the lines of a wildcard as options.
func (s *settler) values(name string) ([]option, error) {
	if options, read := s.known[name]; read {
		return options, nil
	}
	lines, err := s.from.Values(name)
	if err != nil {
		return nil, err
	}
	options := make([]option, len(lines))
	for i, line := range lines {
		options[i] = lineOption(line)
	}
	s.known[name] = options
	return options, nil
}

// ways is how many permutations settled nodes have.
func ways(nodes []node) int {
	total := 1
	for _, n := range nodes {
		if n.kind == permutation {
			total = times(total, n.ways)
		}
	}
	return total
}

// enough is where counting permutations ends: nobody may paint so many.
const enough = 1_000_000

func times(a, b int) int { return min(a*b, enough) }

// write writes permutation k of nodes: the last group changes first.
func write(b *strings.Builder, nodes []node, k int) error {
	chosen := make([]int, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		if nodes[i].kind == permutation {
			chosen[i], k = k%nodes[i].ways, k/nodes[i].ways
		}
	}
	for i, n := range nodes {
		if n.kind == literal {
			b.WriteString(n.text)
		}
		for at, o := 0, chosen[i]; at < len(n.options); at++ {
			if o >= n.options[at].ways {
				o -= n.options[at].ways
				continue
			}
			if err := write(b, n.options[at].nodes, o); err != nil {
				return err
			}
			break
		}
		if b.Len() > maxBytes {
			return ErrLong
		}
	}
	return nil
}
