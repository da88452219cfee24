package safety

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"darkroom/render/checkpoint"
	"darkroom/render/checkpoint/network"
	"darkroom/render/tensor"
)

// openWeights opens Stable Diffusion's checker in safetensors. The network gives vectors; what follows is computed here.
func openWeights(dir string, files []string) (*Model, error) {
	about, err := readConceptConfig(dir)
	if err != nil {
		return nil, err
	}
	shape, err := about.Vision.shape()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "config.json"), err)
	}
	c, err := checkpoint.OpenSafetyChecker(files, shape)
	if err != nil {
		return nil, err
	}
	p, err := readPreprocessor(dir, c.Side)
	if err != nil {
		return nil, err
	}
	names := about.Concepts
	return &Model{
		Path: files[0], Kind: conceptKind, Bytes: c.Bytes, Network: c.Image, prepare: p.Pixels,
		judge: func(outputs []tensor.Tensor) ([]Verdict, error) { return judgeVectors(c, names, outputs) },
	}, nil
}

// shape is what the weights of the tower do not say. What the settings leave out is as transformers has it
// (configuration_clip.py).
func (v towerConfig) shape() (network.VisionShape, error) {
	const usualHeads, quick, plain = 12, "quick_gelu", "gelu"
	act := cmp.Or(v.Activation, quick)
	switch {
	case act != quick && act != plain:
		return network.VisionShape{}, fmt.Errorf("hidden_act %q, want %s or %s", act, quick, plain)
	case v.Epsilon != nil && *v.Epsilon != 1e-5:
		return network.VisionShape{}, fmt.Errorf("layer_norm_eps %v, want 1e-05", *v.Epsilon)
	case v.Heads < 0:
		return network.VisionShape{}, fmt.Errorf("num_attention_heads %d, want 1 or more", v.Heads)
	}
	return network.VisionShape{Heads: cmp.Or(v.Heads, usualHeads), QuickGELU: act == quick}, nil
}

// specialCare is by how much thresholds are lower for an image that is near to a concept of special care.
const specialCare = 0.01

// judgeVectors compares the vectors of images with those of concepts, as StableDiffusionSafetyChecker.forward of
// diffusers does: what lies above a threshold is rounded to three digits before it counts.
func judgeVectors(c checkpoint.SafetyChecker, names []string, outputs []tensor.Tensor) ([]Verdict, error) {
	if len(outputs) != 1 {
		return nil, errors.New("want one output")
	}
	rows, err := rowsOf(outputs[0])
	if err != nil {
		return nil, err
	}
	all := make([]Verdict, len(rows))
	for i, seen := range rows {
		lower := float32(0)
		for j, cosine := range cosines(seen, c.SpecialCare.Vectors) {
			if above(cosine, c.SpecialCare.Thresholds[j]) {
				lower = specialCare
			}
		}
		for j, cosine := range cosines(seen, c.Concepts.Vectors) {
			threshold := c.Concepts.Thresholds[j] - lower
			name := conceptName(names, j, len(c.Concepts.Thresholds))
			all[i].Scores = append(all[i].Scores, Score{name, cosine, threshold})
			all[i].Flagged = all[i].Flagged || above(cosine, threshold)
		}
	}
	return all, nil
}

// above says that a cosine is above a threshold by more than is rounded away.
func above(cosine, threshold float32) bool {
	return math.RoundToEven(float64(cosine-threshold)*1000) > 0
}

// cosines are those of a vector and each row of a table.
func cosines(v []float32, table tensor.Tensor) []float32 {
	out := make([]float32, table.Batch())
	for i := range out {
		row := table.Row(i).Data
		var dot, own, other float64
		for j, x := range v {
			y := float64(row[j])
			dot, own, other = dot+float64(x)*y, own+float64(x)*float64(x), other+y*y
		}
		out[i] = float32(dot / max(math.Sqrt(own)*math.Sqrt(other), math.SmallestNonzeroFloat32))
	}
	return out
}
