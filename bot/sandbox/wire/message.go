package wire

import (
	"encoding/json"
	"time"
)

// Message flags.
const (
	FlagSuppressEmbeds = 1 << 2
	FlagEphemeral      = 1 << 6
	FlagLoading        = 1 << 7 // deferred: "is thinking…"
	FlagSilent         = 1 << 12
	FlagComponentsV2   = 1 << 15
)

// Message types.
const (
	DefaultMessage = 0
	ReplyMessage   = 19
	CommandMessage = 20
)

// Attachment is a file of a message. Its URLs get a new signature whenever the API sends the message.
type Attachment struct {
	ID          string `json:"id"`
	Filename    string `json:"filename"`
	Description string `json:"description,omitempty"`
	ContentType string `json:"content_type,omitempty"`
	Size        int    `json:"size"` // bytes
	URL         string `json:"url"`
	ProxyURL    string `json:"proxy_url"`
	Width       int    `json:"width,omitempty"`
	Height      int    `json:"height,omitempty"`
	Ephemeral   bool   `json:"ephemeral,omitempty"`
	Spoiler     bool   `json:"is_spoiler,omitempty"`
}

// Embed is an embed of a message.
type Embed struct {
	Type        string       `json:"type,omitempty"`
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description,omitempty"`
	URL         string       `json:"url,omitempty"`
	Timestamp   string       `json:"timestamp,omitempty"`
	Color       int          `json:"color,omitempty"`
	Footer      *EmbedFooter `json:"footer,omitempty"`
	Image       *EmbedImage  `json:"image,omitempty"`
	Thumbnail   *EmbedImage  `json:"thumbnail,omitempty"`
	Author      *EmbedAuthor `json:"author,omitempty"`
	Fields      []EmbedField `json:"fields,omitempty"`
}

// EmbedFooter is the text at the end of an embed.
type EmbedFooter struct {
	Text    string `json:"text"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedImage is an image of an embed. URL may be attachment://name.
type EmbedImage struct {
	URL string `json:"url"`
}

// EmbedAuthor is the line above an embed's title.
type EmbedAuthor struct {
	Name    string `json:"name"`
	URL     string `json:"url,omitempty"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedField is a field of an embed: a name and a value.
type EmbedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

// Reference identifies the message that another one replies to.
type Reference struct {
	MessageID string `json:"message_id,omitempty"`
	ChannelID string `json:"channel_id,omitempty"`
	GuildID   string `json:"guild_id,omitempty"`
	FailIfNot *bool  `json:"fail_if_not_exists,omitempty"`
}

// InteractionMetadata is a message's interaction_metadata: the interaction to which the message responds.
type InteractionMetadata struct {
	ID                  string            `json:"id"`
	Type                int               `json:"type"`
	User                User              `json:"user"`
	Name                string            `json:"name,omitempty"`
	Owners              map[string]string `json:"authorizing_integration_owners"`
	InteractedMessageID string            `json:"interacted_message_id,omitempty"`
}

// Message is a message as the API sends it.
type Message struct {
	ID              string               `json:"id"`
	ChannelID       string               `json:"channel_id"`
	GuildID         string               `json:"guild_id,omitempty"` // gateway events only
	Type            int                  `json:"type"`
	Author          User                 `json:"author"`
	Content         string               `json:"content"`
	Timestamp       time.Time            `json:"timestamp"`
	EditedTimestamp *time.Time           `json:"edited_timestamp"`
	TTS             bool                 `json:"tts"`
	MentionEveryone bool                 `json:"mention_everyone"`
	Mentions        []User               `json:"mentions"`
	MentionRoles    []string             `json:"mention_roles"`
	Attachments     []Attachment         `json:"attachments"`
	Embeds          []Embed              `json:"embeds"`
	Components      []Component          `json:"components"`
	Pinned          bool                 `json:"pinned"`
	Flags           int                  `json:"flags"`
	Nonce           json.RawMessage      `json:"nonce,omitempty"`
	WebhookID       string               `json:"webhook_id,omitempty"`
	ApplicationID   string               `json:"application_id,omitempty"`
	Interaction     *InteractionMetadata `json:"interaction_metadata,omitempty"`
	Reference       *Reference           `json:"message_reference,omitempty"`
	Referenced      *Message             `json:"referenced_message,omitempty"`
}

// Ephemeral reports whether only one user sees the message.
func (m *Message) Ephemeral() bool { return m.Flags&FlagEphemeral != 0 }

// Loading reports whether the message is a deferred response that still shows "thinking…".
func (m *Message) Loading() bool { return m.Flags&FlagLoading != 0 }
