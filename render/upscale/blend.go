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

// add adds a tile that lies at a place. Its weight rises over a ramp from each edge that is not the map's.
func (b blend) add(tile tensor.Tensor, at image.Rectangle, ramp int) {
	height, width := b.total.Shape[2], b.total.Shape[3]
	rows := rampWeights(at.Min.Y, at.Max.Y, height, ramp)
	columns := rampWeights(at.Min.X, at.Max.X, width, ramp)
	for y, row := range rows {
		for x, column := range columns {
			b.weight[(at.Min.Y+y)*width+at.Min.X+x] += row * column
		}
	}
	for plane := range b.total.Shape[0] * b.total.Shape[1] {
		for y, row := range rows {
			from := tile.Data[(plane*len(rows)+y)*len(columns):]
			to := b.total.Data[(plane*height+at.Min.Y+y)*width+at.Min.X:]
			for x, column := range columns {
				to[x] += from[x] * row * column
			}
		}
	}
}

// rampWeights are the weights of a tile from one place to another of a length.
func rampWeights(from, to, length, ramp int) []float32 {
	weights := make([]float32, to-from)
	for i := range weights {
		inside := ramp + 1
		if from > 0 {
			inside = min(inside, i+1)
		}
		if to < length {
			inside = min(inside, to-from-i)
		}
		weights[i] = float32(inside) / float32(ramp+1)
	}
	return weights
}

func (b blend) mean() tensor.Tensor {
	for i := range b.total.Data {
		b.total.Data[i] /= b.weight[i%len(b.weight)]
	}
	return b.total
}
