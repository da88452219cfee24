package clip

import (
	"context"
	"fmt"
	"math"

	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// TextEncoder is the part of a loaded model that reads tokens.
type TextEncoder interface {
	// EncodeText returns the hidden states [len(ids), Length, d] after skip layers were left out at the end, and, for
	// models that have one, a pooled vector for each row. Where each text encoder has its own tokenizer, a row holds the
	// ids of each, one after the other, and d is divided into Widths.
	EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.TextEncoding, error)
}

// Conditioner turns prompts into hidden states with a model's text encoders. It caches the last chunks, so that a
// negative prompt or a repeated prompt costs nothing. It may be used from several goroutines if the encoder may.
type Conditioner struct {
	encoder    TextEncoder
	tokenizers []*Tokenizer
	cache      *stateCache
}

// NewConditioner returns a Conditioner with an empty cache: with one tokenizer for all text encoders, or one for each,
// all of one Length.
func NewConditioner(encoder TextEncoder, tokenizers ...*Tokenizer) *Conditioner {
	return &Conditioner{encoder: encoder, tokenizers: tokenizers, cache: &stateCache{states: map[string]cachedState{}}}
}

// ForA1111 returns a Conditioner that reads as A1111 does (see Tokenizer.ForA1111), with the same vocabularies and
// cache.
func (c *Conditioner) ForA1111() *Conditioner {
	out := *c
	out.tokenizers = nil
	for _, t := range c.tokenizers {
		out.tokenizers = append(out.tokenizers, t.ForA1111())
	}
	return &out
}

// Chunks divides a prompt into chunks for this conditioner's tokenizers. A chunk's ids and weights are those of the
// first text encoder, then those of the second.
func (c *Conditioner) Chunks(parts []prompt.Part) []prompt.Chunk {
	readers := make([]prompt.Tokenizer, len(c.tokenizers))
	for i, t := range c.tokenizers {
		readers[i] = t.PromptTokenizer()
	}
	lists := prompt.AlignedChunks(parts, readers...)
	rows := make([]prompt.Chunk, len(lists[0]))
	for i := range rows {
		each := make([]prompt.Chunk, len(lists))
		for k := range lists {
			each[k] = lists[k][i]
		}
		rows[i] = joinRow(each)
	}
	return rows
}

// PadChunks extends a prompt's chunks with empty ones up to n of them.
func (c *Conditioner) PadChunks(chunks []prompt.Chunk, n int) []prompt.Chunk {
	each := make([]prompt.Chunk, len(c.tokenizers))
	for i, t := range c.tokenizers {
		each[i] = t.ChunkFormat().Empty()
	}
	return prompt.PadChunks(chunks, n, joinRow(each))
}

// EncodeOptions is how a prompt becomes hidden states.
type EncodeOptions struct {
	Skip   int  // last layers of the encoder that are left out
	NoNorm bool // the mean is not restored after weighting: A1111's emphasis "No norm"
}

// Encode returns the weighted hidden states of chunks side by side, [1, len(chunks)·Length, d], and the pooled vector
// of the first, [1, p], if the model has any: as in A1111, where alone a text can be longer than a chunk.
//
// Each chunk goes through the encoder alone, so that the same chunk gives the same bits, whatever the other chunks and
// whether it was cached or not.
func (c *Conditioner) Encode(
	ctx context.Context, chunks []prompt.Chunk, how EncodeOptions,
) (tensor.TextEncoding, error) {
	var data []float32
	var pooled tensor.Tensor
	width := 0
	for i, chunk := range chunks {
		read, err := c.encode(ctx, chunk.IDs, how.Skip)
		if err != nil {
			return tensor.TextEncoding{}, fmt.Errorf("chunk %d: %w", i+1, err)
		}
		if i == 0 {
			pooled = read.Pooled
		} else if read.Hidden.Shape[2] != width {
			return tensor.TextEncoding{}, fmt.Errorf("chunk %d: hidden states of width %d after %d",
				i+1, read.Hidden.Shape[2], width)
		}
		width = read.Hidden.Shape[2]
		data = append(data, applyWeights(read, chunk, !how.NoNorm).Data...)
	}
	if len(chunks) == 0 {
		return tensor.TextEncoding{}, fmt.Errorf("no chunk to encode")
	}
	hidden, err := tensor.Of(data, 1, len(data)/width, width)
	return tensor.TextEncoding{Hidden: hidden, Pooled: pooled}, err
}

// encode returns the plain hidden states [1, Length, d] of one chunk. They are shared and must not be changed.
func (c *Conditioner) encode(ctx context.Context, ids []int32, skip int) (tensor.TextEncoding, error) {
	key := cacheKey(ids, skip)
	if read, ok := c.cache.get(key); ok {
		return read, nil
	}
	read, err := c.encoder.EncodeText(ctx, [][]int32{ids}, skip)
	if err != nil {
		return tensor.TextEncoding{}, err
	}
	if err := checkEncoding(read, len(ids)/len(c.tokenizers), len(c.tokenizers)); err != nil {
		return tensor.TextEncoding{}, fmt.Errorf("text encoder: %w", err)
	}
	read = read.Clone() // the encoder may use its output buffer again
	c.cache.put(key, read)
	return read, nil
}

// checkEncoding checks that an encoder returned one chunk of that many tokens for each text encoder.
func checkEncoding(read tensor.TextEncoding, length, parts int) error {
	if err := read.Hidden.Check(); err != nil {
		return err
	}
	if s := read.Hidden.Shape; len(s) != 3 || s[0] != 1 || s[1] != length {
		return fmt.Errorf("got hidden states of shape %v, want [1 %d d]", s, length)
	}
	if parts > 1 && len(read.Widths) != parts {
		return fmt.Errorf("got the widths %v, want those of %d text encoders", read.Widths, parts)
	}
	if read.Pooled.Empty() {
		return nil
	}
	if s := read.Pooled.Shape; len(s) != 2 || s[0] != 1 {
		return fmt.Errorf("got pooled vectors of shape %v, want [1 d]", s)
	}
	return read.Pooled.Check()
}

// applyWeights multiplies each token's hidden state by its weight. With restore it then restores the mean of the whole
// chunk, as A1111's emphasis "Original" does for a batch of one: z' = z·w · mean(z)/mean(z·w), for each of two encoders
// separately, with the weights of its own tokens. Neutral chunks stay as they are.
func applyWeights(read tensor.TextEncoding, chunk prompt.Chunk, restore bool) tensor.Tensor {
	if !chunk.Weighted() {
		return read.Hidden
	}
	out, width := read.Hidden.Clone(), read.Hidden.Shape[2]
	widths := read.Widths
	if widths == nil {
		widths = []int{width}
	}
	at, weights, length := 0, chunk.Weights, read.Hidden.Shape[1]
	for _, w := range widths {
		applyColumnWeights(out.Data, width, at, at+w, weights[:length], restore)
		at += w
		if len(weights) > length { // else both encoders read the same tokens
			weights = weights[length:]
		}
	}
	return out
}

// applyColumnWeights weights the columns from..to of rows that are width wide.
func applyColumnWeights(data []float32, width, from, to int, weights []float32, restore bool) {
	var before, after float64
	for row, w := range weights {
		for _, z := range data[row*width+from : row*width+to] {
			before += float64(z)
			after += float64(z) * float64(w)
		}
	}
	by := before / after
	if !restore || math.IsNaN(by) || math.IsInf(by, 0) { // a mean of zero cannot be restored
		by = 1
	}
	for row, w := range weights {
		cells := data[row*width+from : row*width+to]
		for i, z := range cells {
			cells[i] = float32(min(max(float64(z)*float64(w)*by, -math.MaxFloat32), math.MaxFloat32))
		}
	}
}
