package wire

// Interaction types.
const (
	TypeCommand      = 2
	TypeComponent    = 3
	TypeAutocomplete = 4
	TypeModalSubmit  = 5
)

// OptionValue is an option of a command in an interaction.
type OptionValue struct {
	Name    string        `json:"name"`
	Type    int           `json:"type"`
	Value   any           `json:"value,omitempty"`
	Options []OptionValue `json:"options,omitempty"`
	Focused bool          `json:"focused,omitempty"`
}

// Resolved holds the objects whose ids are option values.
type Resolved struct {
	Users       map[string]User       `json:"users,omitempty"`
	Members     map[string]Member     `json:"members,omitempty"`
	Channels    map[string]Channel    `json:"channels,omitempty"`
	Messages    map[string]Message    `json:"messages,omitempty"`
	Attachments map[string]Attachment `json:"attachments,omitempty"`
}

// InteractionData is the field data of an interaction.
type InteractionData struct {
	ID            string               `json:"id,omitempty"`
	Name          string               `json:"name,omitempty"`
	Type          int                  `json:"type,omitempty"`
	GuildID       string               `json:"guild_id,omitempty"`
	TargetID      string               `json:"target_id,omitempty"` // of a user or message command
	Options       []OptionValue        `json:"options,omitempty"`
	Resolved      *Resolved            `json:"resolved,omitempty"`
	CustomID      string               `json:"custom_id,omitempty"`
	ComponentType int                  `json:"component_type,omitempty"`
	Values        []string             `json:"values,omitempty"`
	Components    []SubmittedComponent `json:"components,omitempty"`
}

// SubmittedComponent is a component of a submitted modal: a row or label with its child, and what was filled in: a text
// or a choice in Value, several choices or the ids of files in Values, true or false of a checkbox in Value.
type SubmittedComponent struct {
	Type       int                  `json:"type"`
	ID         int                  `json:"id,omitempty"`
	CustomID   string               `json:"custom_id,omitempty"`
	Value      any                  `json:"value,omitempty"`
	Values     []string             `json:"values,omitempty"`
	Component  *SubmittedComponent  `json:"component,omitempty"`
	Components []SubmittedComponent `json:"components,omitempty"`
}

// Interaction is the INTERACTION_CREATE payload.
type Interaction struct {
	ID             string            `json:"id"`
	ApplicationID  string            `json:"application_id"`
	Type           int               `json:"type"`
	Data           InteractionData   `json:"data"`
	Guild          map[string]any    `json:"guild,omitempty"`
	GuildID        string            `json:"guild_id,omitempty"`
	GuildLocale    string            `json:"guild_locale,omitempty"`
	Channel        Channel           `json:"channel"`
	ChannelID      string            `json:"channel_id"`
	Member         *Member           `json:"member,omitempty"`
	User           *User             `json:"user,omitempty"`
	Token          string            `json:"token"`
	Version        int               `json:"version"`
	Message        *Message          `json:"message,omitempty"`
	AppPermissions string            `json:"app_permissions"`
	Locale         string            `json:"locale"`
	Entitlements   []any             `json:"entitlements"`
	EntitlementIDs []any             `json:"entitlement_sku_ids"`
	Owners         map[string]string `json:"authorizing_integration_owners"`
	Context        int               `json:"context"`
	FileLimit      int64             `json:"attachment_size_limit"` // bytes per file
}
