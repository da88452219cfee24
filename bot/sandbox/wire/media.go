package wire

import "strings"

// AttachmentScheme begins the address of a file of the same message, before the file's name.
const AttachmentScheme = "attachment://"

// WalkMedia calls visit for every media item of components. at is its path in the request.
func WalkMedia(list []Component, at string, visit func(at string, m *Media)) {
	Walk(list, at, func(at string, c *Component) {
		if c.Media != nil {
			visit(at+".media", c.Media)
		}
		if c.File != nil {
			visit(at+".file", c.File)
		}
		for i := range c.Items {
			visit(at+".items."+itoa(i)+".media", &c.Items[i].Media)
		}
	})
}

// ResolveComponents copies components and replaces their attachment:// addresses by the files. files is by attachment
// address.
func ResolveComponents(list []Component, files map[string]Media) []Component {
	if list == nil {
		return nil
	}
	out := make([]Component, len(list))
	for i, c := range list {
		out[i] = resolveComponent(c, files)
	}
	return out
}

func resolveComponent(c Component, files map[string]Media) Component {
	c.Components = ResolveComponents(c.Components, files)
	if c.Accessory != nil {
		a := resolveComponent(*c.Accessory, files)
		c.Accessory = &a
	}
	if c.File != nil {
		c.Name = strings.TrimPrefix(c.File.URL, AttachmentScheme)
		c.Size = files[c.File.URL].Size
	}
	c.Media, c.File = resolveMedia(c.Media, files), resolveMedia(c.File, files)
	items := make([]GalleryItem, len(c.Items))
	for i, item := range c.Items {
		item.Media = *resolveMedia(&item.Media, files)
		items[i] = item
	}
	if c.Items != nil {
		c.Items = items
	}
	return c
}

func resolveMedia(m *Media, files map[string]Media) *Media {
	if m == nil {
		return nil
	}
	if file, ok := files[m.URL]; ok {
		return &file
	}
	return m
}

// ResolveEmbed copies an embed and replaces the attachment:// addresses of its images.
func ResolveEmbed(e Embed, files map[string]Media) Embed {
	if e.Type == "" {
		e.Type = "rich"
	}
	for _, at := range []**EmbedImage{&e.Image, &e.Thumbnail} {
		if *at != nil && files[(*at).URL].URL != "" {
			*at = &EmbedImage{URL: files[(*at).URL].URL}
		}
	}
	return e
}
