package embedding

import (
	"fmt"

	"darkroom/render/clip"
	"darkroom/render/tensor"
)

// Named is an embedding by the name that prompts have for it.
type Named struct {
	Name string
	Embedding
}

// Placed are embeddings in a model: what its tokenizers must find, and the rows behind its vocabulary.
type Placed struct {
	Words map[string][]clip.Word   // by text encoder
	Rows  map[string]tensor.Tensor // [rows, width] by text encoder, in the order of the words' ids
}

// Place puts embeddings behind the vocabularies of a model's text encoders: vocabularies says how many rows each
// encoder's embedding of tokens has, and widths how wide they are. One that does not fit is an error that names it.
func Place(all []Named, vocabularies, widths map[string]int) (Placed, error) {
	p := Placed{Words: map[string][]clip.Word{}, Rows: map[string]tensor.Tensor{}}
	for _, e := range all {
		if err := e.Fits(widths); err != nil {
			return p, fmt.Errorf("“%s” %w", e.Name, err)
		}
		for part, vocabulary := range vocabularies {
			rows := p.Rows[part]
			first := vocabulary + rows.Batch()
			p.Words[part] = append(p.Words[part], clip.Word{Text: e.Name, First: int32(first), Vectors: e.Vectors()})
			own := e.Rows[part]
			data := append(append([]float32(nil), rows.Data...), own.Data...)
			stacked, err := tensor.Of(data, rows.Batch()+own.Batch(), own.Shape[1])
			if err != nil {
				return p, err
			}
			p.Rows[part] = stacked
		}
	}
	return p, nil
}
