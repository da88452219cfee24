package render

import (
	"context"
	"fmt"

	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// Tokenizer cuts text into token ids and knows the frame of a chunk.
type Tokenizer interface {
	Encode(text string) []int32
	Frame() prompt.Frame
}

// text is what the UNet is conditioned on: hidden states [1, n, width] of both prompts, of one length.
type text struct {
	positive, negative tensor.Tensor
}

// condition reads both prompts and runs the text encoder.
func (p *painting) condition(ctx context.Context) (text, error) {
	positive, negative := p.chunks()
	var out text
	var err error
	if out.positive, err = p.hidden(ctx, positive); err != nil {
		return text{}, fmt.Errorf("prompt: %w", err)
	}
	if !p.guided() {
		return out, nil
	}
	if out.negative, err = p.hidden(ctx, negative); err != nil {
		return text{}, fmt.Errorf("negative prompt: %w", err)
	}
	return out, nil
}

// chunks cuts both prompts into as many chunks as the longer one needs. What a model has no room for is left out.
func (p *painting) chunks() (positive, negative []prompt.Chunk) {
	t := p.parts.Tokenizer
	cut := func(typed string) []prompt.Chunk {
		parts, _ := prompt.Read(typed)
		chunks := prompt.Chunks(parts, t.Frame(), t.Encode)
		if most := p.parts.Config.Chunks; most > 0 && len(chunks) > most {
			chunks = chunks[:most]
		}
		return chunks
	}
	positive = cut(p.spec.Prompt)
	if !p.guided() {
		return positive, nil
	}
	return prompt.Even(positive, cut(p.spec.Negative), t.Frame())
}

func (p *painting) hidden(ctx context.Context, chunks []prompt.Chunk) (tensor.Tensor, error) {
	ids := make([][]int32, len(chunks))
	for i, c := range chunks {
		ids[i] = c.IDs
	}
	h, err := p.parts.Text.EncodeText(ctx, ids, p.spec.ClipSkip)
	if err != nil {
		return tensor.Tensor{}, err
	}
	return tensor.Of(h.Data, 1, h.Shape[0]*h.Shape[1], h.Shape[2])
}
