package safety

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/checkpoint"
	"darkroom/render/filehash"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
)

// Part is the folder of a safety checker in a model folder.
const Part = "safety_checker"

// Model is a safety checker that was checked. Nothing of it is loaded.
type Model struct {
	Path    string         // of its file
	Kind    string         // for messages: what it is
	Bytes   int64          // of its weights
	Network folder.Network // reads pixels; judge reads its outputs

	prepare func(img image.Image) (tensor.Tensor, error)
	judge   func(outputs []tensor.Tensor) ([]Verdict, error)
}

// Network runs the network of a checker on the pixels of some images, and returns its outputs in their order.
type Network interface {
	Run(ctx context.Context, pixels tensor.Tensor) ([]tensor.Tensor, error)
}

// Checker is a loaded safety checker.
type Checker struct {
	Model   *Model
	Network Network
}

// lightBytes is how large the weights of a light checker are at most: it looks at an image within milliseconds.
const lightBytes = 64 << 20

// Light says that the checker costs little beside the rendering of an image, even on a CPU: one of a few million
// weights, and not CLIP's large tower with its 300 million.
func (m *Model) Light() bool { return m.Bytes <= lightBytes }

// Open checks a safety checker: the .onnx file of one, its folder, or a model folder that has one. The error is one
// line that names the file and what was expected. Nothing is loaded.
func Open(path string) (*Model, error) {
	m, err := open(path)
	if err != nil {
		return nil, fmt.Errorf("safety checker: %w", err)
	}
	return m, nil
}

func open(path string) (*Model, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if extension := strings.ToLower(filepath.Ext(path)); extension != ".onnx" {
		return nil, fmt.Errorf("%s: want a folder or an .onnx file", path)
	}
	h, err := graph.Read(path)
	if err != nil {
		return nil, err
	}
	if isConceptChecker(h) {
		return openConcepts(filepath.Dir(path), path, h)
	}
	return openNSFW(path, h)
}

// openFolder opens the folder of a checker, or the one in a model folder.
func openFolder(dir string) (*Model, error) {
	if inside := filepath.Join(dir, Part); exists(inside) {
		dir = inside
	}
	path := filepath.Join(dir, "model.onnx")
	switch {
	case exists(path):
		return open(path)
	case len(checkpoint.WeightFiles(dir)) > 0:
		return openWeights(dir, checkpoint.WeightFiles(dir))
	}
	return nil, fmt.Errorf("%s: want model.onnx or model.safetensors in it", dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// sizeOf is how many bytes a network's files have.
func sizeOf(path string, h graph.Header) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	total := info.Size()
	for name := range h.External {
		file, err := os.Stat(filepath.Join(filepath.Dir(path), name))
		if err != nil {
			return 0, err
		}
		total += file.Size()
	}
	return total, nil
}

// Check scores images, all of them in one run of the network where it takes several.
func (c *Checker) Check(ctx context.Context, images []image.Image) ([]Verdict, error) {
	if len(images) == 0 {
		return nil, nil
	}
	prepared := make([]tensor.Tensor, len(images))
	var err error
	for i, img := range images {
		if prepared[i], err = c.Model.prepare(img); err != nil {
			return nil, fmt.Errorf("safety checker: %w", err)
		}
	}
	pixels, err := tensor.Concat(prepared...)
	if err != nil {
		return nil, err
	}
	outputs, err := c.Network.Run(ctx, pixels)
	if err != nil {
		return nil, fmt.Errorf("safety checker: %w", err)
	}
	verdicts, err := c.Model.judge(outputs)
	if err != nil {
		return nil, fmt.Errorf("safety checker %s: %w", c.Model.Path, err)
	}
	if len(verdicts) != len(images) {
		return nil, fmt.Errorf("safety checker %s: %d verdicts on %d images", c.Model.Path, len(verdicts), len(images))
	}
	return verdicts, nil
}

// rowsOf checks that a tensor is a table of finite numbers, and returns its rows.
func rowsOf(t tensor.Tensor) ([][]float32, error) {
	if err := t.Check(); err != nil || len(t.Shape) != 2 {
		return nil, fmt.Errorf("an output of shape %v, want [n, concepts]", t.Shape)
	}
	if !t.Finite() {
		return nil, errors.New("an output that is not finite")
	}
	rows := make([][]float32, t.Batch())
	for i := range rows {
		rows[i] = t.Row(i).Data
	}
	return rows, nil
}

// readJSON reads a small file of settings; os.ErrNotExist where it is missing.
func readJSON(path string, into any) error {
	data, err := filehash.ReadSmall(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
