package onnx

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"darkroom/render/tensor"
)

// ErrClipSkip says that a text encoder cannot skip so many layers.
var ErrClipSkip = errors.New("this model's text encoder cannot skip so many layers")

// EncodeText turns rows of framed token ids, Config.TextLength each, into hidden states [rows, length, width]. They are
// of the layer that the model was trained with (see family.TextEncoder), or of the one that lies skip layers before it;
// those of several text encoders stand side by side. Where the family has a pooled vector [rows, width'], it comes too.
// A skip of more than Config.SkippableLayers is ErrClipSkip.
func (m *Model) EncodeText(ctx context.Context, ids [][]int32, skip int) (tensor.TextEncoding, error) {
	each := make([][][]int32, len(m.text))
	for i := range each {
		each[i] = ids
	}
	return m.EncodeEach(ctx, each, skip)
}

// EncodeEach is EncodeText with ids for each text encoder, whose tokenizers may differ.
func (m *Model) EncodeEach(ctx context.Context, each [][][]int32, skip int) (tensor.TextEncoding, error) {
	if skip < 0 || skip > m.Folder.Config.SkippableLayers {
		return tensor.TextEncoding{}, ErrClipSkip
	}
	if len(each) != len(m.text) {
		return tensor.TextEncoding{}, fmt.Errorf("encode text: ids for %d text encoders, want %d", len(each), len(m.text))
	}
	var out tensor.TextEncoding
	for i, ids := range each {
		if len(ids) == 0 || len(ids) != len(each[0]) {
			return tensor.TextEncoding{}, fmt.Errorf("encode text: no rows, or %d for text encoder %d", len(ids), i+1)
		}
		one, err := m.encodeWith(ctx, i, ids, skip)
		if err != nil {
			return tensor.TextEncoding{}, err
		}
		out = joinEncodings(out, one, len(each) > 1)
	}
	return out, nil
}

// joinEncodings puts the hidden states of one more text encoder beside those of others, and takes its pooled vector if
// it has one. The widths are noted where there are several.
func joinEncodings(all, one tensor.TextEncoding, several bool) tensor.TextEncoding {
	width := one.Hidden.Shape[2]
	if !all.Hidden.Empty() {
		one.Hidden = concatLast(all.Hidden, one.Hidden)
	}
	if one.Pooled.Empty() {
		one.Pooled = all.Pooled
	}
	if several {
		one.Widths = append(slices.Clip(all.Widths), width)
	}
	return one
}

// encodeWith runs one text encoder.
func (m *Model) encodeWith(ctx context.Context, i int, ids [][]int32, skip int) (tensor.TextEncoding, error) {
	c, t := m.Folder.Config, m.Folder.Ports.TextEncoders[i]
	for _, row := range ids {
		if len(row) != c.TextLength {
			return tensor.TextEncoding{}, fmt.Errorf("encode text: a row of %d ids, want %d", len(row), c.TextLength)
		}
	}
	outputs := t.Outputs()
	out := make([]tensor.Tensor, len(outputs))
	for k, v := range outputs {
		if out[k] = tensor.New(len(ids), c.TextLength, t.Width); v.Name == t.Pooled.Name {
			out[k] = tensor.New(len(ids), c.PooledWidth)
		}
	}
	err := m.text[i].use(func(s *session) error {
		return s.inBatches(len(ids), func(from, to int) error {
			in, err := feedIDs(t.IDs, ids[from:to])
			rows := make([]tensor.Tensor, len(out))
			for k := range out {
				rows[k] = out[k].Rows(from, to)
			}
			return s.call(ctx, outputs, rows, err, in)
		})
	})
	if err != nil {
		return tensor.TextEncoding{}, fmt.Errorf("encode text: %w", err)
	}
	text := tensor.TextEncoding{Hidden: out[skip]}
	if t.Pooled.Name != "" {
		text.Pooled = out[len(out)-1]
	}
	return text, nil
}

// concatLast joins [b, n, v] and [b, n, w] to [b, n, v+w].
func concatLast(a, b tensor.Tensor) tensor.Tensor {
	v, w := a.Shape[2], b.Shape[2]
	out := tensor.New(a.Shape[0], a.Shape[1], v+w)
	for i := range a.Shape[0] * a.Shape[1] {
		copy(out.Data[i*(v+w):], a.Data[i*v:(i+1)*v])
		copy(out.Data[i*(v+w)+v:], b.Data[i*w:(i+1)*w])
	}
	return out
}
