package upscale

import (
	"context"
	"image"

	"darkroom/render/tensor"
)

// Tiling cuts a map into overlapping tiles of one size.
type Tiling struct {
	Width, Height int // of a tile; a side that the map does not reach is the map's
	Overlap       int // the least of two neighbours
	Margin        int // at a tile's edge that does not count where another tile has it; less than half of Overlap
	Multiple      int // of each tile's corner; 0 for 1
}

// Cover returns the fewest tiles of the tiling that cover a map, row by row. They lie as evenly as the multiple
// allows, and none reaches beyond the map.
func (t Tiling) Cover(width, height int) []image.Rectangle {
	t.Width, t.Height = min(t.Width, width), min(t.Height, height)
	var all []image.Rectangle
	for _, y := range t.starts(height, t.Height) {
		for _, x := range t.starts(width, t.Width) {
			all = append(all, image.Rect(x, y, x+t.Width, y+t.Height))
		}
	}
	return all
}

// starts returns where tiles begin along an axis. The last one ends with the axis.
func (t Tiling) starts(length, side int) []int {
	room, step := length-side, max(side-t.Overlap, 1)
	gaps := (room + step - 1) / step
	starts := make([]int, gaps+1)
	multiple := max(t.Multiple, 1)
	for i := 1; i <= gaps; i++ {
		starts[i] = room * i / gaps
		if i < gaps { // rounded down, the overlap with the tile before only grows; the next one still begins in time
			starts[i] -= starts[i] % multiple
		}
	}
	return starts
}

// fade is how tiles of a network that enlarges are blended.
func (t Tiling) fade(scale int) fade {
	return fade{margin: t.Margin * scale, ramp: (t.Overlap - 2*t.Margin) * scale}
}

// Network is what runs on each tile: it turns [b, c, h, w] into [b, d, s·h, s·w].
type Network func(ctx context.Context, tile tensor.Tensor) (tensor.Tensor, error)

// Run runs a network on every tile of [b, c, h, w] and blends the results: where tiles overlap, each counts the less
// the nearer its own edge is, so that no edge shows. The whole is the mean of what tiles say of a place, as in
// MultiDiffusion (Bar-Tal et al., 2023).
func (t Tiling) Run(ctx context.Context, in tensor.Tensor, network Network) (tensor.Tensor, error) {
	height, width := in.Shape[2], in.Shape[3]
	tiles := t.Cover(width, height)
	if len(tiles) == 1 {
		return network(ctx, in)
	}
	var sum blend
	for _, at := range tiles {
		if err := context.Cause(ctx); err != nil {
			return tensor.Tensor{}, err
		}
		out, err := network(ctx, tensor.Crop(in, at.Min.Y, at.Min.X, at.Dy(), at.Dx()))
		if err != nil {
			return tensor.Tensor{}, err
		}
		scale := out.Shape[2] / at.Dy()
		if sum.total.Empty() {
			sum = newBlend(out.Shape[0], out.Shape[1], height*scale, width*scale)
		}
		place := image.Rectangle{Min: at.Min.Mul(scale), Max: at.Max.Mul(scale)}
		sum.add(out, place, image.Pt(width, height).Mul(scale), 0, t.fade(scale))
	}
	return sum.mean(), nil
}
