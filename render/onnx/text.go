package onnx

import (
	"context"
	"errors"
	"fmt"

	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// ErrClipSkip says that a text encoder does not give out the layer that was asked for.
var ErrClipSkip = errors.New("this model's text encoder does not give out so many layers before its last")

// EncodeText turns rows of framed token ids, Config.TextLength each, into hidden states [rows, length, width]. Of Stable
// Diffusion 1 and 2 they are the last layer's, or those skip layers before, after the final norm. Of SDXL they are those
// of the last layer but one, or skip before, of both encoders side by side without that norm; and there is a pooled
// vector [rows, width'] too. A skip of more than Config.Skips is ErrClipSkip.
func (m *Model) EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.TextEncoding, error) {
	return m.EncodePair(ctx, ids, ids, skip)
}

// EncodePair is EncodeText with ids of their own for SDXL's second encoder, whose tokenizer fills up with another token.
func (m *Model) EncodePair(ctx context.Context, ids, second [][]int32, skip int) (tensor.TextEncoding, error) {
	if skip < 0 || skip > m.Folder.Config.SkippableLayers {
		return tensor.TextEncoding{}, ErrClipSkip
	}
	if len(ids) == 0 || len(ids) != len(second) {
		return tensor.TextEncoding{}, fmt.Errorf("encode text: no rows, or %d for the second encoder", len(second))
	}
	first, err := m.encodeWith(ctx, 0, ids, skip)
	if err != nil || len(m.text) == 1 {
		return first, err
	}
	other, err := m.encodeWith(ctx, 1, second, skip)
	if err != nil {
		return tensor.TextEncoding{}, err
	}
	widths := []int{first.Hidden.Shape[2], other.Hidden.Shape[2]}
	return tensor.TextEncoding{Hidden: concatLast(first.Hidden, other.Hidden), Pooled: other.Pooled, Widths: widths}, nil
}

// encodeWith runs one text encoder.
func (m *Model) encodeWith(ctx context.Context, i int, ids [][]int32, skip int) (tensor.TextEncoding, error) {
	c, t := m.Folder.Config, m.ports.textEncoders[i]
	for _, row := range ids {
		if len(row) != c.TextLength {
			return tensor.TextEncoding{}, fmt.Errorf("encode text: a row of %d ids, want %d", len(row), c.TextLength)
		}
	}
	outputs := t.outputs()
	out := make([]tensor.Tensor, len(outputs))
	for k, v := range outputs {
		if out[k] = tensor.New(len(ids), c.TextLength, m.Folder.textEncoders[i].width); v.Name == t.pooled.Name {
			out[k] = tensor.New(len(ids), c.PooledWidth)
		}
	}
	err := m.text[i].inBatches(len(ids), func(from, to int) error {
		in, err := feedIDs(t.ids, ids[from:to])
		rows := make([]tensor.Tensor, len(out))
		for k := range out {
			rows[k] = out[k].Rows(from, to)
		}
		return m.text[i].call(ctx, outputs, rows, err, in)
	})
	if err != nil {
		return tensor.TextEncoding{}, fmt.Errorf("encode text: %w", err)
	}
	text := tensor.TextEncoding{Hidden: out[skip]}
	if t.pooled.Name != "" {
		text.Pooled = out[len(out)-1]
	}
	return text, nil
}

// outputs lists what a text encoder is asked for: all layers, then the pooled vector if there is one.
func (t textEncoder) outputs() []graph.Value {
	all := append([]graph.Value(nil), t.layers...)
	if t.pooled.Name != "" {
		all = append(all, t.pooled)
	}
	return all
}

// textNetwork is a text encoder's network, edited where layers must be added.
func (f *Folder) textNetwork(t textEncoder) network {
	n := network{path: f.path(t.part), inputs: []graph.Value{t.ids}, outputs: t.outputs()}
	if t.layersAdded {
		n.edits = append(n.edits, func(model []byte) ([]byte, error) {
			model, _, err := f.exposeLayers(t, model)
			return model, err
		})
	}
	return n
}

// beside joins [b, n, v] and [b, n, w] to [b, n, v+w].
func concatLast(a, b tensor.Tensor) tensor.Tensor {
	v, w := a.Shape[2], b.Shape[2]
	out := tensor.New(a.Shape[0], a.Shape[1], v+w)
	for i := range a.Shape[0] * a.Shape[1] {
		copy(out.Data[i*(v+w):], a.Data[i*v:(i+1)*v])
		copy(out.Data[i*(v+w)+v:], b.Data[i*w:(i+1)*w])
	}
	return out
}
