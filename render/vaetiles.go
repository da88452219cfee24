package render

import (
	"context"
	"slices"

	"darkroom/render/tensor"
)

// vaeTiles cuts a map into overlapping tiles, runs a network on each and blends the results, as tiled_decode and
// tiled_encode of diffusers' AutoencoderKL do with a tile_overlap_factor of a quarter.
type vaeTiles struct {
	side int // of a tile
	out  int // side of the network's output for a tile
}

func (t vaeTiles) run(
	ctx context.Context, in tensor.Tensor, network func(context.Context, tensor.Tensor) (tensor.Tensor, error),
) (tensor.Tensor, error) {
	h, w, step := in.Shape[2], in.Shape[3], t.side-t.side/4
	var rows, above []tensor.Tensor
	for y := 0; y < h; y += step {
		var row []tensor.Tensor
		for x := 0; x < w; x += step {
			if err := context.Cause(ctx); err != nil {
				return tensor.Tensor{}, err
			}
			tile, err := network(ctx, tensor.Crop(in, y, x, t.side, t.side))
			if err != nil {
				return tensor.Tensor{}, err
			}
			if above != nil {
				blendEdge(above[len(row)], tile, 2, t.out/4)
			}
			if len(row) > 0 {
				blendEdge(row[len(row)-1], tile, 3, t.out/4)
			}
			row = append(row, tile)
		}
		rows, above = append(rows, joinColumns(row, t.out-t.out/4)), row
	}
	return stackRows(rows), nil
}

// wrapMargin is how many latents around a seamless image the decoder is shown: half of the overlap of two tiles of 512
// pixels.
const wrapMargin = 8

// wrapEdges extends [b, c, h, w] on every side by the opposite edge.
func wrapEdges(t tensor.Tensor, by int) tensor.Tensor {
	h, w := t.Shape[2], t.Shape[3]
	out := tensor.New(t.Shape[0], t.Shape[1], h+2*by, w+2*by)
	for i := range out.Data {
		plane, y, x := i/((h+2*by)*(w+2*by)), i/(w+2*by)%(h+2*by)-by, i%(w+2*by)-by
		out.Data[i] = t.Data[(plane*h+(y%h+h)%h)*w+(x%w+w)%w]
	}
	return out
}

// blendEdge fades from the end of one tile to the beginning of the next along an axis, over extent values or as many as
// there are. It changes next.
func blendEdge(before, next tensor.Tensor, axis, extent int) {
	n := min(before.Shape[axis], next.Shape[axis], extent)
	inner := 1
	for _, d := range next.Shape[axis+1:] {
		inner *= d
	}
	outer := len(next.Data) / (inner * next.Shape[axis])
	for o := range outer {
		for i := range n {
			part := float32(float64(i) / float64(n))
			a := before.Data[(o*before.Shape[axis]+before.Shape[axis]-n+i)*inner:]
			b := next.Data[(o*next.Shape[axis]+i)*inner:]
			for k := range inner {
				b[k] = float32(a[k]*(1-part)) + float32(b[k]*part)
			}
		}
	}
}

// joinColumns puts the upper left parts of tiles side by side.
func joinColumns(row []tensor.Tensor, limit int) tensor.Tensor {
	var parts []tensor.Tensor
	width := 0
	for _, t := range row {
		parts = append(parts, tensor.Crop(t, 0, 0, limit, limit))
		width += parts[len(parts)-1].Shape[3]
	}
	shape := slices.Clone(parts[0].Shape)
	shape[3] = width
	out := tensor.Tensor{Shape: shape}
	for line := range shape[0] * shape[1] * shape[2] {
		for _, p := range parts {
			w := p.Shape[3]
			out.Data = append(out.Data, p.Data[line*w:(line+1)*w]...)
		}
	}
	return out
}

// stackRows puts rows below each other.
func stackRows(rows []tensor.Tensor) tensor.Tensor {
	shape := slices.Clone(rows[0].Shape)
	shape[2] = 0
	for _, r := range rows {
		shape[2] += r.Shape[2]
	}
	out := tensor.Tensor{Shape: shape}
	for plane := range shape[0] * shape[1] {
		for _, r := range rows {
			size := r.Shape[2] * r.Shape[3]
			out.Data = append(out.Data, r.Data[plane*size:(plane+1)*size]...)
		}
	}
	return out
}
