package message

// componentsV2 is the flag of a card. A message that has it keeps it. Source: Discord, components/reference.
const componentsV2 = 1 << 15

// MaxCardText is Discord's limit on all texts of a card together, in characters.
const MaxCardText = 4000

// Color is the colour of a card's edge, 24 bits of red, green and blue.
type Color int

// The colours of the states of a job.
const (
	ColorWaiting   Color = 0x80848E
	ColorRendering Color = 0xF0B232
	ColorDone      Color = 0x23A55A
	ColorFailed    Color = 0xF23F43
	ColorCancelled Color = 0x4E5058
)

// Card is what a card has besides text, files and rows. A card is a message of Discord's Components V2: one container
// with the text, a gallery of the files, the rows, and a last line.
type Card struct {
	Color  Color
	Footer string // the last line, or lines; empty for none
	More   string // custom_id of the button beside it; empty for none
}

// Kept is a file that an edit of a card leaves on the message. The card names it by its name, never by the link with
// which Discord showed it: that link ends.
type Kept struct {
	ID          string // Discord's, of the attachment
	Name        string
	Description string
	Spoiler     bool
}

// The types of components. Source: Discord, components/reference.
const (
	typeRow       = 1
	typeButton    = 2
	typeSection   = 9
	typeText      = 10
	typeGallery   = 12
	typeContainer = 17
)

type mediaJSON struct {
	URL string `json:"url"`
}

type itemJSON struct {
	Media       mediaJSON `json:"media"`
	Description string    `json:"description,omitempty"`
	Spoiler     bool      `json:"spoiler,omitempty"`
}

// cardJSON returns the components of a card.
func (m Message) cardJSON() []componentJSON {
	inside := []componentJSON{{Type: typeText, Content: m.Content}}
	if items := m.galleryJSON(); len(items) > 0 {
		inside = append(inside, componentJSON{Type: typeGallery, Items: items})
	}
	inside = append(append(inside, rowsJSON(m.Rows)...), menusJSON(m.Menus)...)
	if m.Card.Footer != "" {
		inside = append(inside, m.Card.footerJSON())
	}
	return []componentJSON{{Type: typeContainer, AccentColor: m.Card.Color, Components: inside}}
}

// galleryJSON lists the files that a card shows: those that stay, and then those that are sent.
func (m Message) galleryJSON() (items []itemJSON) {
	show := func(name, description string, spoiler bool) {
		items = append(items, itemJSON{mediaJSON{"attachment://" + name}, description, spoiler})
	}
	for _, k := range m.Kept {
		show(k.Name, Shorten(k.Description, maxDescription), k.Spoiler)
	}
	for _, f := range m.Files {
		show(f.SafeName(), f.shortDescription(), f.Spoiler)
	}
	return items
}

// footerJSON is the last line, with a button beside it if there is one.
func (c Card) footerJSON() componentJSON {
	text := componentJSON{Type: typeText, Content: c.Footer}
	if c.More == "" {
		return text
	}
	more := Button{Style: Secondary, Label: "⋯", ID: c.More}.json()
	return componentJSON{Type: typeSection, Components: []componentJSON{text}, Accessory: &more}
}
