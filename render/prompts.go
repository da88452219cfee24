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
type passConditioning struct {
	terms           []term          // at least one
	negative        scheduledPrompt // empty when nothing is guided
	inpaintChannels tensor.Tensor   // of an inpainting model: see told
}

// term is one of the prompts that lead together.
type term struct {
	weight float64
	scheduledPrompt
}

// track is a prompt over the calls of the model, as its editing and alternation have it.
type scheduledPrompt struct {
	stages    []prompt.Stage
	encodings map[string]TextEncoding // by a stage's text: hidden states [1, n, width], of one length in the whole pass
}

// at returns what the encoder made of the text for a call, counted from 0.
func (t scheduledPrompt) at(call int) (read TextEncoding, text string) {
	text = prompt.StageAt(t.stages, call).Text
	return t.encodings[text], text
}

// skip is how many of the text encoder's last layers are left out for a prompt. A Spec counts as A1111 does: 1, or
// nothing said, is the layer the model was trained with. A1111 reads that one whatever is said where the text encoder
// is not Stable Diffusion 1's.
func (p *run) clipSkip() int {
	if !p.parts.Config.FollowsClipSkip(p.spec.Dialect) {
		return 0
	}
	return max(p.spec.ClipSkip-1, 0)
}

// negativeClipSkip is skip for a negative prompt: diffusers does not skip there.
func (p *run) negativeClipSkip() int {
	if p.spec.Dialect == picture.Diffusers {
		return 0
	}
	return p.clipSkip()
}

// splitTerms divides the prompt where AND or, in Midjourney's notation, :: does. Its add-on tags are the Spec's business,
// not the text's.
func (p *run) splitTerms() (err error) {
	rest, _ := prompt.Addons(p.spec.Prompt)
	if p.terms, err = prompt.Terms(p.spec.Notation, rest); err != nil {
		return refuseBecause(err.Error(), err)
	}
	if len(p.terms) > maxTerms {
		return refuse("AND or :: joins %d prompts here: at most %d can lead together", len(p.terms), maxTerms)
	}
	if p.parts.Config.GuidesItself() && (len(p.terms) > 1 || p.terms[0].Weight != 1) {
		return refuse("this model is told how strongly to follow the prompt, so that no prompts can be joined by AND or :: or weighed as a whole")
	}
	return nil
}

// condition runs the text encoder on everything that the prompts read in one pass.
func (p *run) encodePrompts(ctx context.Context, calls prompt.Calls) (passConditioning, error) {
	var out passConditioning
	longest := 0
	read := func(typed string) scheduledPrompt {
		t := scheduledPrompt{stages: prompt.Stages(typed, calls), encodings: map[string]TextEncoding{}}
		for _, s := range t.stages {
			longest = max(longest, len(p.chunksOf(s.Text)))
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
		if err := p.encodeScheduled(ctx, t.scheduledPrompt, longest, p.clipSkip()); err != nil {
			return passConditioning{}, fmt.Errorf("prompt %d: %w", i+1, err)
		}
	}
	if err := p.encodeScheduled(ctx, out.negative, longest, p.negativeClipSkip()); err != nil {
		return passConditioning{}, fmt.Errorf("negative prompt: %w", err)
	}
	if p.spec.Negative == "" && p.zerosForEmptyPrompt() {
		for text, read := range out.negative.encodings {
			out.negative.encodings[text] = TextEncoding{Hidden: read.Hidden.Like(), Pooled: read.Pooled.Like()}
		}
	}
	return out, nil
}

// zerosForEmptyPrompt tells whether SDXL is led by zeros where there is no negative prompt: in A1111 always, in diffusers where
// the folder says so.
func (p *run) zerosForEmptyPrompt() bool {
	c := p.parts.Config
	return c.ZerosForEmptyNegative(p.spec.Dialect, c.ZerosForEmptyPrompt)
}

// encodeScheduled encodes each text of a track once, in as many chunks as the longest text of the pass needs.
func (p *run) encodeScheduled(ctx context.Context, t scheduledPrompt, chunks, skip int) error {
	for _, s := range t.stages {
		if _, done := t.encodings[s.Text]; done {
			continue
		}
		words := p.conditioner()
		read, err := words.Encode(ctx, words.PadChunks(p.chunksOf(s.Text), chunks), clip.EncodeOptions{Skip: skip, NoNorm: p.spec.Emphasis == picture.EmphasisNoNorm})
		if err != nil {
			return err
		}
		t.encodings[s.Text] = read
	}
	return nil
}

// conditioner reads prompts as the dialect does.
func (p *run) conditioner() *clip.Conditioner {
	if p.spec.Dialect == picture.A1111 {
		return p.a1111Conditioner
	}
	return p.diffusersConditioner
}

// cut makes chunks of a text. What a model has no room for is left out.
func (p *run) chunksOf(typed string) []prompt.Chunk {
	chunks := p.conditioner().Chunks(prompt.Parse(typed))
	if most := p.parts.Config.MaxChunks; most > 0 && len(chunks) > most {
		return chunks[:most]
	}
	return chunks
}
