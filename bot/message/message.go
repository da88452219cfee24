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
	KeepFiles  bool // edits: the files that are there stay, whichever they are
	Rows       []Row
	Private    bool     // only the person who asked sees it; first answers and follow-ups only
	AllowUsers []string // who may be pinged; nobody else ever is
	Nonce      string   // channel posts: at most 25 characters; a second post with it within minutes returns the first
}

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
	Required    *bool           `json:"required,omitempty"`
	MaxLength   int             `json:"max_length,omitempty"`
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
	Content         string           `json:"content"`
	Components      []componentJSON  `json:"components"`
	Attachments     []attachmentJSON `json:"attachments,omitzero"` // nil leaves the files as they are
	AllowedMentions mentionsJSON     `json:"allowed_mentions"`
	Flags           int              `json:"flags,omitempty"`
	Nonce           string           `json:"nonce,omitempty"`
	EnforceNonce    bool             `json:"enforce_nonce,omitempty"`
}

// Payload returns the JSON body of a message. Lists are never null: allowed_mentions must be explicit on every create
// and edit, and attachments decides which files stay.
func (m Message) Payload() any {
	p := messageJSON{
		Content:         Shorten(m.Content, MaxContent),
		Components:      rowsJSON(m.Rows),
		Attachments:     []attachmentJSON{},
		AllowedMentions: mentionsJSON{Parse: []string{}, Users: m.AllowUsers},
		Flags:           noEmbeds,
		Nonce:           m.Nonce,
		EnforceNonce:    m.Nonce != "",
	}
	if m.Private {
		p.Flags |= Ephemeral
	}
	if m.KeepFiles && len(m.Files) == 0 {
		p.Attachments = nil
	}
	for i, f := range m.Files {
		p.Attachments = append(p.Attachments, attachmentJSON{
			ID: strconv.Itoa(i), Filename: f.SafeName(), Description: Shorten(f.Description, 1024), IsSpoiler: f.Spoiler,
		})
	}
	return p
}

func rowsJSON(rows []Row) []componentJSON {
	out := []componentJSON{}
	for _, row := range rows {
		r := componentJSON{Type: 1}
		for _, b := range row {
			r.Components = append(r.Components, b.json())
		}
		out = append(out, r)
	}
	return out
}

func (b Button) json() componentJSON {
	c := componentJSON{Type: 2, Style: int(b.Style), Label: b.Label, CustomID: b.ID, Disabled: b.Disabled}
	if b.Emoji != "" {
		c.Emoji = &emojiJSON{Name: b.Emoji}
	}
	return c
}

// SafeName returns a name that is safe in a header and in attachment:// links. The prefix SPOILER_ hides an image in
// clients that do not know is_spoiler.
func (f File) SafeName() string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, strings.ToLower(f.Name))
	if f.Spoiler {
		return "SPOILER_" + name
	}
	return name
}

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
