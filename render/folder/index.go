package folder

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"darkroom/render/family"
	"darkroom/render/onnx/graph"
)

// readIndex reads model_index.json and refuses the families that are not supported.
func (f *Model) readIndex() error {
	index := struct {
		Class      className `json:"_class_name"`
		ForceZeros *bool     `json:"force_zeros_for_empty_prompt"`
		Aesthetics bool      `json:"requires_aesthetics_score"`
	}{}
	path := filepath.Join(f.Dir, "model_index.json")
	if err := readJSON(path, &index); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return f.explainNoIndex()
		}
		return err
	}
	f.clues = family.Clues{Pipeline: string(index.Class), AestheticScore: index.Aesthetics}
	for _, part := range family.PartFolders() {
		if !missing(filepath.Join(f.Dir, part)) {
			f.clues.Folders = append(f.clues.Folders, part)
		}
	}
	if why := family.Unsupported(f.clues); why != "" {
		return fmt.Errorf("%s: %s", path, why)
	}
	c := &f.Config
	c.Pipeline, c.Family = string(index.Class), family.Recognise(f.clues)
	if !family.PlainPipeline(c.Pipeline) {
		f.Unfollowed = append(f.Unfollowed, fmt.Sprintf(
			"model_index.json: %s is read as an ordinary pipeline, without what sets it apart", c.Pipeline))
	}
	c.ZerosForEmptyPrompt = c.Family.ZerosForEmptyNegative && (index.ForceZeros == nil || *index.ForceZeros)
	return nil
}

// className is the name of a class. A pipeline of code in its own repository has it as [file, class].
type className string

// UnmarshalJSON reads either form.
func (c *className) UnmarshalJSON(data []byte) error {
	var both []string
	if json.Unmarshal(data, &both) == nil && len(both) == 2 {
		*c = className(both[1])
		return nil
	}
	return json.Unmarshal(data, (*string)(c))
}

// explainNoIndex says what is wanted, and that single files of weights are not opened.
func (f *Model) explainNoIndex() error {
	err := fmt.Errorf(
		"%s: not a model folder: want the ONNX layout of a Stable Diffusion pipeline "+
			"(model_index.json, tokenizer, text_encoder, unet, vae_decoder, scheduler)",
		f.Dir,
	)
	if names := checkpoints(f.Dir); len(names) > 0 {
		return fmt.Errorf("%w; %s is a checkpoint; want the file itself", err, strings.Join(names, ", "))
	}
	return err
}

// readText reads the sizes of the text encoders. Old exports have no such files.
func (f *Model) readText() error {
	c := &f.Config
	for i, part := range c.Family.TextParts() {
		path := filepath.Join(f.Dir, part, "config.json")
		text := struct {
			Length int    `json:"max_position_embeddings"`
			Width  int    `json:"hidden_size"`
			Layers int    `json:"num_hidden_layers"`
			Pooled int    `json:"projection_dim"`
			Act    string `json:"hidden_act"`
		}{Length: 77}
		if err := readJSON(path, &text); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if text.Length < 3 || text.Length > 1024 {
			return fmt.Errorf("%s: max_position_embeddings %d, want 77", path, text.Length)
		}
		if i > 0 && text.Length != c.TextLength {
			return fmt.Errorf(
				"%s: max_position_embeddings %d, want %d as in %s", path, text.Length, c.TextLength,
				c.Family.TextEncoders[0].Part,
			)
		}
		if i == 0 {
			f.clues.Activation = text.Act
		}
		c.TextLength = text.Length
		f.textEncoders = append(f.textEncoders, textEncoderConfig{text.Width, text.Layers, text.Pooled})
	}
	c.Family = family.Recognise(f.clues)
	return nil
}

// readActivation finds the activation of a lone text encoder in its network, where no config.json says it: gelu is made
// of Erf, CLIP's quick_gelu of a sigmoid.
func (f *Model) readActivation() error {
	parts := f.Config.Family.TextParts()
	if f.clues.Activation != "" || len(parts) != 1 {
		return nil
	}
	s, err := graph.ReadSkeleton(f.path(parts[0]))
	if err != nil {
		return err
	}
	switch {
	case len(graph.Operators(s.Model, "Sigmoid", "QuickGelu")) > 0:
		f.clues.Activation = "quick_gelu"
	case len(graph.Operators(s.Model, "Erf", "Gelu", "BiasGelu", "FastGelu")) > 0:
		f.clues.Activation = "gelu"
	}
	return nil
}
