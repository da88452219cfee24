package prompt

import (
	"math"
	"slices"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/pyre"
)

// Comma backtracking: when a chunk is full, what follows a comma among its last tokens moves on as a whole.
// A1111's default for "comma padding backtrack".
const commaBacktrack = 20

// ChunkFormat is what Chunks must know of a tokenizer.
type ChunkFormat struct {
	BOS, EOS, Pad int32 // begin, end and padding ids
	Comma         int32 // id of "," as a word; -1 if the vocabulary has none
	Length        int   // tokens in a chunk with BOS and EOS: 77
}

// Tokenizer is the tokenizer of one text encoder.
type Tokenizer struct {
	ChunkFormat
	Tokenize func(string) []int32 // without begin and end
	// Word finds a textual inversion where ids begin with its name: the ids of its rows, which stay together in one chunk,
	// and how many ids they replace; 0 for none. nil where there are no textual inversions.
	Word func(ids []int32) (rows []int32, replaced int)
}

// Chunk is one input of a text encoder.
type Chunk struct {
	IDs     []int32   // Length ids: BOS, tokens, EOS, padding
	Weights []float32 // one for each id; 1 for BOS, EOS and padding
}

// Weighted reports whether any token has a weight other than 1.
func (c Chunk) Weighted() bool {
	for _, w := range c.Weights {
		if w != 1 {
			return true
		}
	}
	return false
}

// Empty returns the chunk of an empty prompt.
func (f ChunkFormat) Empty() Chunk { return f.close(nil, nil) }

// Chunks divides parts into chunks of Length ids. Each part is tokenised on its own, so a weight in the middle of a
// word splits it. A break pads its chunk. There is at least one chunk.
func Chunks(parts []Part, f ChunkFormat, tokenize func(string) []int32) []Chunk {
	return AlignedChunks(parts, Tokenizer{ChunkFormat: f, Tokenize: tokenize})[0]
}

// AlignedChunks divides parts into chunks for text encoders that are used side by side: a list for each. Where one
// needs fewer chunks than another, up to a break or to the end, it gets empty ones, so that all lists have the same
// length and every break at the same place.
func AlignedChunks(parts []Part, readers ...Tokenizer) [][]Chunk {
	cutters := make([]chunker, len(readers))
	for i, r := range readers {
		cutters[i] = chunker{tokenizer: r, comma: -1}
	}
	for _, p := range parts {
		for i := range cutters {
			cutters[i].addPart(p)
		}
		if p.Break {
			alignChunkers(cutters)
		}
	}
	for i := range cutters {
		if c := &cutters[i]; len(c.ids) > 0 || len(c.chunks) == 0 {
			c.close()
		}
	}
	alignChunkers(cutters)
	lists := make([][]Chunk, len(cutters))
	for i, c := range cutters {
		lists[i] = c.chunks
	}
	return lists
}

// alignChunkers gives empty chunks to chunkers that have closed fewer than another.
func alignChunkers(cutters []chunker) {
	most := 0
	for _, c := range cutters {
		most = max(most, len(c.chunks))
	}
	for i := range cutters {
		for c := &cutters[i]; len(c.chunks) < most; {
			c.chunks = append(c.chunks, c.tokenizer.Empty())
		}
	}
}

// ChunkTokens is how many tokens of text a chunk of the usual length holds.
const ChunkTokens = 75

// MinChunks returns the fewest chunks of ChunkTokens that a prompt can take, for callers without a tokenizer: as if
// every word were one token. Of several prompts, joined by AND or ::, the longest counts.
func (r Reading) MinChunks(text string, n picture.Notation) int {
	rest, _ := Addons(text)
	least := 1
	terms, err := r.Terms(n, rest)
	if err != nil {
		terms = r.Compose(rest)
	}
	for _, term := range terms {
		least = max(least, minChunksOf(r.Parse(term.Text)))
	}
	return least
}

func minChunksOf(parts []Part) int {
	n, words := 0, 0
	for _, p := range parts {
		if p.Break {
			n, words = n+max(chunksForWords(words), 1), 0
			continue
		}
		words += len(strings.FieldsFunc(p.Text, pyre.IsSpace))
	}
	return n + chunksForWords(words)
}

func chunksForWords(words int) int { return (words + ChunkTokens - 1) / ChunkTokens }

// PadChunks extends a list with empty chunks up to n of them, so that all prompts of an image give hidden states of one
// length.
func PadChunks(chunks []Chunk, n int, empty Chunk) []Chunk {
	chunks = slices.Clip(chunks)
	for len(chunks) < n {
		chunks = append(chunks, empty)
	}
	return chunks
}

// chunker collects the tokens of the chunk being filled.
type chunker struct {
	tokenizer Tokenizer
	chunks    []Chunk
	ids       []int32
	weights   []float32
	comma     int // index of the last comma in ids, or -1
}

// addPart adds a part's tokens, or closes the chunk at a break.
func (c *chunker) addPart(p Part) {
	if p.Break {
		c.close()
		return
	}
	weight := float32(min(max(p.Weight, -math.MaxFloat32), math.MaxFloat32))
	for ids := c.tokenizer.Tokenize(p.Text); len(ids) > 0; {
		c.makeRoom(ids[0])
		if c.tokenizer.Word != nil {
			if rows, replaced := c.tokenizer.Word(ids); replaced > 0 {
				c.addRows(rows, weight)
				ids = ids[replaced:]
				continue
			}
		}
		c.ids, c.weights = append(c.ids, ids[0]), append(c.weights, weight)
		ids = ids[1:]
	}
}

// addRows appends a textual inversion as a whole, closing the chunk first where too few places are left (tokenize_line
// in modules/sd_hijack_clip.py).
func (c *chunker) addRows(rows []int32, weight float32) {
	if len(c.ids)+len(rows) > c.tokenizer.Length-2 {
		c.close()
	}
	for _, id := range rows {
		c.ids, c.weights = append(c.ids, id), append(c.weights, weight)
	}
}

// makeRoom closes a full chunk before the next token.
func (c *chunker) makeRoom(id int32) {
	full := len(c.ids) == c.tokenizer.Length-2
	switch {
	case id == c.tokenizer.Comma:
		c.comma = len(c.ids)
	case full && c.comma >= 0 && len(c.ids)-c.comma <= commaBacktrack:
		c.carry(c.comma + 1)
		full = false
	}
	if full {
		c.close()
	}
}

// carry closes the chunk before index from and moves the rest into the next one.
func (c *chunker) carry(from int) {
	ids := append([]int32(nil), c.ids[from:]...)
	weights := append([]float32(nil), c.weights[from:]...)
	c.ids, c.weights = c.ids[:from], c.weights[:from]
	c.close()
	c.ids, c.weights = ids, weights
}

func (c *chunker) close() {
	c.chunks = append(c.chunks, c.tokenizer.close(c.ids, c.weights))
	c.ids, c.weights, c.comma = nil, nil, -1
}

// close frames tokens: BOS, the tokens, EOS, padding up to Length.
func (f ChunkFormat) close(ids []int32, weights []float32) Chunk {
	out := Chunk{IDs: make([]int32, f.Length), Weights: make([]float32, f.Length)}
	for i := range out.IDs {
		out.IDs[i], out.Weights[i] = f.Pad, 1
	}
	out.IDs[0] = f.BOS
	copy(out.IDs[1:], ids)
	copy(out.Weights[1:], weights)
	out.IDs[1+len(ids)] = f.EOS
	return out
}
