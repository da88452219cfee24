package prompt

import (
	"regexp"
	"strconv"

	"darkroom/render/picture"
)

// Term is one of the prompts that AND or :: joins, with its weight.
type Term struct {
	Text   string
	Weight float64 // 1 is neutral; may be negative
}

var (
	andWord    = regexp.MustCompile(`\bAND\b`)
	termWeight = regexp.MustCompile(`(?s)^(.*?)(?:\s*:\s*([-+]?(?:[0-9]+\.?|[0-9]*\.[0-9]+)))?\s*$`)
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
func Terms(n picture.Notation, text string) ([]Term, error) {
	if n != picture.NotationMidjourney {
		return Compose(text), nil
	}
	var terms []Term
	for _, joined := range andWord.Split(text, -1) {
		parts := splitWeighted(joined)
		if len(parts) == 0 {
			terms = append(terms, Compose(joined)...)
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
