package rest

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"darkroom/bot/button"
	"darkroom/bot/message"
)

// Message is a message as Discord returns it.
type Message struct {
	ID      string `json:"id"`
	Channel string `json:"channel_id"`
	Author  struct {
		ID string `json:"id"`
	} `json:"author"`
	Content     string       `json:"content"`
	Flags       int          `json:"flags"`
	Attachments []Attachment `json:"attachments"` // without those that components show: see Files
	Components  []component  `json:"components"`
}

// Attachment is a file on a Message. Its URL expires.
type Attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	URL         string `json:"url"`
	Size        int64  `json:"size"`
	Width       int    `json:"width"`
	Height      int    `json:"height"`
	Description string `json:"description"`
	Spoiler     bool   `json:"is_spoiler"`
}

type component struct {
	CustomID   string      `json:"custom_id"`
	Style      int         `json:"style"`
	Components []component `json:"components"`
	Accessory  *component  `json:"accessory"`
	Items      []item      `json:"items"`
}

// item is an entry of a gallery.
type item struct {
	Media struct {
		URL          string `json:"url"`
		AttachmentID string `json:"attachment_id"`
		Width        int    `json:"width"`
		Height       int    `json:"height"`
	} `json:"media"`
	Description string `json:"description"`
	Spoiler     bool   `json:"spoiler"`
}

// attachment returns the file that the entry shows, and whether it is one of the message's own.
func (i item) attachment() (Attachment, bool) {
	address, err := url.Parse(i.Media.URL)
	if err != nil || i.Media.AttachmentID == "" {
		return Attachment{}, false
	}
	return Attachment{
		ID: i.Media.AttachmentID, Filename: path.Base(address.Path), URL: i.Media.URL, Width: i.Media.Width,
		Height: i.Media.Height, Description: i.Description, Spoiler: i.Spoiler,
	}, true
}

// Files lists the files of the message: those that its components show, in their order, and then the others. Discord
// does not list the former among the attachments. Source: discord-api-docs, issue 8277.
func (m Message) Files() (all []Attachment) {
	eachComponent(m.Components, func(c component) {
		for _, i := range c.Items {
			if a, ok := i.attachment(); ok {
				all = append(all, a)
			}
		}
	})
	for _, a := range m.Attachments {
		if !slices.ContainsFunc(all, func(o Attachment) bool { return o.ID == a.ID }) {
			all = append(all, a)
		}
	}
	return all
}

// Keep lists the files of the message for an edit that keeps them: those that are named, in that order, or all of them
// if none is named.
func (m Message) Keep(names ...string) (kept []message.Kept) {
	place := func(name string) int { return slices.Index(names, strings.TrimPrefix(name, message.SpoilerPrefix)) }
	for _, a := range m.Files() {
		if len(names) > 0 && place(a.Filename) < 0 {
			continue
		}
		kept = append(kept, message.Kept{
			ID: a.ID, Name: a.Filename, Description: a.Description,
			Spoiler: a.Spoiler || strings.HasPrefix(a.Filename, message.SpoilerPrefix),
		})
	}
	slices.SortStableFunc(kept, func(a, b message.Kept) int { return place(a.Name) - place(b.Name) })
	return kept
}

// Blue tells whether the message has a button with this custom_id in the colour of used ones.
func (m Message) Blue(customID string) (blue bool) {
	eachComponent(m.Components, func(c component) {
		blue = blue || c.CustomID == customID && c.Style == int(message.Primary)
	})
	return blue
}

// eachComponent calls visit for each component, those in others too.
func eachComponent(cs []component, visit func(component)) {
	for _, c := range cs {
		visit(c)
		eachComponent(c.Components, visit)
		if c.Accessory != nil {
			visit(*c.Accessory)
		}
	}
}

// CustomIDs are those of all its components.
func (m Message) CustomIDs() (all []string) {
	eachComponent(m.Components, func(c component) {
		if c.CustomID != "" {
			all = append(all, c.CustomID)
		}
	})
	return all
}

// Has tells whether the message carries a button with this custom_id.
func (m Message) Has(customID string) (has bool) {
	eachComponent(m.Components, func(c component) { has = has || c.CustomID == customID })
	return has
}

// showsFinished tells whether the message shows a job's finished images.
func (m Message) showsFinished(job string) bool {
	return len(m.Files()) > 0 && m.Has(button.ID{Verb: button.Remix, Job: job}.String())
}
