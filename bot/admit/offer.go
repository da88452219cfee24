package admit

import (
	"fmt"
	"slices"
	"strings"

	"darkroom/render/picture"
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
	Size          Size    `json:"size"`
	Steps         int     `json:"steps"`
	GuidanceScale float64 `json:"guidance_scale"`
	Sampler       string  `json:"sampler"`
	Count         int     `json:"count"`
	Negative      string  `json:"negative,omitempty"`
}

// Model is one model that renderers offer, as its card describes it.
type Model struct {
	Name     string          `json:"name"`
	Hash     string          `json:"hash"`
	Dialect  picture.Dialect `json:"dialect,omitempty"`
	Sizes    []Size          `json:"sizes,omitempty"`    // the only sizes it paints; empty for any multiple of 8
	Samplers []string        `json:"samplers"`           // what it can be sampled with
	Words    []string        `json:"words,omitempty"`    // all that it knows; empty for a model that read everything
	Prompts  []string        `json:"prompts,omitempty"`  // examples of what it paints well
	Starts   bool            `json:"starts,omitempty"`   // it can begin from a picture
	Defaults Defaults        `json:"defaults,omitempty"` // see filled
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
	return m
}

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

// SamplerNames returns the samplers to suggest for a model, the default first.
func (m Model) SamplerNames() []string {
	m = m.filled()
	names := []string{m.Defaults.Sampler}
	for _, s := range m.Samplers {
		if !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return names
}

func list(names []string) string { return strings.Join(names, ", ") }
