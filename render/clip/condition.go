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
	// models that have such a thing, one vector for each row as a whole.
	EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.Encoded, error)
}

// Conditioner turns prompts into hidden states with one text encoder. It remembers the last chunks it encoded, so that a
// negative prompt or a repeated prompt costs nothing. It may be used from several goroutines if the encoder may.
type Conditioner struct {
	encoder   TextEncoder
	tokenizer *Tokenizer
	memory    memory
}

// NewConditioner returns a Conditioner without memories.
func NewConditioner(encoder TextEncoder, tokenizer *Tokenizer) *Conditioner {
	return &Conditioner{encoder: encoder, tokenizer: tokenizer, memory: memory{states: map[string]remembered{}}}
}

// Chunks cuts a prompt for this conditioner's tokenizer.
func (c *Conditioner) Chunks(parts []prompt.Part) []prompt.Chunk {
	return prompt.Chunks(parts, c.tokenizer.Frame(), c.tokenizer.Encode)
}

// Reading is how a prompt becomes hidden states.
type Reading struct {
	Skip   int  // layers left out at the encoder's end
	NoNorm bool // weights are multiplied and nothing more: A1111's emphasis "No norm"
}

// Encode returns the weighted hidden states of chunks side by side, [1, len(chunks)·Length, d], and the pooled vector
// of the first, [1, p], if the model has any: as A1111 does, whose text alone can be longer than a chunk.
//
// Each chunk goes through the encoder alone: then the same chunk gives the same bits whatever stands beside it and
// whether it was remembered or not.
func (c *Conditioner) Encode(ctx context.Context, chunks []prompt.Chunk, how Reading) (tensor.Encoded, error) {
	var data []float32
	var pooled tensor.Tensor
	width := 0
	for i, chunk := range chunks {
		read, err := c.encode(ctx, chunk.IDs, how.Skip)
		if err != nil {
			return tensor.Encoded{}, fmt.Errorf("chunk %d: %w", i+1, err)
		}
		if i == 0 {
			pooled = read.Pooled
		} else if read.Hidden.Shape[2] != width {
			return tensor.Encoded{}, fmt.Errorf("chunk %d: hidden states %d wide after %d", i+1, read.Hidden.Shape[2], width)
		}
		width = read.Hidden.Shape[2]
		data = append(data, weigh(read, chunk, !how.NoNorm).Data...)
	}
	if len(chunks) == 0 {
		return tensor.Encoded{}, fmt.Errorf("no chunk to encode")
	}
	hidden, err := tensor.Of(data, 1, len(data)/width, width)
	return tensor.Encoded{Hidden: hidden, Pooled: pooled}, err
}

// encode returns the plain hidden states [1, Length, d] of one chunk. They are shared and must not be changed.
func (c *Conditioner) encode(ctx context.Context, ids []int32, skip int) (tensor.Encoded, error) {
	key := memoryKey(ids, skip)
	if read, ok := c.memory.find(key); ok {
		return read, nil
	}
	read, err := c.encoder.EncodeText(ctx, [][]int32{ids}, skip)
	if err != nil {
		return tensor.Encoded{}, err
	}
	if err := check(read, len(ids)); err != nil {
		return tensor.Encoded{}, fmt.Errorf("text encoder: %w", err)
	}
	read = read.Clone() // the encoder may use its output buffer again
	c.memory.keep(key, read)
	return read, nil
}

// check sees that an encoder answered one chunk of so many tokens.
func check(read tensor.Encoded, length int) error {
	if err := read.Hidden.Check(); err != nil {
		return err
	}
	if s := read.Hidden.Shape; len(s) != 3 || s[0] != 1 || s[1] != length {
		return fmt.Errorf("got hidden states of shape %v, want [1 %d d]", s, length)
	}
	if read.Pooled.Empty() {
		return nil
	}
	if s := read.Pooled.Shape; len(s) != 2 || s[0] != 1 {
		return fmt.Errorf("got pooled vectors of shape %v, want [1 d]", s)
	}
	return read.Pooled.Check()
}

// weigh multiplies each token's hidden state by its weight. With restore it then restores the mean of the whole chunk,
// as A1111's emphasis "Original" does for a batch of one: z' = z·w · mean(z)/mean(z·w), of two encoders each by itself.
// Neutral chunks come back as they are.
func weigh(read tensor.Encoded, chunk prompt.Chunk, restore bool) tensor.Tensor {
	if !chunk.Weighted() {
		return read.Hidden
	}
	out, width := read.Hidden.Clone(), read.Hidden.Shape[2]
	widths := read.Widths
	if widths == nil {
		widths = []int{width}
	}
	at := 0
	for _, w := range widths {
		weighColumns(out.Data, width, at, at+w, chunk.Weights, restore)
		at += w
	}
	return out
}

// weighColumns weighs the columns from..to of rows that are width wide.
func weighColumns(data []float32, width, from, to int, weights []float32, restore bool) {
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
