//go:build cgo

package main

import (
	"darkroom/config"
	"darkroom/render/easel"
	"darkroom/render/onnx"
)

// readerOf finds the model whose tokenizer reads a prompt: the demo model when none is asked for.
func readerOf(asked, models string) (reader, error) {
	f, err := openFolder(config.Runtime{Models: models}, asked)
	if err != nil {
		return reader{}, err
	}
	return reads(f), nil
}

// reads says what a folder makes of words.
func reads(f *onnx.Folder) reader {
	return reader{name: f.Name, dialect: easel.Dialect(f), dir: f.Dir, known: f.Card.Vocabulary(), examples: f.Card.Examples, room: f.Config.Chunks}
}
