package tensor

import "slices"

// TextEncoding is what a text encoder makes of chunks of token ids.
type TextEncoding struct {
	Hidden Tensor // [chunks, length, width]
	Pooled Tensor // [chunks, width'], see family.TextEncoder; empty for models without it
	Widths []int  // how Hidden's width is divided between several encoders; nil for one
}

// Clone returns a copy that shares nothing with e.
func (e TextEncoding) Clone() TextEncoding {
	return TextEncoding{e.Hidden.Clone(), e.Pooled.Clone(), slices.Clone(e.Widths)}
}

// Conditioning is what a UNet reads besides latents and timestep. Every tensor has the batch of the latents; those that
// the model does not read are empty.
type Conditioning struct {
	Hidden   Tensor // [b, n, width]
	Pooled   Tensor // [b, p]: SDXL's text_embeds
	TimeIDs  Tensor // [b, 6] or [b, 5]: what SDXL or its refiner is told of the image; see package family
	Guidance Tensor // [b, d]: LCM's timestep_cond, the embedding of the guidance scale
}

// Tensors lists the tensors in the order of the fields.
func (c Conditioning) Tensors() []Tensor {
	return []Tensor{c.Hidden, c.Pooled, c.TimeIDs, c.Guidance}
}

// Empty says whether t is the zero Tensor: nothing at all.
func (t Tensor) Empty() bool { return t.Shape == nil && t.Data == nil }

// Stack puts batches of one shape below each other; empty ones give an empty one. The shapes must agree.
func Stack(parts ...Tensor) Tensor {
	if len(parts) == 0 || parts[0].Empty() {
		return Tensor{}
	}
	shape := slices.Clone(parts[0].Shape)
	shape[0] = 0
	var data []float32
	for _, p := range parts {
		mustAgree(p.Row(0), parts[0].Row(0))
		shape[0] += p.Shape[0]
		data = append(data, p.Data...)
	}
	return Tensor{Shape: shape, Data: data}
}

// RepeatLastRow makes a tensor [b, n, width] of at least that many rows, by repeating the last row of each item.
func RepeatLastRow(t Tensor, rows int) Tensor {
	b, n, width := t.Shape[0], t.Shape[1], t.Shape[2]
	if n >= rows {
		return t
	}
	out := New(b, rows, width)
	for i := range b {
		to := out.Row(i).Data
		for at := copy(to, t.Row(i).Data); at < len(to); at += width {
			copy(to[at:], to[at-width:at])
		}
	}
	return out
}
