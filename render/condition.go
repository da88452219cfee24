package render

import (
	"context"
	"fmt"

	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// maxTerms is how many prompts AND may compose: each is one more run of the UNet in every step.
const maxTerms = 8

// text is what the UNet is conditioned on in one pass.
type text struct {
	terms    []term        // at least one
	negative track         // empty when nothing is guided
	beside   tensor.Tensor // of an inpainting model: see beside
}

// term is one of the prompts that lead together.
type term struct {
	weight float64
	track
}

// track is a prompt over the calls of the model, as its editing and alternation have it.
type track struct {
	stages []prompt.Stage
	read   map[string]Encoded // by a stage's text: hidden states [1, n, width], of one length in the whole pass
}

// at returns what the encoder made of the text for a call, counted from 0.
func (t track) at(call int) (read Encoded, text string) {
	text = prompt.At(t.stages, call).Text
	return t.read[text], text
}

// skip is how many of the text encoder's last layers are left out. A Spec counts as A1111 does: 1, or nothing said, is
// the last layer itself.
func (p *painting) skip() int { return max(p.spec.ClipSkip-1, 0) }

// readTerms divides the prompt where AND does. Its add-on tags are the Spec's business, not the text's.
func (p *painting) readTerms() error {
	rest, _ := prompt.Addons(p.spec.Prompt)
	if p.terms = prompt.Compose(rest); len(p.terms) > maxTerms {
		return refuse("AND joins %d prompts here: at most %d can lead together", len(p.terms), maxTerms)
	}
	return nil
}

// condition runs the text encoder on everything that the prompts read in one pass.
func (p *painting) condition(ctx context.Context, calls prompt.Calls) (text, error) {
	var out text
	longest := 0
	read := func(typed string) track {
		t := track{stages: prompt.Stages(typed, calls), read: map[string]Encoded{}}
		for _, s := range t.stages {
			longest = max(longest, len(p.cut(s.Text)))
		}
		return t
	}
	for _, t := range p.terms {
		out.terms = append(out.terms, term{t.Weight, read(t.Text)})
	}
	if p.guided() {
		negative, _ := prompt.Addons(p.spec.Negative)
		out.negative = read(negative)
	}
	for i, t := range out.terms {
		if err := p.encodeTrack(ctx, t.track, longest); err != nil {
			return text{}, fmt.Errorf("prompt %d: %w", i+1, err)
		}
	}
	if err := p.encodeTrack(ctx, out.negative, longest); err != nil {
		return text{}, fmt.Errorf("negative prompt: %w", err)
	}
	return out, nil
}

// encodeTrack encodes each text of a track once, in as many chunks as the longest text of the pass needs.
func (p *painting) encodeTrack(ctx context.Context, t track, chunks int) error {
	for _, s := range t.stages {
		if _, done := t.read[s.Text]; done {
			continue
		}
		read, err := p.words.Encode(ctx, prompt.Fill(p.cut(s.Text), chunks, p.parts.Tokenizer.Frame()), p.skip())
		if err != nil {
			return err
		}
		t.read[s.Text] = read
	}
	return nil
}

// cut makes chunks of a text. What a model has no room for is left out.
func (p *painting) cut(typed string) []prompt.Chunk {
	chunks := p.words.Chunks(prompt.Parse(typed))
	if most := p.parts.Config.Chunks; most > 0 && len(chunks) > most {
		return chunks[:most]
	}
	return chunks
}
