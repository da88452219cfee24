package message

import (
	"strconv"
	"strings"
)

// MaxContent is Discord's limit on a message's text, in characters.
const MaxContent = 2000

// Ephemeral is the flag of a message that only one person sees.
const Ephemeral = 1 << 6

// noEmbeds is the flag of a message whose links show no previews.
const noEmbeds = 1 << 2

// File is an attachment to send.
type File struct {
	Name        string // [a-z0-9._-] only; anything else is replaced
	Data        []byte
	Description string // alternative text, at most 1,024 characters
	Spoiler     bool
}

// Message is what to send. An edit replaces text, buttons and files as a whole.
type Message struct {
	Content    string
	Files      []File
	KeepFiles  bool   // edits: the files that are there stay, whichever they are
	Kept       []Kept // edits of a card: the files that stay, and are shown
	Rows       []Row
	Menus      []Menu   // below the rows
	Card       *Card    // it is a card; nil for a message of the older form
	Private    bool     // only the person who asked sees it; first answers and follow-ups only
	AllowUsers []string // who may be pinged; nobody else ever is
	ReplyTo    string   // channel posts: the message that it replies to, which must be there
	Nonce      string   // channel posts: at most 25 characters; a second post with it within minutes returns the first

	// RequestBytes is how many bytes of files one request may have; 0 for MaxRequest.
	RequestBytes int64
	// Posting are the rows while files are still on their way, where they need several requests: an edit whose first
	// requests alone arrived must not look finished.
	Posting []Row
}

// MaxRequest is Discord's limit on a request of 25 MiB, less some room for the other parts, in bytes. Places that take
// larger files take requests of their size. Source: Discord, reference, "Uploading Files".
const MaxRequest = 25<<20 - 256<<10

// Row is up to five buttons side by side.
type Row []Button

// Style is a button's colour.
type Style int

// The styles.
const (
	Primary   Style = 1
	Secondary Style = 2
	Success   Style = 3
	Danger    Style = 4
)

// Button is one button. It shows Emoji, Label or both.
type Button struct {
	Style    Style
	Label    string
	Emoji    string
	ID       string // custom_id
	Disabled bool
}

type emojiJSON struct {
	Name string `json:"name"`
}

type componentJSON struct {
	Type        int             `json:"type"`
	Style       int             `json:"style,omitempty"`
	Label       string          `json:"label,omitempty"`
	Description string          `json:"description,omitempty"`
	Emoji       *emojiJSON      `json:"emoji,omitempty"`
	CustomID    string          `json:"custom_id,omitempty"`
	Disabled    bool            `json:"disabled,omitempty"`
	Components  []componentJSON `json:"components,omitempty"`
	Component   *componentJSON  `json:"component,omitempty"`
	Value       string          `json:"value,omitempty"`
	Placeholder string          `json:"placeholder,omitempty"`
	Required    *bool           `json:"required,omitempty"`
	MaxLength   int             `json:"max_length,omitempty"`
	MinValues   *int            `json:"min_values,omitempty"`
	MaxValues   *int            `json:"max_values,omitempty"`
	Options     []FormChoice    `json:"options,omitempty"`
	FileTypes   []string        `json:"file_types,omitempty"`
	Content     string          `json:"content,omitempty"`
	AccentColor Color           `json:"accent_color,omitempty"`
	Items       []itemJSON      `json:"items,omitempty"`
	Accessory   *componentJSON  `json:"accessory,omitempty"`
}

type attachmentJSON struct {
	ID          string `json:"id"` // the number of a file; Discord reads it as text or as a number
	Filename    string `json:"filename,omitempty"`
	Description string `json:"description,omitempty"`
	IsSpoiler   bool   `json:"is_spoiler,omitempty"`
}

type mentionsJSON struct {
	Parse []string `json:"parse"`
	Users []string `json:"users,omitempty"`
}

type messageJSON struct {
	Content         *string          `json:"content,omitempty"` // nil in a card
	Components      []componentJSON  `json:"components"`
	Attachments     []attachmentJSON `json:"attachments,omitzero"` // nil leaves the files as they are
	AllowedMentions mentionsJSON     `json:"allowed_mentions"`
	Flags           int              `json:"flags,omitempty"`
	Nonce           string           `json:"nonce,omitempty"`
	EnforceNonce    bool             `json:"enforce_nonce,omitempty"`
	Reference       *referenceJSON   `json:"message_reference,omitempty"`
}

type referenceJSON struct {
	MessageID       string `json:"message_id"`
	FailIfNotExists bool   `json:"fail_if_not_exists"`
}

// Payload returns the JSON body of a message. Lists are never null: allowed_mentions must be explicit on every create
// and edit, and attachments decides which files stay.
func (m Message) Payload() any {
	p := messageJSON{
		Attachments:     []attachmentJSON{},
		AllowedMentions: mentionsJSON{Parse: []string{}, Users: m.AllowUsers},
		Nonce:           m.Nonce,
		EnforceNonce:    m.Nonce != "",
	}
	if m.Card != nil {
		p.Components, p.Flags = m.cardJSON(), componentsV2
	} else {
		content := Shorten(m.Content, MaxContent)
		p.Content, p.Components, p.Flags = &content, append(rowsJSON(m.Rows), menusJSON(m.Menus)...), noEmbeds
	}
	if m.Private {
		p.Flags |= Ephemeral
	}
	if m.ReplyTo != "" {
		p.Reference = &referenceJSON{MessageID: m.ReplyTo, FailIfNotExists: true}
	}
	if m.KeepFiles && len(m.Files)+len(m.Kept) == 0 {
		p.Attachments = nil
	}
	for _, k := range m.Kept {
		p.Attachments = append(p.Attachments, attachmentJSON{ID: k.ID, Filename: k.Name})
	}
	for i, f := range m.Files {
		p.Attachments = append(p.Attachments, attachmentJSON{
			ID: strconv.Itoa(i), Filename: f.SafeName(), Description: f.shortDescription(), IsSpoiler: f.Spoiler,
		})
	}
	return p
}

func rowsJSON(rows []Row) []componentJSON {
	out := []componentJSON{}
	for _, row := range rows {
		r := componentJSON{Type: typeRow}
		for _, b := range row {
			r.Components = append(r.Components, b.json())
		}
		out = append(out, r)
	}
	return out
}

func (b Button) json() componentJSON {
	c := componentJSON{Type: typeButton, Style: int(b.Style), Label: b.Label, CustomID: b.ID, Disabled: b.Disabled}
	if b.Emoji != "" {
		c.Emoji = &emojiJSON{Name: b.Emoji}
	}
	return c
}

// SpoilerPrefix begins the names of covered files.
const SpoilerPrefix = "SPOILER_"

// SafeName returns a name that is safe in a header and in attachment:// links. SpoilerPrefix hides an image in
// clients that do not know is_spoiler.
func (f File) SafeName() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(f.Name))
	if f.Spoiler {
		return SpoilerPrefix + name
	}
	return name
}

// maxDescription is Discord's limit on an alternative text, in characters.
const maxDescription = 1024

func (f File) shortDescription() string { return Shorten(f.Description, maxDescription) }

// ContentType is the MIME type of a file, by the end of its name.
func (f File) ContentType() string {
	switch {
	case strings.HasSuffix(f.Name, ".png"):
		return "image/png"
	case strings.HasSuffix(f.Name, ".jpg"):
		return "image/jpeg"
	case strings.HasSuffix(f.Name, ".webp"):
		return "image/webp"
	}
	return "application/octet-stream"
}
