package request

import (
	"slices"

	"darkroom/render/picture"
)

// tilePrompts settles what the further tiles show, where choices gave them words of their own. start is the request
// before any rule. Of the flags in their words only --no counts: tiles differ in nothing but their prompts.
func (r *resolution) tilePrompts(start resolution, w Wanted) *Refusal {
	if len(w.Tiles) == 0 || r.Spec.Count < 2 {
		return nil
	}
	all := []picture.TilePrompt{{Prompt: r.Spec.Prompt, Negative: r.Spec.Negative}}
	for _, own := range w.Tiles[:min(len(w.Tiles), r.Spec.Count-1)] {
		one := start
		one.Notes = nil // of the first tile they are told already
		if refusal := one.applyRules(own); refusal != nil {
			return refusal
		}
		all = append(all, picture.TilePrompt{Prompt: one.Spec.Prompt, Negative: one.Spec.Negative})
		if one.Spec.Notation == picture.NotationMidjourney {
			r.Spec.Notation = one.Spec.Notation // it reads as A1111's what has no ::
		}
	}
	r.Spec.SetPrompts(all)
	return nil
}

// keepTiles gives a remix the prompts that the tiles of the earlier image had, if its words are those of the first
// tile.
func (r *resolution) keepTiles(w Wanted) {
	if len(r.tiles) == 0 || len(w.Tiles) > 0 || r.Spec.Prompt != r.tiles[0].Prompt {
		return
	}
	all, negative := slices.Clone(r.tiles), r.Spec.Negative
	if negative != all[0].Negative {
		for i := range all {
			all[i].Negative = negative
		}
	}
	count := r.Spec.Count
	r.Spec.Count = len(all)
	r.Spec.SetPrompts(all)
	r.Spec.SetCount(count)
}

// texts returns the prompts and the negative prompts that tiles have, each once.
func (r *Resolved) texts() (prompts, negatives []string) {
	for _, t := range r.Spec.Prompts() {
		if !slices.Contains(prompts, t.Prompt) {
			prompts = append(prompts, t.Prompt)
		}
		if !slices.Contains(negatives, t.Negative) {
			negatives = append(negatives, t.Negative)
		}
	}
	return prompts, negatives
}
