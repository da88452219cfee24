package prompt

import (
	"regexp"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/pyre"
)

// Term is one of the prompts that AND or :: joins, with its weight.
type Term struct {
	Text   string
	Weight float64 // 1 is neutral; may be negative
}

const andWord = "AND"

// The patterns are re_AND and re_weight of A1111's modules/prompt_parser.py.
var (
	termWeight = regexp.MustCompile(strings.NewReplacer(`\s`, pyre.Space, `\d`, pyre.Digit).Replace(
		`(?s)^(.*?)(?:\s*:\s*([-+]?(?:\d+\.?|\d*\.\d+)))?\s*$`))
	andWordV2    = regexp.MustCompile(`\bAND\b`)
	termWeightV2 = regexp.MustCompile(`(?s)^(.*?)(?:\s*:\s*([-+]?(?:[0-9]+\.?|[0-9]*\.[0-9]+)))?\s*$`)
)

// Terms divides a prompt into prompts that guide together: at AND, and in Midjourney's notation also at each :: outside
// of brackets, where a number directly after it is the weight of the part before. There is always at least one term.
//
//	hot:: dog          hot ×0.5, dog ×0.5
//	hot::2 dog         hot ×0.667, dog ×0.333
//	hot:: dog::-0.5    hot ×2, dog ×-1
//
// Those weights are relative: each is divided by the sum of all, which must be positive; else the error is a
// *WeightsError.
func (r Reading) Terms(n picture.Notation, text string) ([]Term, error) {
	if n != picture.NotationMidjourney {
		return r.Compose(text), nil
	}
	var terms []Term
	for _, joined := range r.splitAND(text) {
		parts := r.splitWeighted(joined)
		if len(parts) == 0 {
			terms = append(terms, r.Compose(joined)...)
			continue
		}
		if err := normalizeWeights(parts); err != nil {
			return nil, err
		}
		terms = append(terms, parts...)
	}
	return terms, nil
}

// Compose divides a prompt at each whole word AND only, as A1111 does, into prompts that guide together (Liu et al.,
// 2022, "Compositional Visual Generation with Composable Diffusion Models"). A number after a colon at the end of one
// is its weight. There is always at least one. Callers that know the notation use Terms.
func (r Reading) Compose(text string) []Term {
	pattern := termWeight
	if r == V2 {
		pattern = termWeightV2
	}
	var terms []Term
	for _, part := range r.splitAND(text) {
		term := Term{Text: part, Weight: 1}
		if m := pattern.FindStringSubmatch(part); m != nil {
			term.Text = m[1]
			if w, err := pyre.ParseFloat(m[2]); err == nil {
				term.Weight = w
			}
		}
		terms = append(terms, term)
	}
	return terms
}

// splitAND cuts a prompt at each whole word AND.
func (r Reading) splitAND(text string) (parts []string) {
	if r == V2 {
		return andWordV2.Split(text, -1)
	}
	from := 0
	for at := 0; ; {
		i := strings.Index(text[at:], andWord)
		if i < 0 {
			return append(parts, text[from:])
		}
		i, at = at+i, at+i+len(andWord)
		if isWholeWord(text, i, at) {
			parts, from = append(parts, text[from:i]), at
		}
	}
}
