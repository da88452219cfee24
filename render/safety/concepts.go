package safety

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
	"darkroom/render/vision"
)

// Names of Stable Diffusion's checker in ONNX, as diffusers exports it.
const (
	pixelsInput   = "clip_input"
	flaggedOutput = "has_nsfw_concepts"
)

// conceptKind is Stable Diffusion's checker, for messages.
const conceptKind = "Stable Diffusion's safety checker"

func isConceptChecker(h graph.Header) bool {
	_, reads := h.Input(pixelsInput)
	_, tells := h.Output(flaggedOutput)
	return reads && tells
}

// openConcepts opens Stable Diffusion's checker in ONNX. Its graph is edited to give the numbers behind its decision.
func openConcepts(dir, path string, h graph.Header) (*Model, error) {
	in, _ := h.Input(pixelsInput)
	if !isFloat(in) || len(in.Dims) != 4 || in.Dims[1] != 0 && in.Dims[1] != 3 ||
		in.Dims[2] != in.Dims[3] {
		return nil, fmt.Errorf("%s: %v: want pixels [n,3,side,side]", path, in)
	}
	s, err := graph.ReadSkeleton(path)
	if err != nil {
		return nil, err
	}
	_, count, err := graph.ExposeConcepts(s.Model, pixelsInput, flaggedOutput)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	size, err := sizeOf(path, h)
	if err != nil {
		return nil, err
	}
	about, err := readConceptConfig(dir)
	if err != nil {
		return nil, err
	}
	p, err := readPreprocessor(dir, cmp.Or(in.Dims[2], about.side()))
	if err != nil {
		return nil, err
	}
	outputs := []graph.Value{
		{Name: graph.LikenessOutput, Type: graph.Float, Dims: []int{0, count}},
		{Name: graph.MarginOutput, Type: graph.Float, Dims: []int{0, count}},
	}
	names := about.Concepts
	return &Model{
		Path: path, Kind: conceptKind, Bytes: size,
		Network: folder.Network{
			Path: path, Inputs: []graph.Value{in}, Outputs: outputs, Edits: []folder.Edit{exposeConcepts},
		},
		prepare: p.Pixels,
		judge:   func(outputs []tensor.Tensor) ([]Verdict, error) { return judgeConcepts(names, outputs) },
	}, nil
}

func exposeConcepts(model []byte) ([]byte, error) {
	edited, _, err := graph.ExposeConcepts(model, pixelsInput, flaggedOutput)
	return edited, err
}

// conceptConfig is config.json of a checker.
type conceptConfig struct {
	Concepts []string    `json:"concepts"` // their names; the demo model's has them
	Side     int         `json:"image_size"`
	Vision   towerConfig `json:"vision_config"`
}

// towerConfig is the part of the image encoder.
type towerConfig struct {
	Side       int      `json:"image_size"`
	Heads      int      `json:"num_attention_heads"`
	Activation string   `json:"hidden_act"`
	Epsilon    *float64 `json:"layer_norm_eps"`
}

// defaultSide is the side of the images of CLIP's towers.
const defaultSide = 224

func (c conceptConfig) side() int {
	for _, side := range []int{c.Vision.Side, c.Side} {
		if side > 0 {
			return side
		}
	}
	return defaultSide
}

func readConceptConfig(dir string) (c conceptConfig, err error) {
	err = readJSON(filepath.Join(dir, "config.json"), &c)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return c, err
}

// readPreprocessor reads the settings of the preprocessor, in the folder of the checker or as diffusers has it beside
// that, or takes CLIP's where there are none.
func readPreprocessor(dir string, side int) (vision.Preprocessor, error) {
	for _, place := range []string{dir, filepath.Join(filepath.Dir(dir), "feature_extractor")} {
		p, err := vision.Read(filepath.Join(place, vision.ConfigFile), side)
		if !errors.Is(err, os.ErrNotExist) {
			return p, err
		}
	}
	return vision.CLIP(side), nil
}

// judgeConcepts reads the cosines and margins [n, concepts]. As in the exported network, any margin above 0 flags.
func judgeConcepts(names []string, outputs []tensor.Tensor) ([]Verdict, error) {
	if len(outputs) != 2 || !tensor.SameShape(outputs[0], outputs[1]) {
		return nil, errors.New("cosines and margins of different shapes")
	}
	likeness, err := rowsOf(outputs[0])
	if err != nil {
		return nil, err
	}
	all := make([]Verdict, len(likeness))
	for i, row := range likeness {
		margins := outputs[1].Row(i).Data
		for j, cosine := range row {
			all[i].Scores = append(all[i].Scores, Score{conceptName(names, j, len(row)), cosine, cosine - margins[j]})
			all[i].Flagged = all[i].Flagged || margins[j] > 0
		}
	}
	return all, nil
}

// conceptName is the name of a concept; Stable Diffusion's own checker keeps its concepts secret, so they are numbered.
func conceptName(names []string, i, count int) string {
	if len(names) == count && names[i] != "" {
		return names[i]
	}
	return fmt.Sprintf("concept %d", i+1)
}
