//go:build cgo

package main

import (
	"slices"

	"darkroom/render/clip"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
)

// openPromptReader finds the model whose tokenizer reads a prompt: the demo model when none is asked for. A model of
// few words knows those of the embeddings beside it, too.
func openPromptReader(asked, models string) (promptReader, error) {
	f, err := pipeline.Directory(models).OpenUnhashed(asked)
	if err != nil {
		return promptReader{}, err
	}
	m := promptReaderOf(f)
	if len(m.vocabulary) == 0 {
		return m, nil
	}
	found, err := pipeline.Directory(models).Inventory(nil)
	if err != nil {
		return promptReader{}, err
	}
	for _, e := range found.Entries() {
		if e.Addon != nil && e.Addon.Kind == picture.Embedding {
			m.vocabulary = append(slices.Clip(m.vocabulary), e.Addon.Name)
		}
	}
	return m, nil
}

// promptReaderOf is how a folder's model reads words.
func promptReaderOf(f *folder.Model) promptReader {
	return promptReader{
		name: f.Name, dialect: pipeline.Dialect(f), dir: f.Dir,
		vocabulary: f.Card.Vocabulary(), examples: f.Card.Examples, maxChunks: f.Config.MaxChunks,
		open: func() ([]*clip.Tokenizer, error) { return pipeline.Tokenizers(f) },
	}
}
