package render

import (
	"context"
	"fmt"

	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// text is what the UNet is conditioned on: hidden states [1, n, width] of both prompts, of one length.
type text struct {
	positive, negative tensor.Tensor // negative is empty when nothing is guided
}

// skip is how many of the text encoder's last layers are left out. A Spec counts as A1111 does: 1, or nothing said, is
// the last layer itself.
func (p *painting) skip() int { return max(p.spec.ClipSkip-1, 0) }

// condition reads both prompts and runs the text encoder.
func (p *painting) condition(ctx context.Context) (text, error) {
	positive, negative := p.chunks()
	var out text
	var err error
	if out.positive, err = p.words.Encode(ctx, positive, p.skip()); err != nil {
		return text{}, fmt.Errorf("prompt: %w", err)
	}
	if !p.guided() {
		return out, nil
	}
	if out.negative, err = p.words.Encode(ctx, negative, p.skip()); err != nil {
		return text{}, fmt.Errorf("negative prompt: %w", err)
	}
	return out, nil
}

// chunks cuts both prompts into as many chunks as the longer one needs. What a model has no room for is left out.
func (p *painting) chunks() (positive, negative []prompt.Chunk) {
	positive = p.cut(p.spec.Prompt)
	if !p.guided() {
		return positive, nil
	}
	return prompt.Even(positive, p.cut(p.spec.Negative), p.parts.Tokenizer.Frame())
}

func (p *painting) cut(typed string) []prompt.Chunk {
	parts, _ := prompt.Read(typed) // its add-on tags are the Spec's business, not the text's
	chunks := p.words.Chunks(parts)
	if most := p.parts.Config.Chunks; most > 0 && len(chunks) > most {
		return chunks[:most]
	}
	return chunks
}
