package render

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/prompt"
	"darkroom/render/tensor"
)

// splitTiles divides the prompts of all tiles, each different one once.
func (p *run) splitTiles() error {
	for _, own := range p.spec.Prompts() {
		at := slices.Index(p.texts, own)
		if at < 0 {
			if err := p.withText(own).splitTerms(); err != nil {
				return err
			}
			at = len(p.texts)
			p.texts = append(p.texts, own)
		}
		p.textOf = append(p.textOf, at)
	}
	return p.splitTerms()
}

// withText returns the run as that of one tile's prompts.
func (p *run) withText(own picture.TilePrompt) *run {
	one := *p
	one.spec.Prompt, one.spec.Negative, one.spec.Tiles = own.Prompt, own.Negative, nil
	return &one
}

// encodeTiles runs the text encoder on the prompts of all tiles in a pass.
func (p *run) encodeTiles(ctx context.Context, pass *pass) (err error) {
	if len(p.texts) == 1 {
		pass.conditioning, err = p.encodePrompts(ctx, pass.calls)
		return err
	}
	pass.ofTexts = make([]passConditioning, len(p.texts))
	for i, own := range p.texts {
		one := p.withText(own)
		if err := one.splitTerms(); err != nil {
			return err
		}
		if pass.ofTexts[i], err = one.encodePrompts(ctx, pass.calls); err != nil {
			return err
		}
	}
	return nil
}

// conditioningOf returns what the tiles from first to last-1 are conditioned on. They are one group.
func (p *run) conditioningOf(pass pass, first, last int) passConditioning {
	if len(pass.ofTexts) == 0 {
		return pass.conditioning
	}
	texts := p.textOf[first:last]
	if len(slices.Compact(slices.Clone(texts))) == 1 {
		return pass.ofTexts[texts[0]]
	}
	tiles := make([]passConditioning, len(texts))
	for i, text := range texts {
		tiles[i] = pass.ofTexts[text]
	}
	return joinTiles(tiles)
}

// joinTiles makes one conditioning of those of several tiles, which have the same shape.
func joinTiles(tiles []passConditioning) passConditioning {
	join := func(of func(passConditioning) scheduledPrompt) scheduledPrompt {
		out := scheduledPrompt{stages: of(tiles[0]).stages}
		for _, t := range tiles {
			out.tiles = append(out.tiles, of(t))
		}
		return out
	}
	var out passConditioning
	for k := range tiles[0].terms {
		of := func(t passConditioning) scheduledPrompt { return t.terms[k].scheduledPrompt }
		out.terms = append(out.terms, term{tiles[0].terms[k].weight, join(of)})
	}
	if len(tiles[0].negative.stages) > 0 {
		out.negative = join(func(t passConditioning) scheduledPrompt { return t.negative })
	}
	return out
}

// atOfTiles stacks the encodings of the tiles for a call.
func (t scheduledPrompt) atOfTiles(call int) (encoding TextEncoding, text string) {
	var hidden, pooled []tensor.Tensor
	var texts []string
	for _, tile := range t.tiles {
		one, text := tile.at(call)
		hidden, texts = append(hidden, one.Hidden), append(texts, fmt.Sprintf("%q", text))
		if !one.Pooled.Empty() {
			pooled = append(pooled, one.Pooled)
		}
	}
	return TextEncoding{Hidden: tensor.Stack(hidden...), Pooled: tensor.Stack(pooled...)}, strings.Join(texts, " ")
}

// tileGroup is tiles that go through the UNet together, from first to last-1.
type tileGroup struct{ first, last int }

// groups divides the tiles of a pass: as many together as fit, if their prompts have one shape. Prompts are not filled
// up for their neighbours, so that a tile is the same alone and among others.
func (p *run) groups(pass pass) (groups []tileGroup) {
	shapes := make([]string, len(p.texts))
	if len(p.texts) > 1 {
		for i, own := range p.texts {
			shapes[i] = p.withText(own).shapeOfPrompts(pass.calls)
		}
	}
	for first := 0; first < p.spec.Count; {
		last := first + 1
		for last < p.spec.Count && last-first < pass.groupSize && shapes[p.textOf[last]] == shapes[p.textOf[first]] {
			last++
		}
		groups = append(groups, tileGroup{first, last})
		first = last
	}
	return groups
}

// shapeOfPrompts tells apart prompts that the UNet cannot read in one call: by the number and the weights of their
// terms, and by how many chunks each of them needs.
func (p *run) shapeOfPrompts(calls prompt.Calls) string {
	if err := p.splitTerms(); err != nil {
		return err.Error() // it was refused before
	}
	longest := func(text string) (n int) {
		for _, s := range prompt.ReadingOf(p.spec).Stages(text, calls) {
			n = max(n, len(p.chunksOf(s.Text)))
		}
		return n
	}
	var b strings.Builder
	for _, t := range p.terms {
		fmt.Fprintf(&b, "%g×%d ", t.Weight, longest(t.Text))
	}
	if p.guided() {
		negative := prompt.WithoutAddons(p.spec, p.spec.Negative)
		fmt.Fprintf(&b, "- %d %v", longest(negative), p.spec.Negative == "")
	}
	return b.String()
}
