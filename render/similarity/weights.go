package similarity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/checkpoint"
	"darkroom/render/vision"
)

// describe says what weights do not, by the width of the image encoder.
type describe func(visionWidth int) (image, text tower, err error)

// openSafetensors opens a folder with the files of a whole CLIP: transformers' model.safetensors or its shards, else
// the one file that there is, as open_clip has it.
func (m *Model) openSafetensors(dir string) (found bool, err error) {
	all := checkpoint.WeightFiles(dir)
	files := slices.DeleteFunc(slices.Clone(all), func(path string) bool {
		return !strings.HasPrefix(filepath.Base(path), "model")
	})
	switch {
	case len(files) > 0:
		return true, m.openWhole(files)
	case len(all) == 1:
		return true, m.openWhole(all)
	case len(all) > 1:
		return true, fmt.Errorf("%s: %d files of weights; name the one that is a CLIP", dir, len(all))
	}
	return false, nil
}

// openWhole opens files that hold both encoders. A config beside them says what they are; else that is guessed.
func (m *Model) openWhole(files []string) error {
	dir := filepath.Dir(files[0])
	say, preprocess, err := m.configOf(dir)
	if err != nil {
		return err
	}
	if err := m.openWeights(checkpoint.CLIPFiles{Image: files, Text: files}, say, dir); err != nil {
		return err
	}
	m.Preprocessor, err = readPreprocessor(m.side(), preprocess, dir)
	return err
}

// configOf finds what describes the CLIP in a folder: the config of transformers, that of open_clip, or a guess. The
// preprocessor is what counts where the folder has no file of its own for it.
func (m *Model) configOf(dir string) (describe, func(side int) (vision.Preprocessor, error), error) {
	usual := func(side int) (vision.Preprocessor, error) { return vision.CLIP(side), nil }
	path := filepath.Join(dir, configFile)
	c, err := readTransformersConfig(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errNoCLIP) {
		return nil, nil, err
	}
	if err == nil {
		return func(int) (image, text tower, err error) { return towersOf(*c.Vision, path, *c.Text, path) }, usual, nil
	}
	path = filepath.Join(dir, openClipConfigFile)
	o, err := readOpenClipConfig(path)
	switch {
	case err == nil:
		return o.towers, o.preprocessor, nil
	case !errors.Is(err, os.ErrNotExist):
		return nil, nil, err
	}
	return func(width int) (image, text tower, err error) {
		image, text, note := guessed(width)
		m.Notes = append(m.Notes, note)
		return image, text, nil
	}, usual, nil
}

// openParts opens a folder of diffusers: image_encoder, and the first text encoder that goes with it.
func (m *Model) openParts(dir string) (found bool, err error) {
	image := checkpoint.WeightFiles(filepath.Join(dir, imagePart))
	if len(image) == 0 {
		return false, nil
	}
	err = fmt.Errorf("%s: an %s without a text_encoder; want both of one CLIP", dir, imagePart)
	for i, part := range textParts() {
		text := checkpoint.WeightFiles(filepath.Join(dir, part))
		if len(text) == 0 {
			continue
		}
		try := *m
		fault := try.openPair(dir, part, image, text)
		if fault == nil {
			*m = try
			return true, nil
		}
		if i == 0 || len(textParts()) == 1 {
			err = fault
		}
	}
	return true, err
}

// textParts are where a text encoder may lie in a folder of diffusers.
func textParts() []string { return []string{"text_encoder", "text_encoder_2"} }

const (
	configFile = "config.json"
	imagePart  = "image_encoder"
)

// openPair opens two encoders that lie in folders of their own.
func (m *Model) openPair(dir, part string, image, text []string) error {
	var of, words towerConfig
	imageConfig, textConfig := filepath.Join(dir, imagePart, configFile), filepath.Join(dir, part, configFile)
	if err := errors.Join(readJSON(imageConfig, &of), readJSON(textConfig, &words)); err != nil {
		return err
	}
	say := func(int) (image, text tower, err error) { return towersOf(of, imageConfig, words, textConfig) }
	files := checkpoint.CLIPFiles{Image: image, Text: text}
	err := m.openWeights(files, say, tokenizerFolders(dir, part)...)
	if err != nil {
		return err
	}
	m.Preprocessor, err = readPreprocessor(m.side(), usualPreprocessor, preprocessorFolders(dir)...)
	return err
}

// tokenizerFolders are where the tokenizer of a text encoder may lie in a folder of diffusers.
func tokenizerFolders(dir, part string) []string {
	own := strings.Replace(part, "text_encoder", "tokenizer", 1)
	return []string{filepath.Join(dir, own), filepath.Join(dir, part), dir}
}

// preprocessorFolders are where the settings of the preprocessor may lie there.
func preprocessorFolders(dir string) []string {
	return []string{
		filepath.Join(dir, imagePart), filepath.Join(dir, "feature_extractor"), filepath.Join(dir, "image_processor"), dir,
	}
}

// openWeights opens weights, and the tokenizer of the first folder that has one.
func (m *Model) openWeights(files checkpoint.CLIPFiles, say describe, tokenizers ...string) error {
	var image, text tower
	c, err := checkpoint.OpenCLIP(files, func(width int) (s checkpoint.CLIPShape, err error) {
		image, text, err = say(width)
		return shape(image, text), err
	})
	if err != nil {
		return err
	}
	m.Image, m.Text, m.Width, m.Scale, m.vocabulary, m.Wide = c.Image, c.Text, c.Width, c.Scale, c.Vocabulary, c.Wide
	m.settings.Image, m.settings.Text = image, text
	m.addFiles("image", files.Image)
	if !slices.Equal(files.Image, files.Text) {
		m.addFiles("text", files.Text)
	}
	if err := m.openTokenizer(tokenizers...); err != nil {
		return err
	}
	return m.setLength(m.Text)
}

// side is how many pixels the image encoder reads on each side; 0 for any number.
func (m *Model) side() int { return m.Image.Inputs[0].Dims[2] }

func usualPreprocessor(side int) (vision.Preprocessor, error) { return vision.CLIP(side), nil }

// readPreprocessor reads the settings of the first folder that has some.
func readPreprocessor(
	side int, otherwise func(side int) (vision.Preprocessor, error), folders ...string,
) (vision.Preprocessor, error) {
	for _, dir := range folders {
		p, err := vision.Read(filepath.Join(dir, vision.ConfigFile), side)
		if !errors.Is(err, os.ErrNotExist) {
			return p, err
		}
	}
	return otherwise(side)
}
