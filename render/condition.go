package render

import (
	"context"
	"fmt"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// maxTerms is how many prompts AND may compose: each is one more run of the UNet in every step.
const maxTerms = 8

// text is what the UNet is conditioned on in one pass.
type text struct {
	terms    []term        // at least one
	negative track         // empty when nothing is guided
	beside   tensor.Tensor // of an inpainting model: see told
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

// skip is how many of the text encoder's last layers are left out for a prompt. A Spec counts as A1111 does: 1, or
// nothing said, is the layer the model was trained with. A1111 reads that one whatever is said where the text encoder
// is not Stable Diffusion 1's.
func (p *painting) skip() int {
	if p.spec.Dialect == picture.A1111 && p.parts.Config.OwnLayer {
		return 0
	}
	return max(p.spec.ClipSkip-1, 0)
}

// negativeSkip is skip for a negative prompt: diffusers does not skip there.
func (p *painting) negativeSkip() int {
	if p.spec.Dialect == picture.Diffusers {
		return 0
	}
	return p.skip()
}

// readTerms divides the prompt where AND or, in Midjourney's notation, :: does. Its add-on tags are the Spec's business,
// not the text's.
func (p *painting) readTerms() (err error) {
	rest, _ := prompt.Addons(p.spec.Prompt)
	if p.terms, err = prompt.Terms(p.spec.Notation, rest); err != nil {
		return refused(err.Error(), err)
	}
	if len(p.terms) > maxTerms {
		return refuse("AND or :: joins %d prompts here: at most %d can lead together", len(p.terms), maxTerms)
	}
	if p.parts.Config.GuidanceWidth > 0 && (len(p.terms) > 1 || p.terms[0].Weight != 1) {
		return refuse("this model is told how strongly to follow the prompt, so that no prompts can be joined by AND or :: or weighed as a whole")
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
		if err := p.encodeTrack(ctx, t.track, longest, p.skip()); err != nil {
			return text{}, fmt.Errorf("prompt %d: %w", i+1, err)
		}
	}
	if err := p.encodeTrack(ctx, out.negative, longest, p.negativeSkip()); err != nil {
		return text{}, fmt.Errorf("negative prompt: %w", err)
	}
	if p.spec.Negative == "" && p.emptyIsZero() {
		for said, read := range out.negative.read {
			out.negative.read[said] = Encoded{Hidden: read.Hidden.Like(), Pooled: read.Pooled.Like()}
		}
	}
	return out, nil
}

// emptyIsZero tells whether SDXL is led by zeros where there is no negative prompt: in A1111 always, in diffusers where
// the folder says so.
func (p *painting) emptyIsZero() bool {
	c := p.parts.Config
	return c.Pooled && (c.EmptyIsZero || p.spec.Dialect == picture.A1111)
}

// encodeTrack encodes each text of a track once, in as many chunks as the longest text of the pass needs.
func (p *painting) encodeTrack(ctx context.Context, t track, chunks, skip int) error {
	for _, s := range t.stages {
		if _, done := t.read[s.Text]; done {
			continue
		}
		words := p.conditioner()
		read, err := words.Encode(ctx, words.Fill(p.cut(s.Text), chunks), clip.Reading{Skip: skip, NoNorm: p.spec.Emphasis == picture.EmphasisNoNorm})
		if err != nil {
			return err
		}
		t.read[s.Text] = read
	}
	return nil
}

// conditioner reads prompts as the dialect does.
func (p *painting) conditioner() *clip.Conditioner {
	if p.spec.Dialect == picture.A1111 {
		return p.literal
	}
	return p.words
}

// cut makes chunks of a text. What a model has no room for is left out.
func (p *painting) cut(typed string) []prompt.Chunk {
	chunks := p.conditioner().Chunks(prompt.Parse(typed))
	if most := p.parts.Config.Chunks; most > 0 && len(chunks) > most {
		return chunks[:most]
	}
	return chunks
}
