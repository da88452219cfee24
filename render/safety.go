package render

import (
	"context"
	"fmt"
	"image"

	"darkroom/render/safety"
)

// checkTiles has the safety checker score finished images. An image that cannot be checked is an error, since whoever
// wants images checked must not get one that is not.
func (p *run) checkTiles(ctx context.Context, tiles []Tile) error {
	if p.parts.Safety == nil {
		return nil
	}
	images := make([]image.Image, len(tiles))
	for i, tile := range tiles {
		images[i] = tile.Image
	}
	err := p.timed(StageSafety, func() error {
		verdicts, err := p.parts.Safety.Check(ctx, images)
		for i := range verdicts {
			tiles[i].Safety = &verdicts[i]
		}
		return err
	})
	if err != nil {
		return preferCause(ctx, fmt.Errorf("check: %w", err))
	}
	return nil
}

// checkPreview has the safety checker score the tiles of a preview that have begun.
func (r *Renderer) checkPreview(ctx context.Context, tiles []*image.NRGBA) ([]*safety.Verdict, error) {
	if r.parts.PreviewSafety == nil {
		return nil, nil
	}
	var begun []image.Image
	var at []int
	for i, tile := range tiles {
		if tile != nil {
			begun, at = append(begun, tile), append(at, i)
		}
	}
	verdicts, err := r.parts.PreviewSafety.Check(ctx, begun)
	if err != nil {
		return nil, fmt.Errorf("check: %w", err)
	}
	all := make([]*safety.Verdict, len(tiles))
	for i := range verdicts {
		all[at[i]] = &verdicts[i]
	}
	return all, nil
}
