package catalog

import (
	"darkroom/queue"
	"darkroom/render/showcase"
)

// shown is what is known of the images of a model.
type shown struct {
	text   string // as showcase.Encode writes them; "" for none
	coming bool   // a renderer that has the model makes images
}

// Showcase returns images of what a model can render, which some renderer announces. Without any, coming tells whether
// a renderer will make some. While no renderer is online, the last ones count; a restarted bot knows none then.
func (c *Catalog) Showcase(model string) (images []showcase.Image, coming bool) {
	c.mu.RLock()
	known := c.images[model]
	c.mu.RUnlock()
	if known.text == "" {
		return nil, known.coming
	}
	images, err := showcase.Decode(known.text)
	if err != nil {
		c.o.Log.Warn("the images of a model cannot be read", "model", model, "error", err)
	}
	return images, known.coming
}

// imagesOf are the images of each model: of several renderers the longest list, the first of them.
func imagesOf(renderers []queue.Renderer) map[string]shown {
	all := map[string]shown{}
	for _, r := range renderers {
		for _, m := range r.Models {
			now := all[m.Hash]
			if len(m.Images) > len(now.text) {
				now.text = m.Images
			}
			now.coming = now.coming || r.Showcase
			all[m.Hash] = now
		}
	}
	return all
}
