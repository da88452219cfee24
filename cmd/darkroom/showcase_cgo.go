//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"time"

	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/pipeline"
	"darkroom/render/request"
	"darkroom/render/showcase"
)

// maxShowcases is of how many models a renderer announces images: 80 KiB each.
const maxShowcases = 24

// showcases are the images of what the models of a renderer can render; nil makes and announces none.
type showcases struct {
	shelf *showcase.Shelf
	maker showcase.Maker
}

// openShowcases opens them, unless they are switched off.
func (r *rendererService) openShowcases() *showcases {
	if r.settings.Worker.Showcase == "off" {
		return nil
	}
	shelf := showcase.Open(pipeline.ShowcaseDir())
	return &showcases{shelf, showcase.Maker{Shelf: shelf, Name: r.settings.Worker.Slot, Now: time.Now, Log: r.log}}
}

// addTo adds the images to what is announced.
func (s *showcases) addTo(r *queue.Renderer) {
	if s == nil {
		return
	}
	r.Showcase = true
	for i := range r.Models[:min(len(r.Models), maxShowcases)] {
		r.Models[i].Images = s.shelf.Text(r.Models[i].Hash)
	}
}

// makeShowcase makes one image of a loaded model that has too few, and tells whether it made one. A model of which
// another renderer announces images needs none of ours: whoever stays makes them when that one is gone.
func (r *rendererService) makeShowcase(ctx context.Context) (made bool) {
	shown := map[string]bool{}
	if all, err := r.queue.Renderers(ctx); err == nil {
		for _, other := range all {
			for _, m := range other.Models {
				shown[m.Hash] = shown[m.Hash] || other.Slot != r.settings.Worker.Slot && m.Images != ""
			}
		}
	}
	var models []showcase.Model
	for _, m := range r.pool.Models() {
		if m.Load > 0 || shown[m.Hash] {
			continue
		}
		models = append(models, showcase.Model{Card: cardOf(m), Load: func() showcase.Pipeline {
			if p := r.pool.Loaded(m.Hash); p != nil {
				return p
			}
			return nil
		}})
	}
	return r.showcases.maker.Next(ctx, models)
}

// cardOf is the card that a model is announced with.
func cardOf(m worker.Model) (c request.Card) {
	if err := json.Unmarshal(m.Card, &c); err != nil {
		panic("internal error: a card must always decode: " + err.Error())
	}
	c.Name, c.Hash = m.Name, m.Hash
	return c
}

// idle is what the worker does while there is no job; nil for nothing.
func (r *rendererService) idle() func(context.Context) bool {
	if r.showcases == nil {
		return nil
	}
	return r.makeShowcase
}
