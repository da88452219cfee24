package dynamic

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Bounds of an expansion.
const (
	maxBytes   = 16_000  // that an expanded text may have more than the typed one: 4,000 characters of any script
	maxDraws   = 2_000   // choices and wildcards that are expanded, and the options taken from each
	maxNesting = 16      // wildcards inside each other
	maxRead    = 1 << 18 // bytes of the chosen lines, and of the text that joins them
)

// ErrTooLong means that a prompt expands to too much text. Its text is a clause for people.
var ErrTooLong = errors.New("the choices and wildcards make this prompt too long")

// TooManyError means that a prompt has more permutations than allowed.
type TooManyError struct {
	Count int // how many there are; a million stands for a million and more
	Max   int
}

// Uncounted tells whether there are a million and more.
func (e *TooManyError) Uncounted() bool { return e.Count >= maxCounted }

// Error is a clause for people.
func (e *TooManyError) Error() string {
	if e.Uncounted() {
		return fmt.Sprintf("the choices make more than a million prompts: at most %d are possible at once", e.Max)
	}
	return fmt.Sprintf("the choices make %d prompts: at most %d are possible at once", e.Count, e.Max)
}

// Expand makes the choices in texts, by seed, and returns all permutations: each with as many texts as were given, in
// the order in which they were typed. Texts without choices are returned as they are. Errors are ErrTooLong,
// ErrTooManyLines, a *TooManyError or an *UnknownError, or come from the wildcards or the context.
func Expand(ctx context.Context, texts []string, seed int64, from Wildcards, most int) ([][]string, error) {
	return expandWith(ctx, texts, seed, newWildcardCache(from), most)
}

// ExpandEach is Expand for each of several seeds: of each permutation the texts of the first seed, those of the second,
// and so on. The first seed decides how many permutations there are. A seed that makes fewer begins again with its
// first.
func ExpandEach(
	ctx context.Context, texts []string, seeds []int64, from Wildcards, most int,
) (permutations [][][]string, err error) {
	wildcards := newWildcardCache(from)
	for i, seed := range seeds {
		rows, err := expandWith(ctx, texts, seed, wildcards, most)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			permutations = make([][][]string, len(rows))
		}
		for k := range permutations {
			permutations[k] = append(permutations[k], rows[k%len(rows)])
		}
	}
	return permutations, nil
}

func expandWith(
	ctx context.Context, texts []string, seed int64, wildcards *wildcardCache, most int,
) ([][]string, error) {
	s := expander{random: newGenerator(seed), wildcards: wildcards}
	var all [][]node
	total := 1
	for _, text := range texts {
		s.variables = nil
		nodes, err := s.expand(ctx, parse(text, s.wildcards.has), 0)
		if err != nil {
			return nil, err
		}
		all = append(all, nodes)
		total = times(total, countPermutations(nodes))
	}
	if total > most {
		return nil, &TooManyError{Count: total, Max: most}
	}
	out := make([][]string, total)
	for i := range out {
		left := i
		row := make([]string, len(texts))
		for t := len(all) - 1; t >= 0; t-- {
			n := countPermutations(all[t])
			var b strings.Builder
			if err := write(&b, all[t], left%n, maxBytes+len(texts[t])); err != nil {
				return nil, err
			}
			row[t], left = b.String(), left/n
		}
		out[i] = row
	}
	return out, nil
}

// HasChoices says whether a text has a choice, a wildcard or a permutation.
func HasChoices(text string, from Wildcards) bool { return hasChoices(text, newWildcardCache(from)) }

func hasChoices(text string, wildcards *wildcardCache) bool {
	for _, n := range parse(text, wildcards.has) {
		if n.kind != literal {
			return true
		}
	}
	return false
}

// expander makes the choices of one expansion.
type expander struct {
	random    *generator
	wildcards *wildcardCache
	draws     int
	read      int // bytes
	variables map[string][]node
}

// expand replaces everything in nodes but text and permutations.
func (s *expander) expand(ctx context.Context, nodes []node, depth int) (out []node, err error) {
	outer := s.variables
	defer func() { s.variables = outer }()
	if nodes, err = s.assign(ctx, nodes, depth); err != nil {
		return nil, err
	}
	for _, n := range nodes {
		var more []node
		switch n.kind {
		case variable:
			more, err = s.lookUp(ctx, n, depth)
		case literal:
			more = []node{n}
		case wildcard:
			more, err = s.choose(ctx, node{options: []option{{nodes: []node{n}}}, least: 1, most: 1}, depth)
		case choice:
			more, err = s.choose(ctx, n, depth)
		case permutation:
			more, err = s.permute(ctx, n, depth)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// checkBounds counts expansions, so that wildcards that name each other end.
func (s *expander) checkBounds(ctx context.Context, n, bytes, depth int) error {
	s.draws, s.read = s.draws+n, s.read+bytes
	if s.draws > maxDraws || s.read > maxRead || depth > maxNesting {
		return ErrTooLong
	}
	return ctx.Err()
}

func (s *expander) permute(ctx context.Context, n node, depth int) ([]node, error) {
	expanded := node{kind: permutation}
	for _, o := range n.options {
		nodes, err := s.expand(ctx, o.nodes, depth)
		if err != nil {
			return nil, err
		}
		o := option{nodes: nodes, permutations: countPermutations(nodes)}
		expanded.options = append(expanded.options, o)
		expanded.permutations = min(expanded.permutations+o.permutations, maxCounted)
	}
	return []node{expanded}, nil
}

// choose takes some of the options, each at most once. A wildcard that is the only option stands for its values, so
// that {2$$__birds__} never names a bird twice.
func (s *expander) choose(ctx context.Context, n node, depth int) (out []node, err error) {
	var from *weightedPool
	if len(n.options) == 1 && len(n.options[0].nodes) == 1 && n.options[0].nodes[0].kind == wildcard {
		if from, err = s.wildcards.pool(ctx, n.options[0].nodes[0].text); err != nil {
			return nil, err
		}
		depth++
	} else {
		from = newWeightedPool(n.options)
	}
	wanted := s.random.intBetween(min(n.least, len(from.options)), min(n.most, len(from.options)))
	if err := s.checkBounds(ctx, max(wanted, 1), wanted*len(n.join), depth); err != nil {
		return nil, err
	}
	for i, o := range from.draw(s.random, wanted) {
		if i > 0 {
			out = append(out, node{text: n.join})
		}
		if err := s.checkBounds(ctx, 0, len(o.line), depth); err != nil {
			return nil, err
		}
		nodes, err := s.expand(ctx, o.read(s.wildcards.has), depth)
		if err != nil {
			return nil, err
		}
		if n.most > 1 {
			nodes = trim(nodes)
		}
		out = append(out, nodes...)
	}
	return out, nil
}

// trim removes the blanks around one of several options: the separator has its own.
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

// countPermutations is how many permutations expanded nodes have.
func countPermutations(nodes []node) int {
	total := 1
	for _, n := range nodes {
		if n.kind == permutation {
			total = times(total, n.permutations)
		}
	}
	return total
}

// maxCounted is where counting permutations ends: more are never allowed.
const maxCounted = 1_000_000

func times(a, b int) int { return min(a*b, maxCounted) }

// write writes permutation k of nodes in at most so many bytes: the last group changes first.
func write(b *strings.Builder, nodes []node, k, most int) error {
	chosen := make([]int, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		if nodes[i].kind == permutation {
			chosen[i], k = k%nodes[i].permutations, k/nodes[i].permutations
		}
	}
	for i, n := range nodes {
		if n.kind == literal {
			b.WriteString(n.text)
		}
		for at, o := 0, chosen[i]; at < len(n.options); at++ {
			if o >= n.options[at].permutations {
				o -= n.options[at].permutations
				continue
			}
			if err := write(b, n.options[at].nodes, o, most); err != nil {
				return err
			}
			break
		}
		if b.Len() > most {
			return ErrTooLong
		}
	}
	return nil
}
