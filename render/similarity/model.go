package similarity

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"darkroom/render/clip"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/vision"
)

// Model is a CLIP that was checked. Nothing of it is loaded.
type Model struct {
	Name         string // of its folder or file
	Path         string // absolute
	Hash         string // of all that decides a vector; empty until HashFiles
	Bytes        int64  // of its weights
	Wide         bool   // they are known to be float32, so that they take no more memory when they are computed with
	Width        int    // numbers of a vector
	Scale        float64
	Image, Text  folder.Network // pixel_values → image_embeds; input_ids → text_embeds
	Preprocessor vision.Preprocessor
	Notes        []string // what is guessed

	tokenizer  *clip.Tokenizer
	length     int // tokens of a text
	vocabulary int // tokens that the text encoder knows; 0 where that is not known
	files      []hashedFile
	settings   settings
}

// usualScale is that of OpenAI's CLIPs, where the files do not say.
const usualScale = 100

// hashedFile is a file that decides vectors, and its name in the hash.
type hashedFile struct{ role, path string }

// settings are what decides vectors besides files of weights and words. Their JSON stands in the hash.
type settings struct {
	Image        tower               `json:"image"`
	Text         tower               `json:"text"`
	Preprocessor vision.Preprocessor `json:"preprocessor"`
	Tokenizer    string              `json:"tokenizer,omitempty"` // of a CLIP that brings none
}

// tower is what an encoder's weights do not say; empty for one in an ONNX file, which says all.
type tower struct {
	Heads      int    `json:"heads,omitempty"`
	Activation string `json:"activation,omitempty"`
}

// Open checks a CLIP: a folder of ONNX files, a folder of transformers or diffusers with safetensors, or one file of
// safetensors. The error is one line that names the file and what was expected.
func Open(path string) (*Model, error) {
	m, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("CLIP: %w", err)
	}
	return m, nil
}

func open(path string) (*Model, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	m := &Model{Name: filepath.Base(path), Path: path}
	switch {
	case !info.IsDir():
		err = m.openWhole([]string{path})
	default:
		err = m.openFolder(path)
	}
	if err != nil && !strings.Contains(err.Error(), filepath.Dir(path)) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err != nil {
		return nil, err
	}
	m.Scale = cmp.Or(m.Scale, usualScale)
	if err := m.checkTokenizer(); err != nil {
		return nil, err
	}
	for _, f := range m.files {
		info, err := os.Stat(f.path)
		if err != nil {
			return nil, err
		}
		m.Bytes += info.Size()
	}
	m.settings.Preprocessor = m.Preprocessor
	if err := m.Preprocessor.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", m.Image.Path, err)
	}
	return m, nil
}

// openFolder opens the first layout that a folder has.
func (m *Model) openFolder(dir string) error {
	for _, layout := range []func(dir string) (found bool, err error){
		m.openONNX, m.openParts, m.openSafetensors,
	} {
		if found, err := layout(dir); found || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: no CLIP in it: want image_encoder and text_encoder, vision_model.onnx and text_model.onnx, "+
		"or model.safetensors", dir)
}

// HashFiles computes the hash: the SHA-256 of lines with the SHA-256 of each file that decides a vector, and of the
// settings that do. The names and places of files do not change it. Large files are read once, thanks to the cache,
// which is not saved.
func (m *Model) HashFiles(cache *filehash.Cache, progress filehash.Progress) error {
	sum := sha256.New()
	fmt.Fprintln(sum, "darkroom clip 1")
	var lines []string
	for _, f := range m.files {
		r, err := cache.Sum(f.path, progress)
		if err != nil {
			return fmt.Errorf("CLIP: %w", err)
		}
		lines = append(lines, fmt.Sprintf("%s  %s\n", r.SHA256, f.role))
	}
	slices.Sort(lines)
	for _, line := range lines {
		fmt.Fprint(sum, line)
	}
	data, err := json.Marshal(m.settings)
	if err != nil {
		return err
	}
	sum.Write(data)
	m.Hash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// addFiles notes files of weights in their order.
func (m *Model) addFiles(role string, paths []string) {
	for i, path := range paths {
		m.files = append(m.files, hashedFile{fmt.Sprintf("%s %d", role, i), path})
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}
