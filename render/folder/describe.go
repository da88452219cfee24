package folder

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"darkroom/render/family"
	"darkroom/render/onnx/graph"
)

// Description is what is known of a model without an ONNX folder, in the words of such a folder's files.
type Description struct {
	Path       string         // of the file or folder, absolute
	Card       string         // the file of its card, which need not exist
	Class      string         // of the pipeline, as in model_index.json
	Activation string         // hidden_act of the first text encoder
	ForceZeros *bool          // force_zeros_for_empty_prompt; nil where it is not said
	Aesthetics bool           // requires_aesthetics_score: the model is an SDXL refiner
	Scheduler  map[string]any // scheduler_config.json
	NativeSize Size           // zero for that of the family
	Scaling    float64        // of the latents; 0 for that of the family
	Weights    string         // the element type of most of the UNet's weights
	Notes      []string       // what is guessed or not followed
	Guess      Guess          // what is guessed by its name
	// CardDecides says that the card and the name decide Scheduler, and not a file that is hashed.
	CardDecides bool
	ByVAEs      bool
	VAE         *VAEFile // the networks of the VAE are of another file; nil for the model's own
	Written     Parts
}

// Guess is what is concluded from a checkpoint's name, because nothing else says it.
type Guess struct {
	Traits []string // what the model is: "for few steps (Turbo)", "that predicts velocity"
	Steps  int      // how many suit it; 0 for what its kind has
}

// Parts are written networks, by the folder that an ONNX file of them would lie in.
type Parts map[string]*Written

// Describe makes a model of written networks. The Hash of a checkpoint is the SHA-256 of its file.
func Describe(d Description, options ...Option) (*Model, error) {
	name := filepath.Base(d.Path)
	f := &Model{
		Dir: d.Path, Name: strings.TrimSuffix(name, filepath.Ext(name)), Unfollowed: d.Notes, Guess: d.Guess,
		CardDecides: d.CardDecides, VAE: d.VAE, ByVAEs: d.ByVAEs,
		graphs: map[string]graph.Header{}, written: d.Written,
	}
	for _, step := range []func(Description) error{
		f.describeKind, f.describeScheduler, f.describeNetworks, f.describeSizes,
	} {
		if err := step(d); err != nil {
			return nil, err
		}
	}
	if err := f.validateGraphs(); err != nil {
		return nil, err
	}
	card, err := readCardFile(d.Card)
	if err != nil {
		return nil, err
	}
	if f.Card = card; card.Name != "" {
		f.Name = card.Name
	}
	f.Config.Weights, f.Config.Float16 = d.Weights, d.Weights == graph.Float16.String()
	f.Config.SupportsSeamless = true
	if err := f.hash(options); err != nil {
		return nil, fmt.Errorf("hash model: %w", err)
	}
	return f, nil
}

// FromCheckpoint says that the program writes the networks itself, from files of weights.
func (f *Model) FromCheckpoint() bool { return f.written[unetPart] != nil }

// HasTokenizers says that the model brings its tokenizers, in the folders of the family.
func (f *Model) HasTokenizers() bool {
	return !f.FromCheckpoint() || f.checkTokenizers() == nil
}

// describeKind recognises the family as that of a folder.
func (f *Model) describeKind(d Description) error {
	f.clues = family.Clues{Pipeline: d.Class, Activation: d.Activation, AestheticScore: d.Aesthetics}
	for part := range d.Written {
		f.clues.Folders = append(f.clues.Folders, part)
	}
	if why := family.Unsupported(f.clues); why != "" {
		return fmt.Errorf("%s: %s", d.Path, why)
	}
	c := &f.Config
	c.Pipeline, c.Family = d.Class, family.Recognise(f.clues)
	c.ZerosForEmptyPrompt = c.Family.ZerosForEmptyNegative && (d.ForceZeros == nil || *d.ForceZeros)
	return nil
}

func (f *Model) describeScheduler(d Description) error {
	data, err := json.Marshal(d.Scheduler)
	if err != nil {
		return err
	}
	return f.setScheduler(d.Path+": scheduler", func(into any) error { return json.Unmarshal(data, into) })
}

// describeNetworks writes each network once, which shows whether all of its weights are there.
func (f *Model) describeNetworks(d Description) error {
	for _, part := range f.networkParts() {
		written := d.Written[part]
		if written == nil && part == encoderPart {
			continue
		}
		if written == nil {
			return fmt.Errorf("%s: no %s", d.Path, part)
		}
		w, err := written.Write(graph.WriteOptions{})
		if err != nil {
			return fmt.Errorf("%s: %w", f.path(part), err)
		}
		f.graphs[part] = graph.Header{Inputs: w.Inputs, Outputs: w.Outputs}
		f.Config.CanEncode = f.Config.CanEncode || part == encoderPart
	}
	return nil
}

// describeSizes takes the sizes from the networks.
func (f *Model) describeSizes(d Description) error {
	c, latents := &f.Config, f.Config.Family.Latents
	c.LatentChannels, c.PixelsPerLatent, c.ScalingFactor = latents.Channels, latents.PixelsPerLatent, latents.ScalingFactor
	if d.Scaling > 0 {
		c.ScalingFactor = d.Scaling
	}
	for _, part := range c.Family.TextParts() {
		ids, ok := f.graphs[part].Input("input_ids")
		if !ok {
			return fmt.Errorf("%s: no input_ids", f.path(part))
		}
		c.TextLength = ids.Dims[1]
		f.textEncoders = append(f.textEncoders, textEncoderConfig{})
	}
	c.SizeMultiple, c.NativeSize = c.Family.SizeMultiple, d.NativeSize
	if c.NativeSize == (Size{}) {
		c.NativeSize = Size{Width: c.Family.NativeSide, Height: c.Family.NativeSide}
	}
	return nil
}

// WithVAE returns the model with another VAE, of the same latents. Its hash stays.
func (f *Model) WithVAE(vae Parts) (*Model, error) {
	out := *f
	out.written, out.graphs = map[string]*Written{}, maps.Clone(f.graphs)
	maps.Copy(out.written, f.written)
	for part, written := range vae {
		w, err := written.Write(graph.WriteOptions{})
		if err != nil {
			return nil, fmt.Errorf("VAE: %s: %w", part, err)
		}
		out.written[part], out.graphs[part] = written, graph.Header{Inputs: w.Inputs, Outputs: w.Outputs}
	}
	out.Config.CanEncode = vae[encoderPart] != nil
	for _, x := range out.wantedPorts() {
		if x.part != decoderPart && (x.part != encoderPart || !out.Config.CanEncode) {
			continue
		}
		v, err := out.port(x.portSpec, x.output)
		if err != nil {
			return nil, fmt.Errorf("VAE: %w", err)
		}
		*x.into = v
	}
	if out.Config.Extra != nil && !out.Config.CanEncode {
		return nil, fmt.Errorf("VAE: it has no encoder, which makes latents of the picture for %s", out.Config.Extra.Name)
	}
	return &out, nil
}
