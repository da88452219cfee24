package admit

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"darkroom/render"
	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// Size is a width and a height in pixels.
type Size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

// String writes a size as people read it.
func (s Size) String() string { return fmt.Sprintf("%d×%d", s.Width, s.Height) }

func (s Size) pixels() int { return s.Width * s.Height }

// Defaults are what a model's card recommends. Zero values leave the choice to darkroom.
type Defaults struct {
	Size                  // "width" and "height"
	Steps         int     `json:"steps"`
	GuidanceScale float64 `json:"guidance"`
	Sampler       string  `json:"sampler"`
	Count         int     `json:"count,omitempty"`
	Negative      string  `json:"negative,omitempty"`
}

// Words are all that a model knows. A card may sort them into groups; here they are one list.
type Words []string

// UnmarshalJSON reads a list of words, or an object of such lists.
func (w *Words) UnmarshalJSON(data []byte) error {
	var flat []string
	if json.Unmarshal(data, &flat) == nil {
		*w = flat
		return nil
	}
	var groups map[string][]string
	if err := json.Unmarshal(data, &groups); err != nil {
		return fmt.Errorf("words: want a list, or lists by name: %w", err)
	}
	*w = nil
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		*w = append(*w, groups[name]...)
	}
	return nil
}

// Model is one model that renderers offer, as its card describes it. Its JSON is that of a model folder's card, with
// what the renderer adds.
type Model struct {
	Name            string          `json:"name"`
	Hash            string          `json:"hash"`
	Dialect         picture.Dialect `json:"dialect,omitempty"`
	Sizes           []Size          `json:"sizes,omitempty"`    // the only sizes it paints; empty for any whose sides are multiples of Multiple
	Samplers        []string        `json:"samplers"`           // what it can be sampled with
	Words           Words           `json:"words,omitempty"`    // all that it knows; empty for a model that read everything
	Examples        []string        `json:"examples,omitempty"` // examples of what it paints well
	ImageToImage    bool            `json:"starts,omitempty"`   // it can begin from a picture
	Chunks          int             `json:"chunks,omitempty"`   // of prompt.ChunkTokens tokens that it has room for; 0 for any number
	Multiple        int             `json:"multiple,omitempty"` // of the sides of free sizes; 0 for the usual 64
	Hires           *bool           `json:"enlarges,omitempty"` // it can paint over an enlarged picture; nil for yes
	Tiling          *bool           `json:"tiles,omitempty"`    // it can paint pictures whose edges fit each other; nil for yes
	SkippableLayers *int            `json:"skips,omitempty"`    // last layers of its text encoder that can be left out; nil for any
	Traits          render.Traits   `json:"habits,omitzero"`    // what else decides how long it takes
	Defaults        Defaults        `json:"defaults"`           // see filled
}

// Offer is what can be painted now. The first model is the one that is taken when nobody asks for another.
type Available struct {
	Models []Model `json:"models"`
}

// Fallbacks for cards that say nothing: what people expect of a Stable Diffusion model.
const (
	defaultSide     = 512 // pixels
	defaultSteps    = 20
	defaultGuidance = 7.0
	defaultCount    = 4
	defaultSampler  = "dpmpp_2m_karras"
	defaultStrength = 0.6
	defaultMultiple = 64 // 8 pixels a latent, which the UNet halves three times
)

// filled returns the model with every default settled.
func (m Model) withDefaults() Model {
	def := &m.Defaults
	if m.Dialect == "" {
		m.Dialect = picture.Diffusers
	}
	if def.Steps < 1 {
		def.Steps = defaultSteps
	}
	if def.GuidanceScale <= 0 {
		def.GuidanceScale = defaultGuidance
	}
	if def.Count < 1 || def.Count > picture.MaxCount {
		def.Count = defaultCount
	}
	if !slices.Contains(m.Samplers, def.Sampler) && len(m.Samplers) > 0 {
		def.Sampler = m.Samplers[0]
		if slices.Contains(m.Samplers, defaultSampler) {
			def.Sampler = defaultSampler
		}
	}
	if def.Size.Width < picture.SizeMultiple || def.Size.Height < picture.SizeMultiple {
		def.Size = Size{defaultSide, defaultSide}
		if len(m.Sizes) > 0 {
			def.Size = m.Sizes[0]
		}
	}
	if m.Multiple < picture.SizeMultiple || m.Multiple > picture.MaxSide || m.Multiple%picture.SizeMultiple != 0 {
		m.Multiple = defaultMultiple
	}
	if !m.supports(def.Size) {
		def.Size = m.bySize(def.Size)
	}
	return m
}

// enlarges tells whether a picture of the model can be enlarged.
func (m Model) canHires() bool { return m.Hires == nil || *m.Hires }

// pick returns the model of a content hash, or failing that of a name, or failing that the first. same tells whether
// it is the model with that hash.
func (o Available) find(ref picture.Ref) (m Model, same bool) {
	for _, m := range o.Models {
		if m.Hash == ref.Hash {
			return m.withDefaults(), true
		}
	}
	for _, m := range o.Models {
		if m.Name == ref.Name {
			return m.withDefaults(), false
		}
	}
	return o.Models[0].withDefaults(), false
}

// SizeNames returns the sizes to suggest for a model, the default first.
func (m Model) SizeNames() []string {
	m = m.withDefaults()
	names := []string{m.Defaults.Size.String()}
	for _, s := range m.sizes() {
		if name := s.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// SamplerNames returns the samplers to suggest for a model, the default first, then those with their usual schedule, then
// those with Karras', then all others. A list of suggestions has room for a few only.
func (m Model) SamplerNames() []string {
	m = m.withDefaults()
	names := []string{m.Defaults.Sampler}
	for _, want := range []func(schedule string) bool{
		func(schedule string) bool { return schedule == "" },
		func(schedule string) bool { return schedule == "karras" },
		func(string) bool { return true },
	} {
		for _, s := range m.Samplers {
			if _, schedule := sampler.SplitName(s); want(schedule) && !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return names
}

func joined(names []string) string { return strings.Join(names, ", ") }
