package clip

import (
	"math"
	"slices"

	"darkroom/render/tensor"
)

// applyWeights multiplies each token's hidden state in chunk i of each text by its weight. With restore it then
// restores the mean of that chunk over the whole batch, as A1111's emphasis "Original" does:
//
//	z' = z·w · mean(z)/mean(z·w)
//
// for each of two encoders separately, with the weights of its own tokens. Where no chunk of the batch is weighted all
// stay as they are.
func applyWeights(reads []tensor.TextEncoding, batch []BatchText, i int, restore bool) []tensor.Tensor {
	out := make([]tensor.Tensor, len(reads))
	for k, read := range reads {
		out[k] = read.Hidden
	}
	if !slices.ContainsFunc(batch, func(t BatchText) bool { return t.Chunks[i].Weighted() }) {
		return out
	}
	width, widths := out[0].Shape[2], reads[0].Widths
	if widths == nil {
		widths = []int{width}
	}
	columns := make([]weightedColumns, len(out))
	for k := range out {
		out[k] = out[k].Clone()
		length := out[k].Shape[1]
		columns[k] = weightedColumns{out[k].Data, width, 0, 0, batch[k].Chunks[i].Weights[:length], batch[k].Times}
	}
	for e, w := range widths {
		for k := range columns {
			c, all := &columns[k], batch[k].Chunks[i].Weights
			c.from, c.to = c.to, c.to+w
			if at := e * len(c.weights); at+len(c.weights) <= len(all) { // else both encoders read the same tokens
				c.weights = all[at : at+len(c.weights)]
			}
		}
		weightColumns(columns, restore)
	}
	return out
}

// weightedColumns are those of one encoder in the hidden states of a text, with the weights of its tokens.
type weightedColumns struct {
	data            []float32 // rows that are width wide
	width, from, to int
	weights         []float32 // of each row
	times           int       // how often they count
}

// weightColumns weights columns in place, and may restore the mean of all of them.
func weightColumns(all []weightedColumns, restore bool) {
	var before, after float64
	for _, c := range all {
		b, a := c.sums()
		before, after = before+float64(c.times)*b, after+float64(c.times)*a
	}
	by := before / after
	if !restore || math.IsNaN(by) || math.IsInf(by, 0) { // a mean of zero cannot be restored
		by = 1
	}
	for _, c := range all {
		for row, w := range c.weights {
			cells := c.row(row)
			for i, z := range cells {
				cells[i] = float32(min(max(float64(z)*float64(w)*by, -math.MaxFloat32), math.MaxFloat32))
			}
		}
	}
}

// sums are those of all values, before and after weighting.
func (c weightedColumns) sums() (before, after float64) {
	for row, w := range c.weights {
		for _, z := range c.row(row) {
			before += float64(z)
			after += float64(z) * float64(w)
		}
	}
	return before, after
}

func (c weightedColumns) row(i int) []float32 { return c.data[i*c.width+c.from : i*c.width+c.to] }
