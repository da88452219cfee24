//go:build cgo

package main

import (
	"darkroom/render/folder"
	"darkroom/render/pipeline"
)

// openPromptReader finds the model whose tokenizer reads a prompt: the demo model when none is asked for.
func openPromptReader(asked, models string) (promptReader, error) {
	f, err := pipeline.Directory(models).OpenUnhashed(asked)
	if err != nil {
		return promptReader{}, err
	}
	return promptReaderOf(f), nil
}

// promptReaderOf is how a folder's model reads words.
func promptReaderOf(f *folder.Model) promptReader {
	return promptReader{
		name: f.Name, dialect: pipeline.Dialect(f), dir: f.Dir,
		vocabulary: f.Card.Vocabulary(), examples: f.Card.Examples, maxChunks: f.Config.MaxChunks,
	}
}
