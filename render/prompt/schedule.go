package prompt

import (
	"slices"
	"strconv"
	"strings"
)

// Stage is the text of a prompt up to one call of the model.
type Stage struct {
	Until int // the last call of this text, counted as in A1111: the calls 0 to Until
	Text  string
}

// Calls describes the pass of a schedule.
type Calls struct {
	Count  int // calls of the model in this pass: its steps, doubled for samplers with two calls a step
	Before int // calls of the pass before it; 0 in the first
}

// Stages resolves prompt editing and alternation, by the calls of the model they divide:
//
//	[from:to:0.5]   from, and after half of the calls to; [to:0.5] and [from::0.5] leave one of them empty
//	[from:to:8]     the same after 8 calls
//	[a|b|c]         a, b and c in turn, call by call
//
// A number with a point is a share, one without is a count. In a hires pass shares begin at 1.0, and counts at the end
// of the first pass. Constructs nest. What cannot be read as one is plain text; and as in A1111 a vertical bar outside
// of square brackets, or a backslash at the end, makes the whole prompt plain. There is always at least one stage, and
// the last one reaches to the end.
//
// The grammar is that of A1111's modules/prompt_parser.py.
func (r Reading) Stages(text string, c Calls) []Stage {
	reader := &scheduleReader{text: text, calls: c, memo: map[int]parsed{}, editNumber: r.editNumber()}
	nodes, ok := reader.parseAll()
	if !ok {
		return []Stage{{c.Count, text}}
	}
	ends := []int{c.Count}
	for _, n := range nodes {
		ends = n.changePoints(ends, c.Count)
	}
	slices.Sort(ends)
	var stages []Stage
	for _, end := range slices.Compact(ends) {
		var b strings.Builder
		for _, n := range nodes {
			n.write(&b, end)
		}
		stages = append(stages, Stage{end, b.String()})
	}
	return stages
}

// StageAt returns the stage of a call of the model, counted from 0: the first that reaches that far.
func StageAt(stages []Stage, call int) Stage {
	for _, s := range stages {
		if call <= s.Until {
			return s
		}
	}
	return stages[len(stages)-1]
}

// node is a piece of a prompt: plain text, a bracket around other pieces, an edit, or an alternation.
type node struct {
	text     string   // of plain text
	options  [][]node // of brackets one; of an edit the text before and after; of an alternation all
	kind     kind
	when     int    // of an edit: the last call of the text before
	brackets string // of brackets: the characters that open, close and divide them
}

type kind byte

const (
	literal kind = iota
	bracket
	edit
	alternation
)

// changePoints adds the calls at which a piece changes.
func (n node) changePoints(ends []int, steps int) []int {
	switch {
	case n.kind == edit && n.when >= 1:
		ends = append(ends, n.when)
	case n.kind == alternation:
		for i := 1; i <= steps; i++ {
			ends = append(ends, i)
		}
	}
	for _, option := range n.options {
		for _, inner := range option {
			if n.kind == alternation && inner.kind == alternation {
				continue // it changes at every call already
			}
			ends = inner.changePoints(ends, steps)
		}
	}
	return ends
}

// write writes a piece as it reads at a step, counted from 1.
func (n node) write(b *strings.Builder, step int) {
	switch n.kind {
	case literal:
		b.WriteString(n.text)
	case edit:
		n.option(b, step, min(max(step-n.when, 0), 1))
	case alternation:
		n.option(b, step, (step-1)%len(n.options))
	case bracket:
		b.WriteByte(n.brackets[0])
		for i := range n.options {
			if i > 0 {
				b.WriteByte(':')
			}
			n.option(b, step, i)
		}
		b.WriteByte(n.brackets[1])
	}
}

func (n node) option(b *strings.Builder, step, i int) {
	for _, inner := range n.options[i] {
		inner.write(b, step)
	}
}

// when turns the number of an edit into the last call of what is before it.
func (c Calls) when(number string) (int, bool) {
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, false
	}
	steps := float64(c.Count)
	switch share := strings.Contains(number, "."); {
	case share && c.Before > 0:
		v = (v - 1) * steps
	case share:
		v *= steps
	case c.Before > 0:
		v -= float64(c.Before)
	}
	return int(min(max(v, -1), steps)), true
}
