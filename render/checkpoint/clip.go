package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"darkroom/render/checkpoint/network"
	"darkroom/render/folder"
	"darkroom/render/onnx/graph"
	"darkroom/render/safetensors"
	"darkroom/render/weightname"
)

// CLIP is a CLIP whose weights lie in safetensors: an image encoder and a text encoder, each with its projection into
// the space that they share.
type CLIP struct {
	Image, Text folder.Network // pixel_values → image_embeds; input_ids → text_embeds
	Side        int            // of the images that it reads, in pixels
	Vocabulary  int            // tokens that it knows
	Length      int            // tokens of a text
	Width       int            // numbers of a vector
	Wide        bool           // its weights are float32 in the files, not of fewer bits
	Scale       float64        // what cosines are multiplied by before a softmax; 0 where the files do not say
}

// CLIPFiles are the files of a CLIP. Both lists are the same where the files hold both encoders.
type CLIPFiles struct{ Image, Text []string }

// CLIPShape says what the weights of a CLIP do not.
type CLIPShape struct {
	Image network.VisionShape
	Text  network.TextShape
}

// OpenCLIP checks files in the names of transformers or of open_clip and OpenAI: that they hold both encoders, whole.
// No weights are loaded. shape is asked for once the weights are known, by the width of the image encoder.
func OpenCLIP(files CLIPFiles, shape func(visionWidth int) (CLIPShape, error)) (CLIP, error) {
	var c contents
	if err := c.readCLIP(files); err != nil {
		return CLIP{}, err
	}
	image, text := c.parts[weightname.ImageEncoder], c.parts[weightname.TextEncoder]
	if n := first(text[positions].Shape); n > maxTokens {
		return CLIP{}, fmt.Errorf("a text encoder of %d tokens, want at most %d", n, maxTokens)
	}
	s, err := shape(first(image[classEmbedding].Shape))
	if err != nil {
		return CLIP{}, err
	}
	s.Text.FinalNorm, s.Text.Pooled = true, true
	parts := folder.Parts{}
	c.add(parts, "image", weightname.ImageEncoder, func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
		return network.Vision(w, s.Image, o)
	})
	c.add(parts, "text", weightname.TextEncoder, func(w network.Weights, o graph.WriteOptions) (graph.Written, error) {
		return network.Text(w, s.Text, o)
	})
	out := CLIP{
		Side: image.VisionSide(), Vocabulary: first(text[tokenEmbedding].Shape), Length: first(text[positions].Shape),
		Wide: image[classEmbedding].Type == graph.Float && text[tokenEmbedding].Type == graph.Float,
	}
	if out.Image, err = writtenNetwork(parts["image"], files.Image, network.ImageEmbeds); err != nil {
		return CLIP{}, fmt.Errorf("image encoder: %w", err)
	}
	if out.Text, err = writtenNetwork(parts["text"], files.Text, network.TextEmbeds); err != nil {
		return CLIP{}, fmt.Errorf("text encoder: %w", err)
	}
	if out.Width = out.Image.Outputs[0].Dims[1]; out.Width != out.Text.Outputs[0].Dims[1] {
		return CLIP{}, fmt.Errorf("images become %d numbers and texts %d: the encoders are not of one CLIP",
			out.Width, out.Text.Outputs[0].Dims[1])
	}
	out.Scale, err = c.logitScale()
	return out, err
}

// maxTokens bounds the tokens of a text, far above the 77 of CLIP's: the encoder's mask has the square of them.
const maxTokens = 1024

const (
	classEmbedding = "vision_model.embeddings.class_embedding"
	tokenEmbedding = "text_model.embeddings.token_embedding.weight"
	positions      = "text_model.embeddings.position_embedding.weight"
)

func first(shape []int) int {
	if len(shape) == 0 {
		return 0
	}
	return shape[0]
}

// readCLIP takes the weights of both encoders.
func (c *contents) readCLIP(files CLIPFiles) error {
	whole := slices.Equal(files.Image, files.Text)
	read := func(paths []string, translate func(keys []string) weightname.File) error {
		for _, path := range paths {
			if err := c.readCLIPFile(path, translate); err != nil {
				return err
			}
		}
		return nil
	}
	part := func(name string) func([]string) weightname.File {
		return func(keys []string) weightname.File { return weightname.ReadPart(name, keys) }
	}
	if whole {
		if err := read(files.Image, weightname.ReadCLIP); err != nil {
			return err
		}
		return c.checkCLIP()
	}
	if err := read(files.Image, part(weightname.ImageEncoder)); err != nil {
		return err
	}
	if err := read(files.Text, part(weightname.TextEncoder)); err != nil {
		return err
	}
	return c.checkCLIP()
}

func (c *contents) readCLIPFile(path string, translate func(keys []string) weightname.File) error {
	if err := Refuse(path); err != nil {
		return err
	}
	file, err := openFile(path)
	if err != nil {
		return explain(path, err)
	}
	names := translate(file.Names())
	unknown := slices.DeleteFunc(slices.Clone(names.Unknown), unlearned.MatchString)
	if len(unknown) > 0 {
		const most = 3
		return fmt.Errorf("%s: %d of its tensors are of no known use (%s): want the encoders of a CLIP with transformers",
			path, len(unknown), strings.Join(unknown[:min(most, len(unknown))], ", "))
	}
	c.files = append(c.files, file)
	if err := c.take(file, names); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// unlearned matches what such files hold besides the weights of encoders.
var unlearned = regexp.MustCompile(
	`(^|\.)(` + logitScale + `|position_ids|attn_mask|input_resolution|context_length|vocab_size)$`,
)

const logitScale = "logit_scale"

// checkCLIP checks that both encoders are there, and their projections.
func (c *contents) checkCLIP() error {
	for _, x := range []struct{ part, what, projection string }{
		{weightname.ImageEncoder, "image encoder", "visual_projection.weight"},
		{weightname.TextEncoder, "text encoder", "text_projection.weight"},
	} {
		switch weights := c.parts[x.part]; {
		case len(weights) == 0:
			return fmt.Errorf("no %s in it; want a whole CLIP, both encoders", x.what)
		case !weights.Has(x.projection):
			return fmt.Errorf("the %s has no %s, so its vectors cannot be compared", x.what, x.projection)
		}
	}
	return nil
}

// writtenNetwork is a network with one output of those that it can give. Writing it shows whether all weights are
// there.
func writtenNetwork(written *folder.Written, files []string, output string) (folder.Network, error) {
	w, err := written.Write(graph.WriteOptions{})
	if err != nil {
		return folder.Network{}, err
	}
	i := slices.IndexFunc(w.Outputs, func(v graph.Value) bool { return v.Name == output })
	if i < 0 {
		return folder.Network{}, errors.New("no " + output)
	}
	return folder.Network{Path: files[0], Inputs: w.Inputs, Outputs: w.Outputs[i : i+1], Written: written}, nil
}

// maxScale is what the scale is clipped to in training (Radford et al. 2021, section 2.5).
const maxScale = 100

// logitScale reads what cosines are multiplied by: files hold its logarithm.
func (c *contents) logitScale() (float64, error) {
	for _, file := range c.files {
		t, ok := file.Tensors[logitScale]
		if !ok || t.Count() != 1 {
			continue
		}
		numbers, err := readTensor(file, t)
		if err != nil {
			return 0, fmt.Errorf("%s: %s: %w", file.Path, logitScale, err)
		}
		if scale := math.Exp(float64(numbers[0])); scale > 0 && !math.IsInf(scale, 1) {
			return min(scale, maxScale), nil
		}
	}
	return 0, nil
}

// readTensor reads a small tensor.
func readTensor(file *safetensors.File, t safetensors.Tensor) (_ []float32, err error) {
	m, err := file.Map()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return m.Floats(t)
}
