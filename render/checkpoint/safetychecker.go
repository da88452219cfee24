package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/tensor"
	"darkroom/render/weightname"
)

// SafetyChecker is Stable Diffusion's safety checker, whose weights lie in safetensors: the image encoder of a CLIP, and
// the vectors of concepts.
type SafetyChecker struct {
	Image       folder.Network // pixel_values → image_embeds
	Side        int            // of the images that it reads, in pixels
	Bytes       int64          // of its files
	Concepts    Concepts       // that flag an image
	SpecialCare Concepts       // that lower the thresholds of the others
}

// Concepts are vectors, and from which cosine on an image shows each.
type Concepts struct {
	Vectors    tensor.Tensor // [n, width]
	Thresholds []float32     // [n]
}

// Names of the vectors and thresholds in a file (StableDiffusionSafetyChecker of diffusers).
const (
	conceptVectors     = "concept_embeds"
	specialCareVectors = "special_care_embeds"
	thresholds         = "_weights"
)

// OpenSafetyChecker checks files in diffusers' names: that they hold an image encoder, whole, and the concepts. The
// weights of the encoder are not loaded.
func OpenSafetyChecker(files []string, shape network.VisionShape) (SafetyChecker, error) {
	var c contents
	for _, path := range files {
		if err := c.readCLIPFile(path, checkerNames); err != nil {
			return SafetyChecker{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	weights := c.parts[weightname.ImageEncoder]
	if !weights.Has("visual_projection.weight") {
		return SafetyChecker{}, fmt.Errorf("%s: no image encoder with a visual_projection in it", files[0])
	}
	parts := folder.Parts{}
	c.add(parts, "image", weightname.ImageEncoder, func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
		return network.Vision(w, shape, o)
	})
	s := SafetyChecker{Side: weights.VisionSide()}
	var err error
	if s.Image, err = writtenNetwork(parts["image"], files, network.ImageEmbeds); err != nil {
		return s, fmt.Errorf("%s: %w", files[0], err)
	}
	width := s.Image.Outputs[0].Dims[1]
	if s.Concepts, err = c.concepts(conceptVectors, width); err == nil {
		s.SpecialCare, err = c.concepts(specialCareVectors, width)
	}
	if err != nil {
		return s, fmt.Errorf("%s: %w", files[0], err)
	}
	for _, f := range c.files {
		s.Bytes += f.Size
	}
	return s, nil
}

// checkerNames translates the keys of a checker. Those of its image encoder begin with vision_model, once or twice by
// the year of transformers; those of the concepts are no weights of it.
func checkerNames(keys []string) weightname.File {
	const prefix = "vision_model."
	own := map[string]string{} // keys, by the names of a CLIPVisionModelWithProjection
	var names []string
	for _, key := range keys {
		name := key
		if strings.HasPrefix(key, prefix+prefix) {
			name = strings.TrimPrefix(key, prefix)
		}
		if plain := strings.TrimSuffix(key, thresholds); plain != conceptVectors && plain != specialCareVectors {
			own[name], names = key, append(names, name)
		}
	}
	f := weightname.ReadPart(weightname.ImageEncoder, names)
	for _, places := range f.Parts {
		for name, place := range places {
			place.Key = own[place.Key]
			places[name] = place
		}
	}
	for i, name := range f.Unknown {
		f.Unknown[i] = own[name]
	}
	return f
}

// concepts reads vectors of a width and their thresholds.
func (c *contents) concepts(name string, width int) (Concepts, error) {
	vectors, err := c.numbers(name, 2)
	if err != nil {
		return Concepts{}, err
	}
	limits, err := c.numbers(name+thresholds, 1)
	if err != nil {
		return Concepts{}, err
	}
	if vectors.Shape[1] != width || vectors.Shape[0] != limits.Shape[0] {
		return Concepts{}, fmt.Errorf("%s of %v with %d thresholds, want vectors of %d numbers", name, vectors.Shape,
			limits.Shape[0], width)
	}
	return Concepts{Vectors: vectors, Thresholds: limits.Data}, nil
}

// maxNumbers bounds what is read at once: Stable Diffusion's checker has 17 concepts of 768 numbers.
const maxNumbers = 1 << 24

// numbers reads a tensor of so many dimensions.
func (c *contents) numbers(key string, dimensions int) (tensor.Tensor, error) {
	for _, file := range c.files {
		t, ok := file.Tensors[key]
		if !ok {
			continue
		}
		if len(t.Shape) != dimensions || t.Count() < 1 || t.Count() > maxNumbers {
			return tensor.Tensor{}, fmt.Errorf("%s has the shape %v", key, t.Shape)
		}
		data, err := readTensor(file, t)
		if err != nil {
			return tensor.Tensor{}, fmt.Errorf("%s: %w", key, err)
		}
		var shape []int
		for _, d := range t.Shape {
			shape = append(shape, int(d))
		}
		out := tensor.Tensor{Shape: shape, Data: slices.Clone(data)}
		if !out.Finite() {
			return tensor.Tensor{}, fmt.Errorf("%s holds a value that is not a number", key)
		}
		return out, nil
	}
	return tensor.Tensor{}, fmt.Errorf("no %s in it", key)
}
