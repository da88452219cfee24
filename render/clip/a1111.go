package clip

import (
	"slices"

	"darkroom/render/prompt"
)

// Share makes t use o's vocabulary when its own is the same, as in SDXL's two folders: each takes megabytes. It must be
// called before t is used.
func (t *Tokenizer) Share(o *Tokenizer) {
	if t.same(o.vocabulary) {
		t.vocabulary = o.vocabulary
	}
}

// ForA1111 returns t as A1111 uses it. For text encoders with a padding token of their own, which are OpenCLIP's, A1111
// uses open_clip's tokenizer: it reads a typed begin, end or padding token like any other word. Otherwise it is t
// itself.
func (t *Tokenizer) ForA1111() *Tokenizer {
	if t.Pad == t.EOS {
		return t
	}
	out := *t
	special := []int32{t.BOS, t.EOS, t.Pad, t.unknown}
	out.exact, out.normalized = t.exact.without(special...), t.normalized.without(special...)
	out.normalized.add(addedToken{Content: "<start_of_text>", ID: t.BOS, AtWordStart: true})
	out.normalized.add(addedToken{Content: "<end_of_text>", ID: t.EOS, AtWordStart: true})
	return out.WithWords(t.words...)
}

// without returns a finder that does not find some ids.
func (f tokenFinder) without(ids ...int32) tokenFinder {
	out := tokenFinder{}
	for first, list := range f {
		for _, a := range list {
			if !slices.Contains(ids, a.ID) {
				out[first] = append(out[first], a)
			}
		}
	}
	return out
}

// joinRow puts the same chunk of several text encoders into one row.
func joinRow(each []prompt.Chunk) (row prompt.Chunk) {
	if len(each) == 1 {
		return each[0]
	}
	for _, c := range each {
		row.IDs, row.Weights = append(row.IDs, c.IDs...), append(row.Weights, c.Weights...)
	}
	return row
}
