package wire

// ResolveComponents copies components and replaces their attachment:// addresses by real ones. urls is by attachment
// address.
func ResolveComponents(list []Component, urls map[string]string) []Component {
	if list == nil {
		return nil
	}
	out := make([]Component, len(list))
	for i, c := range list {
		out[i] = resolveComponent(c, urls)
	}
	return out
}

func resolveComponent(c Component, urls map[string]string) Component {
	c.Components = ResolveComponents(c.Components, urls)
	if c.Accessory != nil {
		a := resolveComponent(*c.Accessory, urls)
		c.Accessory = &a
	}
	c.Media, c.File = resolveURL(c.Media, urls), resolveURL(c.File, urls)
	items := make([]GalleryItem, len(c.Items))
	for i, item := range c.Items {
		item.Media = *resolveURL(&item.Media, urls)
		items[i] = item
	}
	if c.Items != nil {
		c.Items = items
	}
	return c
}

func resolveURL(m *Media, urls map[string]string) *Media {
	if m == nil || urls[m.URL] == "" {
		return m
	}
	return &Media{URL: urls[m.URL]}
}

// ResolveEmbed copies an embed and replaces the attachment:// addresses of its images.
func ResolveEmbed(e Embed, urls map[string]string) Embed {
	if e.Type == "" {
		e.Type = "rich"
	}
	for _, at := range []**EmbedImage{&e.Image, &e.Thumbnail} {
		if *at != nil && urls[(*at).URL] != "" {
			*at = &EmbedImage{URL: urls[(*at).URL]}
		}
	}
	return e
}
