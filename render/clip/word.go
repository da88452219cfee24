package clip

import (
	"cmp"
	"slices"

	"darkroom/render/prompt"
)

// Word is a word that stands for rows besides a text encoder's vocabulary: a textual inversion.
type Word struct {
	Text    string // its name, as prompts write it
	First   int32  // id of its first row; the vocabulary's size and above are rows that are no tokens
	Vectors int    // rows, at most Length-2
}

// wordIDs is a Word by the ids of its name.
type wordIDs struct {
	name, rows []int32
}

// WithWords returns t with other words than its own. Where a prompt has the ids of a word's name, its rows stand in
// their place; of two names that begin alike the longer one counts, as in A1111. A word whose name has no ids, or that
// fits no chunk, is never found.
func (t *Tokenizer) WithWords(words ...Word) *Tokenizer {
	out := *t
	out.words, out.found = words, map[int32][]wordIDs{}
	for _, w := range words {
		name := t.Encode(w.Text)
		if len(name) == 0 || w.Vectors < 1 || w.Vectors > t.Length-2 {
			continue
		}
		rows := make([]int32, w.Vectors)
		for i := range rows {
			rows[i] = w.First + int32(i)
		}
		out.found[name[0]] = append(out.found[name[0]], wordIDs{name, rows})
	}
	for _, list := range out.found {
		slices.SortStableFunc(list, func(a, b wordIDs) int { return cmp.Compare(len(b.name), len(a.name)) })
	}
	return &out
}

// wordAt finds the word that ids begin with: see prompt.Tokenizer.
func (t *Tokenizer) wordAt(ids []int32) (rows []int32, replaced int) {
	for _, w := range t.found[ids[0]] {
		if len(w.name) <= len(ids) && slices.Equal(w.name, ids[:len(w.name)]) {
			return w.rows, len(w.name)
		}
	}
	return nil, 0
}

// PromptTokenizer is this tokenizer for prompt.AlignedChunks.
func (t *Tokenizer) PromptTokenizer() prompt.Tokenizer {
	p := prompt.Tokenizer{ChunkFormat: t.ChunkFormat(), Tokenize: t.Encode}
	if len(t.found) > 0 {
		p.Word = t.wordAt
	}
	return p
}
