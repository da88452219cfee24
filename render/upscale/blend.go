package upscale

import (
	"image"

	"darkroom/render/tensor"
)

// blend is the weighted mean of overlapping tiles.
type blend struct {
	total  tensor.Tensor // [b, c, h, w]
	weight []float32     // [h, w]
}

func newBlend(batch, channels, height, width int) blend {
	return blend{tensor.New(batch, channels, height, width), make([]float32, height*width)}
}

// fade is how a tile's weight rises from each edge that is not the map's: not at all over a margin, then linearly over
// a ramp.
type fade struct{ margin, ramp int }

// add adds a tile that lies at a place of the map, of which the blend has the rows from top on.
func (b blend) add(tile tensor.Tensor, at image.Rectangle, whole image.Point, top int, f fade) {
	height, width := b.total.Shape[2], b.total.Shape[3]
	rows := f.weights(at.Min.Y, at.Max.Y, whole.Y)
	columns := f.weights(at.Min.X, at.Max.X, whole.X)
	for y, row := range rows {
		for x, column := range columns {
			b.weight[(at.Min.Y-top+y)*width+at.Min.X+x] += row * column
		}
	}
	for plane := range b.total.Shape[0] * b.total.Shape[1] {
		for y, row := range rows {
			from := tile.Data[(plane*len(rows)+y)*len(columns):]
			to := b.total.Data[(plane*height+at.Min.Y-top+y)*width+at.Min.X:]
			for x, column := range columns {
				to[x] += from[x] * row * column
			}
		}
	}
}

// weights are those of a tile from one place to another of a length.
func (f fade) weights(from, to, length int) []float32 {
	weights := make([]float32, to-from)
	for i := range weights {
		inside := f.ramp + 1
		if from > 0 {
			inside = min(inside, i+1-f.margin)
		}
		if to < length {
			inside = min(inside, to-from-i-f.margin)
		}
		weights[i] = float32(max(inside, 0)) / float32(f.ramp+1)
	}
	return weights
}

func (b blend) mean() tensor.Tensor {
	for i := range b.total.Data {
		b.total.Data[i] /= b.weight[i%len(b.weight)]
	}
	return b.total
}

// shift drops the first rows, moves the others up and empties what comes free below.
func (b blend) shift(rows int) {
	height, width := b.total.Shape[2], b.total.Shape[3]
	planes := [][]float32{b.weight}
	for i := range b.total.Shape[0] * b.total.Shape[1] {
		planes = append(planes, b.total.Data[i*height*width:(i+1)*height*width])
	}
	for _, plane := range planes {
		clear(plane[copy(plane, plane[rows*width:]):])
	}
}
