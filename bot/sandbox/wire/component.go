package wire

import (
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// Component types.
const (
	ActionRow     = 1
	Button        = 2
	StringSelect  = 3
	TextInput     = 4
	UserSelect    = 5
	RoleSelect    = 6
	MentionSelect = 7
	ChannelSelect = 8
	Section       = 9
	TextDisplay   = 10
	Thumbnail     = 11
	MediaGallery  = 12
	FileComponent = 13
	Separator     = 14
	Container     = 17
	Label         = 18
	FileUpload    = 19
	RadioGroup    = 21
	CheckboxGroup = 22
	Checkbox      = 23
)

// LinkButton is the button style with a URL instead of a custom_id.
const LinkButton = 5

// Emoji is an emoji on a button or in a select menu.
type Emoji struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
	Animated bool   `json:"animated,omitempty"`
}

// SelectOption is one option of a string select, a radio group or a checkbox group.
type SelectOption struct {
	Label       string `json:"label"`
	Value       string `json:"value"`
	Description string `json:"description,omitempty"`
	Emoji       *Emoji `json:"emoji,omitempty"`
	Default     bool   `json:"default,omitempty"`
}

// Media is an unfurled media item. A bot sends the URL alone, which may be attachment://name. The API adds the rest.
type Media struct {
	URL          string `json:"url"`
	ProxyURL     string `json:"proxy_url,omitempty"`
	Width        int    `json:"width,omitempty"`
	Height       int    `json:"height,omitempty"`
	ContentType  string `json:"content_type,omitempty"`
	AttachmentID string `json:"attachment_id,omitempty"` // of a file of the same message
	Size         int    `json:"-"`                       // of that file in bytes
}

// GalleryItem is one item of a media gallery.
type GalleryItem struct {
	Media       Media  `json:"media"`
	Description string `json:"description,omitempty"`
	Spoiler     bool   `json:"spoiler,omitempty"`
}

// Component is any component. Type decides which fields it uses.
type Component struct {
	Type        int            `json:"type"`
	ID          int            `json:"id,omitempty"`
	CustomID    string         `json:"custom_id,omitempty"`
	Style       int            `json:"style,omitempty"`
	Label       string         `json:"label,omitempty"`
	Description string         `json:"description,omitempty"`
	Emoji       *Emoji         `json:"emoji,omitempty"`
	URL         string         `json:"url,omitempty"`
	Disabled    bool           `json:"disabled,omitempty"`
	Options     []SelectOption `json:"options,omitempty"`
	Placeholder string         `json:"placeholder,omitempty"`
	MinValues   *int           `json:"min_values,omitempty"`
	MaxValues   *int           `json:"max_values,omitempty"`
	MinLength   *int           `json:"min_length,omitempty"`
	MaxLength   *int           `json:"max_length,omitempty"`
	Required    *bool          `json:"required,omitempty"`
	Value       string         `json:"value,omitempty"`
	Default     *bool          `json:"default,omitempty"`
	FileTypes   []string       `json:"file_types,omitempty"`
	Content     string         `json:"content,omitempty"`
	Media       *Media         `json:"media,omitempty"`
	File        *Media         `json:"file,omitempty"`
	Name        string         `json:"name,omitempty"` // of the file, which the API adds
	Size        int            `json:"size,omitempty"` // of the file in bytes, which the API adds
	Items       []GalleryItem  `json:"items,omitempty"`
	Spoiler     bool           `json:"spoiler,omitempty"`
	AccentColor *int           `json:"accent_color,omitempty"`
	Divider     *bool          `json:"divider,omitempty"`
	Spacing     int            `json:"spacing,omitempty"`
	Accessory   *Component     `json:"accessory,omitempty"`
	Component   *Component     `json:"component,omitempty"` // a label's child
	Components  []Component    `json:"components,omitempty"`
}

// MarshalJSON writes the field components of an action row even if it is empty, as Discord does.
func (c Component) MarshalJSON() ([]byte, error) {
	type plain Component
	if c.Type == ActionRow && c.Components == nil {
		c.Components = []Component{}
	}
	return json.Marshal(plain(c))
}

// Walk calls visit for every component, parents first. at is the component's path in the request, as error bodies show
// it: "components.0.components.2".
func Walk(list []Component, at string, visit func(at string, c *Component)) {
	for i := range list {
		walkOne(&list[i], at+"."+strconv.Itoa(i), visit)
	}
}

func walkOne(c *Component, at string, visit func(string, *Component)) {
	visit(at, c)
	Walk(c.Components, at+".components", visit)
	if c.Accessory != nil {
		walkOne(c.Accessory, at+".accessory", visit)
	}
	if c.Component != nil {
		walkOne(c.Component, at+".component", visit)
	}
}

// FindComponent returns the component with this custom_id, or nil.
func FindComponent(list []Component, customID string) *Component {
	var found *Component
	Walk(list, "components", func(_ string, c *Component) {
		if c.CustomID == customID && customID != "" && found == nil {
			found = c
		}
	})
	return found
}

// Modal is a form that the bot opens as its response to an interaction.
type Modal struct {
	CustomID   string      `json:"custom_id"`
	Title      string      `json:"title"`
	Components []Component `json:"components"`
}

// length counts characters as Discord's limits do.
func length(s string) int { return utf8.RuneCountInString(s) }
