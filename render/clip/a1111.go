package clip

import (
	"slices"

	"darkroom/render/prompt"
)

// Share has t read from o's vocabulary when its own is the same, as in SDXL's two folders: each takes megabytes. It must
// be called before t is used.
func (t *Tokenizer) Share(o *Tokenizer) {
	if t.same(o.vocabulary) {
		t.vocabulary = o.vocabulary
	}
}

// ForA1111 returns t as A1111 reads with it. For text encoders whose chunks are filled up with a token of their own, which
// are OpenCLIP's, that takes open_clip's tokenizer: begin, end and filler are read there as any words when somebody types
// them. Otherwise it is t itself.
func (t *Tokenizer) ForA1111() *Tokenizer {
	if t.Pad == t.EOS {
		return t
	}
	out := *t
	out.exact, out.normalized = t.exact.without(t.BOS, t.EOS, t.Pad, t.unknown), t.normalized.without(t.BOS, t.EOS, t.Pad, t.unknown)
	out.normalized.add(addedToken{Content: "<start_of_text>", ID: t.BOS, AtWordStart: true})
	out.normalized.add(addedToken{Content: "<end_of_text>", ID: t.EOS, AtWordStart: true})
	return &out
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
