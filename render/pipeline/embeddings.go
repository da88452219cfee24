package pipeline

import (
	"maps"
	"slices"

	"darkroom/render"
	"darkroom/render/addon"
	"darkroom/render/addon/embedding"
	"darkroom/render/clip"
	"darkroom/render/onnx"
	"darkroom/render/phrase"
	"darkroom/render/picture"
)

// tokenTable is the weight that holds a row for each token of a text encoder.
const tokenTable = "text_model.embeddings.token_embedding.weight"

// applyEmbeddings puts textual inversions behind the vocabularies: those of a Spec, and those that its LoRAs carry. It
// returns the tokenizers that find their names.
func (e *extender) applyEmbeddings(
	spec picture.Spec, loras []addon.Use, into *onnx.Addons,
) (words []*clip.Tokenizer, err error) {
	words = e.parts.Tokenizers
	all, err := e.embeddings(spec, loras)
	if len(all) == 0 || err != nil {
		return words, err
	}
	encoders := e.model.Folder.Config.Family.TextParts()
	vocabularies, widths, err := e.tokenTables()
	if err != nil {
		return nil, err
	}
	placed, err := embedding.Place(all, vocabularies, widths)
	if err != nil {
		return nil, &render.Refusal{Sentence: err.Error(), Err: err}
	}
	words = slices.Clone(words)
	for i, part := range encoders {
		if i == len(into.Text) {
			into.Text = append(into.Text, changesOf(nil))
		}
		into.Text[i].ExtraRows = placed.Rows[part]
		if i < len(words) {
			words[i] = words[i].WithWords(placed.Words[part]...)
		}
	}
	return words, nil
}

// tokenTables are how many tokens the text encoders know, and how wide each is, by part.
func (e *extender) tokenTables() (vocabularies, widths map[string]int, err error) {
	base, err := e.base()
	if err != nil {
		return nil, nil, err
	}
	vocabularies, widths = map[string]int{}, map[string]int{}
	for _, part := range e.model.Folder.Config.Family.TextParts() {
		table := base.Parts[part][tokenTable].Shape
		if len(table) != 2 {
			return nil, nil, &render.Refusal{Sentence: reasonNoEmbeddings}
		}
		vocabularies[part], widths[part] = int(table[0]), int(table[1])
	}
	return vocabularies, widths, nil
}

// embeddings reads the textual inversions of a Spec, and after them those that its LoRAs carry. Of one name the first
// counts.
func (e *extender) embeddings(spec picture.Spec, loras []addon.Use) (all []embedding.Named, err error) {
	err = e.each(spec, picture.Embedding, func(a picture.Addon, path string) error {
		read, err := embedding.Open(path)
		if err != nil {
			return &render.Refusal{Sentence: phrase.Of("the embedding “%s” cannot be read", a.Name).String(), Err: err}
		}
		all = append(all, embedding.Named{Name: a.Name, Embedding: read})
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, use := range loras {
		carried, err := e.carried(use.LoRA)
		if err != nil {
			return nil, err
		}
		all = append(all, carried...)
	}
	taken := map[string]bool{}
	return slices.DeleteFunc(all, func(n embedding.Named) bool {
		again := taken[n.Name]
		taken[n.Name] = true
		return again
	}), nil
}

// carried reads the textual inversions that a LoRA carries. Those of other widths are left out: nobody asked for
// them.
func (e *extender) carried(lora *addon.LoRA) (all []embedding.Named, err error) {
	found, err := lora.Embeddings()
	if len(found) == 0 || err != nil {
		return nil, err
	}
	_, widths, err := e.tokenTables()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if found[name].Fits(widths) == nil {
			all = append(all, embedding.Named{Name: name, Embedding: found[name]})
		}
	}
	return all, nil
}

// reasonNoEmbeddings refuses embeddings of a model that takes none.
const reasonNoEmbeddings = "this model's text encoder takes no embeddings"
