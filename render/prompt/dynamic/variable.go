package dynamic

import (
	"context"
	"maps"
	"regexp"
	"strings"
)

// The variables of dynamicprompts: ${name=value}, ${name=!value} drawn once, ${name?=value} where there is none yet,
// ${name} and ${name:value if there is none}. Its names begin with a letter, an underscore or a hyphen.
var (
	assignment = regexp.MustCompile(`^[ \t\r\n]*([A-Za-z_-][A-Za-z0-9_-]*)[ \t\r\n]*(\??)=(!?)[ \t\r\n]*`)
	access     = regexp.MustCompile(`^[ \t\r\n]*([A-Za-z_-][A-Za-z0-9_-]*)[ \t\r\n]*(?:$|:[ \t\r\n]*)`)
)

// variable reads the text between the braces of a ${…}; ok is false for text that is none.
func (r *reader) variable(from, to int) (n node, ok bool) {
	inside, raw := r.text[from:to], r.text[from-2:to+1]
	if m := assignment.FindStringSubmatchIndex(inside); m != nil {
		n = node{kind: assign, text: inside[m[2]:m[3]], keep: m[4] < m[5], once: m[6] < m[7], raw: raw}
		n.options = []option{{nodes: r.sequence(from+m[1], to, false)}}
		return n, true
	}
	m := access.FindStringSubmatchIndex(inside)
	if m == nil {
		return node{}, false
	}
	n = node{kind: variable, text: inside[m[2]:m[3]], raw: raw}
	if strings.Contains(inside, ":") {
		n.options = []option{{nodes: r.sequence(from+m[1], to, false)}}
	}
	return n, true
}

// assign carries out the assignments among nodes, in their order, and returns the other nodes. As in dynamicprompts
// they hold in all of the sequence, also before their place.
func (s *expander) assign(ctx context.Context, nodes []node, depth int) (others []node, err error) {
	copied := false
	for _, n := range nodes {
		if n.kind != assign {
			others = append(others, n)
			continue
		}
		if _, set := s.variables[n.text]; set && n.keep {
			continue
		}
		value := n.options[0].nodes
		if n.once {
			if value, err = s.expand(ctx, value, depth+1); err != nil {
				return nil, err
			}
		}
		if !copied { // what the sequences around this one have set stays theirs
			s.variables, copied = maps.Clone(s.variables), true
		}
		if s.variables == nil {
			s.variables = map[string][]node{}
		}
		s.variables[n.text] = value
	}
	return others, nil
}

// lookUp expands the value of a variable. A variable that has none is text.
func (s *expander) lookUp(ctx context.Context, n node, depth int) ([]node, error) {
	value, set := s.variables[n.text]
	if !set && len(n.options) == 0 {
		return []node{{text: n.raw}}, nil
	}
	if err := s.checkBounds(ctx, 1, len(n.raw), depth); err != nil {
		return nil, err
	}
	if !set {
		return s.expand(ctx, n.options[0].nodes, depth+1)
	}
	outer := s.variables
	defer func() { s.variables = outer }()
	s.variables = maps.Clone(outer)
	delete(s.variables, n.text) // a value that names itself ends, as in dynamicprompts
	return s.expand(ctx, value, depth+1)
}
