package world

import "darkroom/bot/sandbox/wire"

// resolveMedia copies components with attachment:// addresses replaced by real ones.
func resolveMedia(list []wire.Component, urls map[string]string) []wire.Component {
	if list == nil {
		return nil
	}
	out := make([]wire.Component, len(list))
	for i, c := range list {
		out[i] = resolveOne(c, urls)
	}
	return out
}

func resolveOne(c wire.Component, urls map[string]string) wire.Component {
	c.Components = resolveMedia(c.Components, urls)
	if c.Accessory != nil {
		a := resolveOne(*c.Accessory, urls)
		c.Accessory = &a
	}
	c.Media, c.File = resolved(c.Media, urls), resolved(c.File, urls)
	items := make([]wire.GalleryItem, len(c.Items))
	for i, item := range c.Items {
		item.Media = *resolved(&item.Media, urls)
		items[i] = item
	}
	if c.Items != nil {
		c.Items = items
	}
	return c
}

func resolved(m *wire.Media, urls map[string]string) *wire.Media {
	if m == nil || urls[m.URL] == "" {
		return m
	}
	return &wire.Media{URL: urls[m.URL]}
}
