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
	Name     string          `json:"name"`
	Hash     string          `json:"hash"`
	Dialect  picture.Dialect `json:"dialect,omitempty"`
	Sizes    []Size          `json:"sizes,omitempty"`    // the only sizes it paints; empty for any whose sides are multiples of Multiple
	Samplers []string        `json:"samplers"`           // what it can be sampled with
	Words    Words           `json:"words,omitempty"`    // all that it knows; empty for a model that read everything
	Prompts  []string        `json:"examples,omitempty"` // examples of what it paints well
	Starts   bool            `json:"starts,omitempty"`   // it can begin from a picture
	Chunks   int             `json:"chunks,omitempty"`   // of prompt.ChunkTokens tokens that it has room for; 0 for any number
	Multiple int             `json:"multiple,omitempty"` // of the sides of free sizes; 0 for the usual 64
	Enlarges *bool           `json:"enlarges,omitempty"` // it can paint over an enlarged picture; nil for yes
	Tiles    *bool           `json:"tiles,omitempty"`    // it can paint pictures whose edges fit each other; nil for yes
	Skips    *int            `json:"skips,omitempty"`    // last layers of its text encoder that can be left out; nil for any
	Habits   render.Habits   `json:"habits,omitzero"`    // what else decides how long it takes
	Defaults Defaults        `json:"defaults"`           // see filled
}

// Offer is what can be painted now. The first model is the one that is taken when nobody asks for another.
type Offer struct {
	Models []Model `json:"models"`
}

// Fallbacks for cards that say nothing: what people expect of a Stable Diffusion model.
const (
	usualSide     = 512 // pixels
	usualSteps    = 20
	usualGuidance = 7.0
	usualCount    = 4
	usualSampler  = "dpmpp_2m_karras"
	usualStrength = 0.6
	usualMultiple = 64 // 8 pixels a latent, which the UNet halves three times
)

// filled returns the model with every default settled.
func (m Model) filled() Model {
	d := &m.Defaults
	if m.Dialect == "" {
		m.Dialect = picture.Diffusers
	}
	if d.Steps < 1 {
		d.Steps = usualSteps
	}
	if d.GuidanceScale <= 0 {
		d.GuidanceScale = usualGuidance
	}
	if d.Count < 1 || d.Count > picture.MaxCount {
		d.Count = usualCount
	}
	if !slices.Contains(m.Samplers, d.Sampler) && len(m.Samplers) > 0 {
		d.Sampler = m.Samplers[0]
		if slices.Contains(m.Samplers, usualSampler) {
			d.Sampler = usualSampler
		}
	}
	if d.Size.Width < picture.SizeMultiple || d.Size.Height < picture.SizeMultiple {
		d.Size = Size{usualSide, usualSide}
		if len(m.Sizes) > 0 {
			d.Size = m.Sizes[0]
		}
	}
	if m.Multiple < picture.SizeMultiple || m.Multiple > picture.MaxSide || m.Multiple%picture.SizeMultiple != 0 {
		m.Multiple = usualMultiple
	}
	if !m.paints(d.Size) {
		d.Size = m.bySize(d.Size)
	}
	return m
}

// enlarges tells whether a picture of the model can be enlarged.
func (m Model) enlarges() bool { return m.Enlarges == nil || *m.Enlarges }

// pick returns the model of a content hash, or failing that of a name, or failing that the first. same tells whether
// it is the model with that hash.
func (o Offer) pick(ref picture.Ref) (m Model, same bool) {
	for _, m := range o.Models {
		if m.Hash == ref.Hash {
			return m.filled(), true
		}
	}
	for _, m := range o.Models {
		if m.Name == ref.Name {
			return m.filled(), false
		}
	}
	return o.Models[0].filled(), false
}

// SizeNames returns the sizes to suggest for a model, the default first.
func (m Model) SizeNames() []string {
	m = m.filled()
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
	m = m.filled()
	names := []string{m.Defaults.Sampler}
	for _, want := range []func(schedule string) bool{
		func(schedule string) bool { return schedule == "" },
		func(schedule string) bool { return schedule == "karras" },
		func(string) bool { return true },
	} {
		for _, s := range m.Samplers {
			if _, schedule := sampler.Parts(s); want(schedule) && !slices.Contains(names, s) {
				names = append(names, s)
			}
		}
	}
	return names
}

func list(names []string) string { return strings.Join(names, ", ") }
