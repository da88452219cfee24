package request

import (
	"slices"

	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Size is a width and a height in pixels.
type Size = picture.Size

// Card says what a model is and what it can do. A model's maker writes a part of it, as darkroom.json in the model
// folder (see Authored); a renderer that announces the model adds the rest; the bot remembers the whole in SQL. The
// JSON is the same everywhere, with the names that it was first written with. A card does not decide an image, so it
// is no part of a folder's hash.
type Card struct {
	Name   string `json:"name"`
	Hash   string `json:"hash"`             // of the model's content; the renderer adds it
	Family string `json:"family,omitempty"` // its architecture; the renderer adds it

	// TextWidth is how many numbers its UNet reads of each token; 0 where it is not known. The renderer adds it.
	TextWidth int `json:"text_width,omitempty"`

	// Prediction and ZeroSNR say what the UNet of a checkpoint predicts, and how its schedule ends: a file beside it can
	// change both, so a Spec holds them. Empty for a model folder, whose hash decides it. The renderer adds them.
	Prediction picture.Prediction `json:"prediction,omitempty"`
	ZeroSNR    bool               `json:"zero_snr,omitempty"`

	// Schedule is how it is sampled beside that, where a file beside it can change it; nil for a model folder.
	Schedule *picture.Schedule `json:"schedule,omitempty"`

	// VAE is the one that a checkpoint takes from another file, which its hash does not tell. The renderer adds it. The
	// card beside a checkpoint has a name under "vae", as A1111 writes it.
	VAE *picture.Ref `json:"takes_vae,omitempty"`

	Dialect  picture.Dialect `json:"dialect,omitempty"`
	Sizes    []Size          `json:"sizes,omitempty"`    // the only sizes it renders; empty for any, see Multiple
	Samplers []string        `json:"samplers"`           // the renderer adds them
	Words    Words           `json:"words,omitempty"`    // the only words it knows; empty for any
	Groups   []WordGroup     `json:"groups,omitempty"`   // the words by kind, as far as the card sorts them
	Examples []string        `json:"examples,omitempty"` // prompts that it renders well

	ImageToImage bool         `json:"starts,omitempty"`   // it can start from an image
	Chunks       int          `json:"chunks,omitempty"`   // it has room for, of prompt.ChunkTokens tokens; 0 for any number
	Multiple     int          `json:"multiple,omitempty"` // of the sides of free sizes; 0 for the usual 64
	Hires        *bool        `json:"enlarges,omitempty"` // it can do a second pass at a larger size; nil for yes
	Tiling       *bool        `json:"tiles,omitempty"`    // it can render tileable images; nil for yes
	Upscaler     *picture.Ref `json:"upscaler,omitempty"` // the network in its folder that enlarges finished images

	SkippableLayers *int `json:"skips,omitempty"` // last layers of its text encoder that can be skipped; nil for any

	FinishesImages bool `json:"finishes,omitempty"` // it was made to finish images, not to begin one

	Traits      sampler.Traits   `json:"habits,omitzero"`    // what else decides how long it takes
	Defaults    Defaults         `json:"defaults"`           // see WithDefaults
	FewSteps    Defaults         `json:"few_steps,omitzero"` // for people in a hurry, where it says something
	Outpaint    OutpaintDefaults `json:"outpaint,omitzero"`  // for the ground around an image, where it says something
	Description string           `json:"description,omitempty"`
	NSFW        bool             `json:"nsfw,omitempty"` // it may be used in age-restricted channels only

	// Guess is a sentence about what the renderer concluded from the model's name, where its file does not say it.
	Guess string `json:"guess,omitempty"`
}

// Defaults are the settings that suit a model. Zero values leave the choice to the program.
type Defaults struct {
	Size                  // "width" and "height"
	Steps         int     `json:"steps"`
	GuidanceScale float64 `json:"guidance"`
	Sampler       string  `json:"sampler"`
	Count         int     `json:"count,omitempty"`
	Strength      float64 `json:"strength,omitempty"` // of a start image, from 0 to 1
	Negative      string  `json:"negative,omitempty"`
}

// OutpaintDefaults suit a model when it renders around a image. Zero values leave the choice to the program.
type OutpaintDefaults struct {
	Strength      float64 `json:"strength,omitempty"` // how much of the ground is new, from 0 to 1
	GuidanceScale float64 `json:"guidance,omitempty"`
}

// Authored returns the part of the card that a model's maker writes. The rest of darkroom.json does not count: a
// program finds it out.
func (c Card) Authored() Card {
	return Card{
		Name: c.Name, Description: c.Description, Dialect: c.Dialect, Words: c.Words, Groups: c.Groups,
		Examples: c.Examples, Sizes: c.Sizes, Defaults: c.Defaults, FewSteps: c.FewSteps, Outpaint: c.Outpaint,
		NSFW: c.NSFW,
	}
}

// The defaults of models whose card says nothing: what people expect of Stable Diffusion.
const (
	defaultSide     = 512 // pixels
	defaultSteps    = 20
	defaultGuidance = 7.0
	defaultCount    = 4
	defaultSampler  = "dpmpp_2m_karras"
	defaultStrength = 0.6
	defaultMultiple = 64 // 8 pixels for each latent, and the UNet halves its latents three times
)

// WithDefaults returns the card with every default settled.
func (c Card) WithDefaults() Card {
	def := &c.Defaults
	if c.Dialect == "" {
		c.Dialect = picture.Diffusers
	}
	if def.Steps < 1 {
		def.Steps = defaultSteps
	}
	if def.Strength <= 0 || def.Strength > 1 {
		def.Strength = defaultStrength
	}
	if def.GuidanceScale <= 0 {
		def.GuidanceScale = defaultGuidance
	}
	if def.Count < 1 || def.Count > picture.MaxCount {
		def.Count = defaultCount
	}
	if !slices.Contains(c.Samplers, def.Sampler) && len(c.Samplers) > 0 {
		def.Sampler = c.Samplers[0]
		if slices.Contains(c.Samplers, defaultSampler) {
			def.Sampler = defaultSampler
		}
	}
	if def.Size.Width < picture.SizeMultiple || def.Size.Height < picture.SizeMultiple {
		def.Size = Size{Width: defaultSide, Height: defaultSide}
		if len(c.Sizes) > 0 {
			def.Size = c.Sizes[0]
		}
	}
	if c.Multiple < picture.SizeMultiple || c.Multiple > picture.MaxSide || c.Multiple%picture.SizeMultiple != 0 {
		c.Multiple = defaultMultiple
	}
	if !c.Supports(def.Size) {
		def.Size = c.bySize(def.Size)
	}
	return c
}

// CanHires tells whether the model can do a second pass at a larger size.
func (c Card) CanHires() bool { return c.Hires == nil || *c.Hires }

// CanTile tells whether the model can render images that repeat seamlessly.
func (c Card) CanTile() bool { return c.Tiling == nil || *c.Tiling }

// canSkip tells whether the model's text encoder can be read that many layers before its end.
func (c Card) canSkip(clipSkip int) bool {
	return c.SkippableLayers == nil || clipSkip-1 <= *c.SkippableLayers
}

// SizeNames returns the sizes to suggest for a model, the default first.
func (c Card) SizeNames() []string {
	c = c.WithDefaults()
	names := []string{c.Defaults.Size.String()}
	for _, s := range c.suggestedSizes() {
		if name := s.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// SamplerNames returns the samplers to suggest for a model: the default first, then those with their usual schedule,
// then those with Karras', then all others. A list of suggestions has room for a few only.
func (c Card) SamplerNames() []string {
	c = c.WithDefaults()
	names := []string{c.Defaults.Sampler}
	for _, want := range []func(schedule string) bool{
		func(schedule string) bool { return schedule == "" },
		func(schedule string) bool { return schedule == "karras" },
		func(string) bool { return true },
	} {
		for _, s := range c.Samplers {
			if _, schedule := sampler.SplitName(s); want(schedule) && !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return names
}

// Available is what can be rendered now. The first model is the one that is taken when nobody asks for another.
type Available struct {
	Models []Card      `json:"models"`
	Addons []AddonCard `json:"addons,omitempty"`

	// Renderers lists what each renderer has, by the hashes of models and add-ons, if they do not all have the same. A
	// renderer can be listed once for several that have the same.
	Renderers [][]string `json:"renderers,omitempty"`

	// Remembered says that no renderer is online, and the rest is what they had last. What the next one has is not known.
	Remembered bool `json:"-"`

	Safe bool `json:"-"` // add-ons that are marked as NSFW may not be used

	// Upscaler is the name of the upscaler that the operator has set for models that have none of their own; "" for none.
	Upscaler string `json:"-"`
}

// Short returns the 12 digits by which A1111 knows a LoRA of a SHA-256; "" for one that is not available.
func (a Available) Short(sha256 string) string {
	i := slices.IndexFunc(a.Addons, func(c AddonCard) bool { return c.Kind == picture.LoRA && c.Hash == sha256 })
	if i < 0 {
		return ""
	}
	return a.Addons[i].Short
}

// Find returns the model with a content hash, or failing that of a name, or failing that the first, each with its
// defaults settled. same tells whether it is the model with that hash. There must be a model.
func (a Available) Find(ref picture.Ref) (c Card, same bool) {
	if i := slices.IndexFunc(a.Models, func(m Card) bool { return m.Hash == ref.Hash }); i >= 0 {
		return a.Models[i].WithDefaults(), true
	}
	if i := slices.IndexFunc(a.Models, func(m Card) bool { return m.Name == ref.Name }); i >= 0 {
		return a.Models[i].WithDefaults(), false
	}
	return a.Models[0].WithDefaults(), false
}
