package similarity

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
)

// onnxPair is where two networks may lie, seen from the folder of a CLIP.
type onnxPair struct{ image, text, part string }

// onnxPairs are the layouts: the demo model's, which is that of diffusers and Optimum, and transformers.js's. part is
// the text encoder's folder of diffusers.
func onnxPairs() (all []onnxPair) {
	for _, part := range textParts() {
		all = append(all, onnxPair{imagePart + "/model.onnx", part + "/model.onnx", part})
	}
	for _, dir := range []string{"onnx/", ""} {
		all = append(all, onnxPair{dir + "vision_model.onnx", dir + "text_model.onnx", textParts()[0]})
	}
	return all
}

// openONNX opens a folder with both encoders as ONNX files.
func (m *Model) openONNX(dir string) (found bool, err error) {
	for _, pair := range onnxPairs() {
		image, text := filepath.Join(dir, pair.image), filepath.Join(dir, pair.text)
		if !exists(image) || !exists(text) {
			continue
		}
		try := *m
		if err = try.openNetworks(dir, pair.part, image, text); err == nil {
			*m = try
			return true, nil
		}
		if found = true; !errors.Is(err, errNoProjection) {
			break
		}
	}
	if !found {
		return false, refuseTogether(dir)
	}
	return true, err
}

// refuseTogether refuses an export with both encoders in one network, which would run both for one vector.
func refuseTogether(dir string) error {
	for _, name := range []string{"model.onnx", "onnx/model.onnx"} {
		h, err := graph.Read(filepath.Join(dir, name))
		if err != nil {
			continue // it is not there, or of no use
		}
		_, image := h.Output(network.ImageEmbeds)
		if _, text := h.Output(network.TextEmbeds); image && text {
			return fmt.Errorf("%s: %s is one network for images and texts together; want vision_model.onnx and "+
				"text_model.onnx, or the safetensors that it was made of", dir, name)
		}
	}
	return nil
}

// errNoProjection says that a text encoder is not one of a CLIP.
var errNoProjection = errors.New("want the output text_embeds, which can be compared with images")

func (m *Model) openNetworks(dir, part, image, text string) error {
	var own struct {
		Side  int     `json:"image_size"`
		Width int     `json:"projection_dim"`
		Scale float64 `json:"logit_scale"`
	}
	for _, path := range []string{filepath.Join(filepath.Dir(image), configFile), filepath.Join(dir, configFile)} {
		err := readJSON(path, &own)
		if err == nil {
			break
		}
		if !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var err error
	if m.Text, err = m.openNetwork("text", text, textPorts, own.Width); err != nil {
		return err
	}
	if m.Image, err = m.openNetwork("image", image, imagePorts, own.Width); err != nil {
		return err
	}
	side := m.Image.Inputs[0].Dims[2:]
	if side[0] == 0 && side[1] == 0 && own.Side > 0 {
		m.Image.Inputs[0].Dims[2], m.Image.Inputs[0].Dims[3] = own.Side, own.Side
	}
	if side[0] != side[1] || side[0] == 0 {
		return fmt.Errorf("%s: %v: want squares of a fixed size, or image_size in config.json", image, m.Image.Inputs[0])
	}
	m.Width, m.Scale = m.Image.Outputs[0].Dims[1], own.Scale
	if n := m.Text.Outputs[0].Dims[1]; n != m.Width {
		return fmt.Errorf("%s: images become %d numbers and texts %d: the encoders are not of one CLIP", dir, m.Width, n)
	}
	if err := m.openTokenizer(tokenizerFolders(dir, part)...); err != nil {
		return err
	}
	if err := m.setLength(m.Text); err != nil {
		return err
	}
	m.Preprocessor, err = readPreprocessor(m.side(), usualPreprocessor, preprocessorFolders(dir)...)
	return err
}

// ports are what a network must have.
type ports struct {
	input, output string
	types         []graph.Type
	rank          int
	missing       error
}

var (
	imagePorts = ports{"pixel_values", network.ImageEmbeds, []graph.Type{graph.Float, graph.Float16}, 4,
		errors.New("want the output image_embeds")}
	textPorts = ports{"input_ids", network.TextEmbeds, []graph.Type{graph.Int32, graph.Int64}, 2, errNoProjection}
)

// openNetwork reads a network's header and notes its files.
func (m *Model) openNetwork(role, path string, want ports, width int) (folder.Network, error) {
	h, err := graph.Read(path)
	if err != nil {
		return folder.Network{}, err
	}
	out, ok := h.Output(want.output)
	if !ok {
		return folder.Network{}, fmt.Errorf("%s: it has %v: %w", path, h.Outputs, want.missing)
	}
	in, ok := h.Input(want.input)
	if !ok || len(h.Inputs) != 1 || len(in.Dims) != want.rank || !slices.Contains(want.types, in.Type) {
		return folder.Network{}, fmt.Errorf("%s: inputs %v, want %s alone", path, h.Inputs, want.input)
	}
	if len(out.Dims) != 2 {
		return folder.Network{}, fmt.Errorf("%s: %v: want one vector for each item", path, out)
	}
	if out.Dims[1] == 0 {
		out.Dims[1] = width
	}
	if out.Dims[1] == 0 {
		return folder.Network{}, fmt.Errorf("%s: %v: want a fixed width, or projection_dim in config.json", path, out)
	}
	files := []string{path}
	for name := range h.External {
		files = append(files, filepath.Join(filepath.Dir(path), name))
	}
	slices.Sort(files[1:])
	m.addFiles(role, files)
	return folder.Network{Path: path, Inputs: []graph.Value{in}, Outputs: []graph.Value{out}}, nil
}
