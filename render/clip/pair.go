package clip

import (
	"maps"
	"slices"
)

// SameWords tells whether two tokenizers make the same tokens of every text, and frame them alike. They may still fill
// a chunk up with different ones, as SDXL's two do.
func (t *Tokenizer) SameWords(o *Tokenizer) bool {
	return t.BOS == o.BOS && t.EOS == o.EOS && t.Length == o.Length && t.unknown == o.unknown && maps.Equal(t.ids, o.ids) && maps.Equal(t.merges, o.merges)
}

// Refill returns framed ids filled up with pad: all that follows the first end.
func (t *Tokenizer) Refill(ids []int32, pad int32) []int32 {
	out := slices.Clone(ids)
	for i := slices.Index(ids, t.EOS) + 1; i > 0 && i < len(out); i++ {
		out[i] = pad
	}
	return out
}
