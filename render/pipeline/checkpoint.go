package pipeline

import (
	"errors"
	"os"

	"darkroom/render/checkpoint"
	"darkroom/render/clip"
	"darkroom/render/folder"
)

// openModelFiles opens a checkpoint, a folder of safetensors, or a folder of ONNX files.
func openModelFiles(path string, options ...folder.Option) (*folder.Model, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return checkpoint.Open(path, options...)
	case checkpoint.IsFolder(path):
		return checkpoint.OpenFolder(path, options...)
	}
	return folder.Open(path, options...)
}

// builtInTokenizers are those of a checkpoint, which brings none.
func builtInTokenizers(f *folder.Model) ([]*clip.Tokenizer, error) {
	var all []*clip.Tokenizer
	for _, e := range f.Config.Family.TextEncoders {
		t, err := clip.Standard(e.OpenCLIP)
		if err != nil {
			return nil, err
		}
		if t.Length != f.Config.TextLength {
			return nil, errors.New("the text encoder reads chunks of another length than CLIP's")
		}
		all = append(all, t)
	}
	return all, nil
}
