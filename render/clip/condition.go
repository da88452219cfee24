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
	// EncodeText returns the hidden states [len(ids), Length, d] after skip layers were left out at the end.
	EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.Tensor, error)
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

// Encode returns the weighted hidden states of chunks side by side: [1, len(chunks)·Length, d].
//
// Each chunk goes through the encoder alone: then the same chunk gives the same bits whatever stands beside it and
// whether it was remembered or not.
func (c *Conditioner) Encode(ctx context.Context, chunks []prompt.Chunk, skip int) (tensor.Tensor, error) {
	var data []float32
	width := 0
	for i, chunk := range chunks {
		hidden, err := c.encode(ctx, chunk.IDs, skip)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("chunk %d: %w", i+1, err)
		}
		if i > 0 && hidden.Shape[2] != width {
			return tensor.Tensor{}, fmt.Errorf("chunk %d: hidden states %d wide after %d", i+1, hidden.Shape[2], width)
		}
		width = hidden.Shape[2]
		data = append(data, weigh(hidden, chunk).Data...)
	}
	if len(chunks) == 0 {
		return tensor.Tensor{}, fmt.Errorf("no chunk to encode")
	}
	return tensor.Of(data, 1, len(data)/width, width)
}

// encode returns the plain hidden states [1, Length, d] of one chunk. They are shared and must not be changed.
func (c *Conditioner) encode(ctx context.Context, ids []int32, skip int) (tensor.Tensor, error) {
	key := memoryKey(ids, skip)
	if hidden, ok := c.memory.find(key); ok {
		return hidden, nil
	}
	hidden, err := c.encoder.EncodeText(ctx, [][]int32{ids}, skip)
	if err != nil {
		return tensor.Tensor{}, err
	}
	if err := hidden.Check(); err != nil {
		return tensor.Tensor{}, fmt.Errorf("text encoder: %w", err)
	}
	if s := hidden.Shape; len(s) != 3 || s[0] != 1 || s[1] != len(ids) {
		return tensor.Tensor{}, fmt.Errorf("text encoder: got hidden states of shape %v, want [1 %d d]", s, len(ids))
	}
	hidden = hidden.Clone() // the encoder may use its output buffer again
	c.memory.keep(key, hidden)
	return hidden, nil
}

// weigh multiplies each token's hidden state by its weight and restores the mean of the whole chunk, as A1111's emphasis
// "Original" does for a batch of one: z' = z·w · mean(z)/mean(z·w). Neutral chunks come back as they are.
func weigh(hidden tensor.Tensor, chunk prompt.Chunk) tensor.Tensor {
	if !chunk.Weighted() {
		return hidden
	}
	width := hidden.Shape[2]
	scaled := make([]float64, len(hidden.Data))
	var before, after float64
	for i, z := range hidden.Data {
		scaled[i] = float64(z) * float64(chunk.Weights[i/width])
		before += float64(z)
		after += scaled[i]
	}
	restore := before / after
	if math.IsNaN(restore) || math.IsInf(restore, 0) { // a mean of zero cannot be restored
		restore = 1
	}
	out := hidden.Clone()
	for i, z := range scaled {
		out.Data[i] = float32(min(max(z*restore, -math.MaxFloat32), math.MaxFloat32))
	}
	return out
}
