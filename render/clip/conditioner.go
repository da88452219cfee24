package clip

import (
	"context"
	"fmt"

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
	encodings, err := c.EncodeBatch(ctx, []BatchText{{chunks, 1}}, how)
	if err != nil {
		return tensor.TextEncoding{}, err
	}
	return encodings[0], nil
}

// BatchText is a text that is encoded together with others.
type BatchText struct {
	Chunks []prompt.Chunk // as many as of the others
	Times  int            // how often the batch holds it
}

// EncodeBatch encodes several texts as Encode does, but restores the mean of the whole batch after weighting, chunk by
// chunk: what A1111 does with all stages of a prompt that editing or alternation changes, a text that comes again
// counted again (EmphasisOriginal in its modules/sd_emphasis.py).
func (c *Conditioner) EncodeBatch(
	ctx context.Context, batch []BatchText, how EncodeOptions,
) ([]tensor.TextEncoding, error) {
	count := len(batch[0].Chunks)
	if count == 0 {
		return nil, fmt.Errorf("no chunk to encode")
	}
	hidden, pooled := make([][]tensor.Tensor, len(batch)), make([]tensor.Tensor, len(batch))
	for i := range count {
		reads, err := c.encodeColumn(ctx, batch, i, how.Skip)
		if err != nil {
			return nil, fmt.Errorf("chunk %d: %w", i+1, err)
		}
		for k, z := range applyWeights(reads, batch, i, !how.NoNorm) {
			hidden[k] = append(hidden[k], z)
			if width := hidden[k][0].Shape[2]; z.Shape[2] != width {
				return nil, fmt.Errorf("chunk %d: hidden states of width %d after %d", i+1, z.Shape[2], width)
			}
			if i == 0 {
				pooled[k] = reads[k].Pooled
			}
		}
	}
	out := make([]tensor.TextEncoding, len(batch))
	for k := range out {
		var data []float32
		for _, z := range hidden[k] {
			data = append(data, z.Data...)
		}
		width := hidden[k][0].Shape[2]
		whole, err := tensor.Of(data, 1, len(data)/width, width)
		if err != nil {
			return nil, err
		}
		out[k] = tensor.TextEncoding{Hidden: whole, Pooled: pooled[k]}
	}
	return out, nil
}

// encodeColumn returns the plain hidden states of chunk i of each text.
func (c *Conditioner) encodeColumn(
	ctx context.Context, batch []BatchText, i, skip int,
) ([]tensor.TextEncoding, error) {
	reads := make([]tensor.TextEncoding, len(batch))
	for k, text := range batch {
		if len(text.Chunks) != len(batch[0].Chunks) {
			return nil, fmt.Errorf("a text of %d chunks beside one of %d", len(text.Chunks), len(batch[0].Chunks))
		}
		var err error
		if reads[k], err = c.encode(ctx, text.Chunks[i].IDs, skip); err != nil {
			return nil, err
		}
	}
	return reads, nil
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
