package render

import (
	"context"
	"fmt"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// maxTerms is how many prompts AND may compose: each is one more run of the UNet in every step.
const maxTerms = 8

// passConditioning is what the UNet is conditioned on in one pass.
type passConditioning struct {
	terms           []term          // at least one
	negative        scheduledPrompt // empty without guidance
	inpaintChannels tensor.Tensor   // of an inpainting model: see inpaintConditioning
	tiling          upscale.Tiling  // in which the UNet sees the latents; zero for the whole
}

// term is one of the prompts that AND composes.
type term struct {
	weight float64
	scheduledPrompt
}

// scheduledPrompt is a prompt over the UNet calls of a pass, as prompt editing and alternation schedule it.
type scheduledPrompt struct {
	stages []prompt.Stage
	// encodings are found by a stage's text: hidden states [1, n, width], of one length in all terms.
	encodings map[string]TextEncoding
	tiles     []scheduledPrompt // of a group whose tiles differ: one for each, in place of encodings
}

// at returns the encoding of the text for a call, counted from 0.
func (t scheduledPrompt) at(call int) (encoding TextEncoding, text string) {
	if len(t.tiles) > 0 {
		return t.atOfTiles(call)
	}
	text = prompt.StageAt(t.stages, call).Text
	return t.encodings[text], text
}

// key tells apart the texts of two calls.
func (t passConditioning) key(call int) string {
	var b strings.Builder
	for _, term := range t.terms {
		_, text := term.at(call)
		fmt.Fprintf(&b, "%q ", text)
	}
	if len(t.negative.stages) > 0 {
		_, text := t.negative.at(call)
		fmt.Fprintf(&b, "%q", text)
	}
	return b.String()
}

// conditioningsFor stacks what the UNet is conditioned on in a call, for one run of it each: the negative prompt first,
// if there is guidance, then every term, each repeated for all tiles. It is one run, unless the negative prompt has
// another length than the terms, which A1111 does not mend: see encodePrompts. seen has the shape of the latents that
// the UNet sees at once.
func (p *run) conditioningsFor(prompts passConditioning, call, tiles int, seen []int) []Conditioning {
	var terms, all []TextEncoding
	for _, t := range prompts.terms {
		encoding, _ := t.at(call)
		terms = append(terms, encoding)
	}
	all = terms
	negatives := 0
	if len(prompts.negative.stages) > 0 {
		negative, _ := prompts.negative.at(call)
		if negative.Hidden.Shape[1] != terms[0].Hidden.Shape[1] {
			return []Conditioning{p.stacked(tiles, 1, seen, negative), p.stacked(tiles, 0, seen, terms...)}
		}
		all, negatives = append([]TextEncoding{negative}, terms...), 1
	}
	return []Conditioning{p.stacked(tiles, negatives, seen, all...)}
}

// stacked is the conditioning by encodings of one length, each repeated for all tiles. The first ones, so many of them,
// are of a negative prompt.
func (p *run) stacked(tiles, negatives int, seen []int, encodings ...TextEncoding) Conditioning {
	var hidden, pooled []tensor.Tensor
	for _, encoding := range encodings {
		again := tiles / encoding.Hidden.Batch() // 1 where each tile has its own
		hidden = append(hidden, tensor.Repeat(encoding.Hidden, again))
		if !encoding.Pooled.Empty() {
			pooled = append(pooled, tensor.Repeat(encoding.Pooled, again))
		}
	}
	c := p.parts.Config
	height, width := seen[0]*c.PixelsPerLatent, seen[1]*c.PixelsPerLatent
	text := TextEncoding{Hidden: tensor.Stack(hidden...), Pooled: tensor.Stack(pooled...)}
	return c.Conditioning(text, negatives*tiles, height, width, p.spec.GuidanceScale)
}

// clipSkip is how many of the text encoder's last layers are left out for a prompt. A Spec counts as A1111 does: 1, or
// nothing, is the layer that the model was trained with.
func (p *run) clipSkip() int {
	if !p.parts.Config.FollowsClipSkip(p.spec.Dialect) {
		return 0
	}
	return max(p.spec.ClipSkip-1, 0)
}

// negativeClipSkip is clipSkip for a negative prompt: diffusers does not skip there.
func (p *run) negativeClipSkip() int {
	if p.spec.Dialect == picture.Diffusers {
		return 0
	}
	return p.clipSkip()
}

// splitTerms divides the prompt at AND or, in Midjourney's notation, at ::.
func (p *run) splitTerms() (err error) {
	rest := prompt.WithoutAddons(p.spec, p.spec.Prompt)
	if p.terms, err = prompt.ReadingOf(p.spec).Terms(p.spec.Notation, rest); err != nil {
		return refuseBecause(err.Error(), err)
	}
	if len(p.terms) > maxTerms {
		return refuse("AND or :: joins %d prompts: at most %d are possible", len(p.terms), maxTerms)
	}
	if p.parts.Config.GuidesItself() && (len(p.terms) > 1 || p.terms[0].Weight != 1) {
		return refuse(
			"this model takes the guidance scale as an input, so prompts cannot be joined by AND or :: or weighted as a whole",
		)
	}
	return nil
}

// encodePrompts runs the text encoder on every text of one pass.
//
// The UNet reads prompts of one length together. In the dialect diffusers all are filled up with empty chunks. A1111
// fills up each prompt to its own longest stage only (forward in modules/sd_hijack_clip.py), repeats the last token's
// state of the shorter terms of AND (stack_conds in modules/prompt_parser.py), and runs a negative prompt of another
// length apart (forward in modules/sd_samplers_cfg_denoiser.py; both of its options to pad are off by default).
func (p *run) encodePrompts(ctx context.Context, calls prompt.Calls) (passConditioning, error) {
	var out passConditioning
	for _, t := range p.terms {
		out.terms = append(out.terms, term{t.Weight, p.schedule(t.Text, calls)})
	}
	if p.guided() {
		out.negative = p.schedule(prompt.WithoutAddons(p.spec, p.spec.Negative), calls)
	}
	longest := p.parts.Config.MaxChunks // a UNet of a fixed length takes exactly as many
	if p.spec.Dialect != picture.A1111 {
		for _, t := range out.terms {
			longest = max(longest, p.longestStage(t.scheduledPrompt))
		}
		longest = max(longest, p.longestStage(out.negative))
	}
	for i, t := range out.terms {
		if err := p.encodeScheduled(ctx, t.scheduledPrompt, longest, p.clipSkip()); err != nil {
			return passConditioning{}, fmt.Errorf("prompt %d: %w", i+1, err)
		}
	}
	repeatLastTokens(out.terms)
	if err := p.encodeScheduled(ctx, out.negative, longest, p.negativeClipSkip()); err != nil {
		return passConditioning{}, fmt.Errorf("negative prompt: %w", err)
	}
	c := p.parts.Config
	if p.spec.Negative == "" && c.ZerosForEmptyNegative(p.spec.Dialect, c.ZerosForEmptyPrompt) {
		for text, encoding := range out.negative.encodings {
			out.negative.encodings[text] = TextEncoding{Hidden: encoding.Hidden.Like(), Pooled: encoding.Pooled.Like()}
		}
	}
	return out, nil
}

// schedule is a prompt over the calls of a pass, not encoded yet.
func (p *run) schedule(typed string, calls prompt.Calls) scheduledPrompt {
	return scheduledPrompt{stages: prompt.ReadingOf(p.spec).Stages(typed, calls), encodings: map[string]TextEncoding{}}
}

// longestStage is how many chunks the longest text of a prompt has.
func (p *run) longestStage(t scheduledPrompt) int {
	longest := 0
	for _, s := range t.stages {
		longest = max(longest, len(p.chunksOf(s.Text)))
	}
	return longest
}

// encodeScheduled encodes each text of a prompt once, in as many chunks as the longest of them has, or more if the pass
// needs them. A1111 encodes all stages in one batch, which decides what their weights do: see EncodeBatch.
func (p *run) encodeScheduled(ctx context.Context, t scheduledPrompt, chunks, skip int) error {
	options := clip.EncodeOptions{Skip: skip, NoNorm: p.spec.Emphasis == picture.EmphasisNoNorm}
	conditioner := p.conditioner()
	chunks = max(chunks, p.longestStage(t))
	var batch []clip.BatchText
	var texts []string
	places := map[string]int{} // in the batch
	for _, s := range t.stages {
		if at, again := places[s.Text]; again {
			batch[at].Times++
			continue
		}
		places[s.Text] = len(batch)
		texts = append(texts, s.Text)
		batch = append(batch, clip.BatchText{Chunks: conditioner.PadChunks(p.chunksOf(s.Text), chunks), Times: 1})
	}
	if p.spec.Dialect == picture.A1111 && len(batch) > 0 {
		encodings, err := conditioner.EncodeBatch(ctx, batch, options)
		for i := range encodings {
			t.encodings[texts[i]] = encodings[i]
		}
		return err
	}
	for i, b := range batch {
		encoding, err := conditioner.Encode(ctx, b.Chunks, options)
		if err != nil {
			return err
		}
		t.encodings[texts[i]] = encoding
	}
	return nil
}

// repeatLastTokens makes the hidden states of all terms as long as those of the longest, by repeating the last token's.
func repeatLastTokens(terms []term) {
	longest := 0
	for _, t := range terms {
		for _, encoding := range t.encodings {
			longest = max(longest, encoding.Hidden.Shape[1])
		}
	}
	for _, t := range terms {
		for text, encoding := range t.encodings {
			encoding.Hidden = tensor.RepeatLastRow(encoding.Hidden, longest)
			t.encodings[text] = encoding
		}
	}
}

// conditioner reads prompts as the dialect does.
func (p *run) conditioner() *clip.Conditioner {
	if p.spec.Dialect == picture.A1111 {
		return p.a1111Conditioner
	}
	return p.diffusersConditioner
}

// chunksOf divides a text into chunks. Those that the model does not take are left out.
func (p *run) chunksOf(typed string) []prompt.Chunk {
	chunks := p.conditioner().Chunks(prompt.ReadingOf(p.spec).Parse(typed))
	if most := p.parts.Config.MaxChunks; most > 0 && len(chunks) > most {
		return chunks[:most]
	}
	return chunks
}
