package prompt

import (
	"regexp"
	"strconv"
)

// Term is one of the prompts that AND composes, with its weight.
type Term struct {
	Text   string
	Weight float64 // 1 is neutral; may be negative
}

var (
	andWord    = regexp.MustCompile(`\bAND\b`)
	termWeight = regexp.MustCompile(`(?s)^(.*?)(?:\s*:\s*([-+]?(?:[0-9]+\.?|[0-9]*\.[0-9]+)))?\s*$`)
)

// Compose divides a prompt at each whole word AND into prompts that guide together (Liu et al., 2022, "Compositional
// Visual Generation with Composable Diffusion Models", in A1111's notation). A number after a colon at the end of one
// is its weight. There is always at least one.
func Compose(text string) []Term {
	var terms []Term
	for _, part := range andWord.Split(text, -1) {
		term := Term{Text: part, Weight: 1}
		if m := termWeight.FindStringSubmatch(part); m != nil {
			term.Text = m[1]
			if w, err := strconv.ParseFloat(m[2], 64); err == nil {
				term.Weight = w
			}
		}
		terms = append(terms, term)
	}
	return terms
}
