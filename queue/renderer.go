package queue

import (
	"encoding/json"
	"slices"
)

// Renderer is what one renderer announces.
type Renderer struct {
	Slot     string  `json:"slot"` // its name, as in Reserve
	Device   string  `json:"device"`
	Lanes    []Lane  `json:"lanes"`
	Models   []Model `json:"models,omitempty"`
	Addons   []Addon `json:"addons,omitempty"`
	Speed    int     `json:"speed,omitempty"` // percent of the speed that Job.Cost assumes; 0 is 100
	MaxBatch int     `json:"batch,omitempty"` // limit of jobs that it renders at once; 0 is 1

	// Showcase says that it makes images of what its models can render.
	Showcase bool `json:"showcase,omitempty"`

	// CLIP is the hash of what makes its vectors of images and texts; empty for none.
	CLIP string `json:"clip,omitempty"`

	// Parts are the hashes of add-ons that come with its models: it has them, and offers them with those only.
	Parts []string `json:"parts,omitempty"`
}

// Model is a model that a renderer has.
type Model struct {
	Name string          `json:"name"`
	Hash string          `json:"hash"`
	Lane string          `json:"lane"`
	Card json.RawMessage `json:"card,omitempty"` // sizes, samplers, defaults, words; the bot reads it

	// Images are small images of what it can render, as text; empty for none. The bot reads it.
	Images string `json:"-"`
}

// Addon is an add-on that a renderer has.
type Addon struct {
	Hash string          `json:"hash"`
	Card json.RawMessage `json:"card,omitempty"` // kind, name, families; the bot reads it
}

// AddonSet is everything beside its models that a renderer has, for Capacity.
func (r Renderer) AddonSet() Addons {
	hashes := append([]string(nil), r.Parts...)
	for _, a := range r.Addons {
		hashes = append(hashes, a.Hash)
	}
	return NewAddons(hashes...)
}

// Abilities is what some renderers can take.
type Abilities struct{ renderers []ability }

type ability struct {
	lanes  map[string]bool
	addons Addons
}

// AbilitiesOf returns what renderers can take.
func AbilitiesOf(renderers []Renderer) Abilities {
	var a Abilities
	for _, r := range renderers {
		can := ability{lanes: map[string]bool{}, addons: r.AddonSet()}
		for _, l := range r.Lanes {
			can.lanes[l.Name] = true
		}
		a.renderers = append(a.renderers, can)
	}
	return a
}

// CanTake tells whether one of the renderers has everything for a job.
func (a Abilities) CanTake(j JobStatus) bool {
	base := baseLane(j.Lane)
	return slices.ContainsFunc(a.renderers, func(can ability) bool {
		return can.lanes[base] && can.addons.Have(j.Needs)
	})
}
