package wire

import (
	"net/url"
	"regexp"
	"strings"
)

// Limits of a message, in characters or entries (Discord's message and component references).
const (
	MaxContent     = 2000
	MaxEmbeds      = 10
	MaxEmbedTotal  = 6000
	MaxRows        = 5
	MaxRowButtons  = 5
	MaxV2          = 40   // components of a V2 message, nested ones included
	MaxV2Text      = 4000 // characters of all its text displays
	MaxGallery     = 10
	MaxFiles       = 10
	MaxCustomID    = 100
	MaxNonce       = 25
	MaxChoices     = 25
	MaxDescription = 1024 // of an attachment
	MaxOptions     = 25   // of a select menu
)

// CheckDraft returns what is wrong with a message body, apart from its channel; nil if nothing is. kept is how many
// earlier files stay on the message.
func CheckDraft(d *Draft, flags, kept int) error {
	var f FieldErrors
	f.MaxLength("content", d.Text(), MaxContent)
	f.MaxLength("nonce", d.NonceText(), MaxNonce)
	checkEmbeds(&f, d.Embeds)
	f.MaxCount("attachments", kept+len(d.Files), MaxFiles)
	for i, ref := range d.Attachments {
		if ref.Description != nil {
			f.MaxLength("attachments."+itoa(i)+".description", *ref.Description, MaxDescription)
		}
	}
	CheckComponents(&f, d.Components, flags)
	if flags&FlagComponentsV2 != 0 && (d.Text() != "" || len(d.Embeds) > 0 || d.HasPoll()) {
		f.Add("flags", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
			"The 'content', 'embeds', 'poll' and 'sticker_ids' fields cannot be used with MessageFlags.IS_COMPONENTS_V2")
	}
	checkMentions(&f, d.Mentions)
	return f.Err()
}

func checkEmbeds(f *FieldErrors, embeds []Embed) {
	f.MaxCount("embeds", len(embeds), MaxEmbeds)
	total := 0
	for i, e := range embeds {
		total += checkEmbed(f, "embeds."+itoa(i), e)
	}
	if total > MaxEmbedTotal {
		f.Add("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of %d", MaxEmbedTotal)
	}
}

func checkEmbed(f *FieldErrors, at string, e Embed) int {
	f.MaxLength(at+".title", e.Title, 256)
	f.MaxLength(at+".description", e.Description, 4096)
	f.MaxCount(at+".fields", len(e.Fields), 25)
	total := length(e.Title) + length(e.Description)
	for i, x := range e.Fields {
		f.LengthBetween(at+".fields."+itoa(i)+".name", x.Name, 1, 256)
		f.LengthBetween(at+".fields."+itoa(i)+".value", x.Value, 1, 1024)
		total += length(x.Name) + length(x.Value)
	}
	if e.Footer != nil {
		f.MaxLength(at+".footer.text", e.Footer.Text, 2048)
		total += length(e.Footer.Text)
	}
	if e.Author != nil {
		f.LengthBetween(at+".author.name", e.Author.Name, 1, 256)
		total += length(e.Author.Name)
	}
	return total
}

func checkRow(f *FieldErrors, at string, c *Component) {
	if len(c.Components) < 1 || len(c.Components) > MaxRowButtons {
		f.Add(at+".components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and %d in length.", MaxRowButtons)
	}
	for _, child := range c.Components {
		if child.Type != Button && len(c.Components) > 1 {
			f.Add(at, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "The specified component exceeds the maximum width")
			return
		}
	}
}

func checkButton(f *FieldErrors, at string, c *Component) {
	f.MaxLength(at+".label", c.Label, 80)
	if c.Label == "" && c.Emoji == nil {
		f.Add(at, "BUTTON_COMPONENT_LABEL_REQUIRED", "A button needs a label or an emoji.")
	}
	if c.Emoji != nil {
		checkEmoji(f, at, c.Emoji)
	}
	switch {
	case c.Style == LinkButton:
		checkURL(f, at+".url", c.URL)
	case c.Style < 1 || c.Style > 6:
		f.Add(at+".style", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
	default:
		f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	}
}

func checkEmoji(f *FieldErrors, at string, e *Emoji) {
	if e.ID == "" && !looksLikeEmoji.MatchString(e.Name) {
		f.Add(at+".emoji.name", "BUTTON_COMPONENT_INVALID_EMOJI", "Invalid emoji")
	}
}

// looksLikeEmoji matches a Unicode emoji and refuses plain text. Keycaps start with a digit.
var looksLikeEmoji = regexp.MustCompile(`^([0-9#*]\x{FE0F}?\x{20E3}|` +
	`[\x{A9}\x{AE}\x{200D}\x{203C}-\x{3299}\x{FE0F}\x{1F000}-\x{1FAFF}\x{E0020}-\x{E007F}]+)$`)

func checkURL(f *FieldErrors, at, s string) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "discord") || len(s) > 512 {
		f.Add(at, "URL_TYPE_INVALID_URL", "Not a well formed URL.")
	}
}

func checkSelect(f *FieldErrors, at string, c *Component) {
	f.LengthBetween(at+".custom_id", c.CustomID, 1, MaxCustomID)
	f.MaxLength(at+".placeholder", c.Placeholder, 150)
	checkCount(f, at+".options", len(c.Options), 1, MaxOptions)
	chosen := checkSelectOptions(f, at, c.Options)
	least, most := 1, 1
	if n := c.MinValues; n != nil {
		least = *n
		if least < 0 || least > MaxOptions {
			f.Add(at+".min_values", "NUMBER_TYPE_MAX", "int value should be between 0 and %d.", MaxOptions)
		}
	}
	if n := c.MaxValues; n != nil {
		most = *n
		if most < max(least, 1) || most > min(len(c.Options), MaxOptions) {
			f.Add(at+".max_values", "NUMBER_TYPE_MAX", "int value should be between %d and %d.",
				max(least, 1), min(len(c.Options), MaxOptions))
		}
	}
	if chosen > most {
		f.Add(at+".options", "SELECT_COMPONENT_TOO_MANY_DEFAULTS", "At most %d options can be the default.", most)
	}
}

// checkSelectOptions checks the options of a select menu, a radio group or a checkbox group, and counts those that are
// chosen when it is shown.
func checkSelectOptions(f *FieldErrors, at string, options []SelectOption) (chosen int) {
	seen := map[string]bool{}
	for i, o := range options {
		at := at + ".options." + itoa(i)
		f.LengthBetween(at+".label", o.Label, 1, 100)
		f.LengthBetween(at+".value", o.Value, 1, 100)
		f.MaxLength(at+".description", o.Description, 100)
		if seen[o.Value] {
			f.Add(at+".value", "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "The specified option value is already used")
		}
		if seen[o.Value] = true; o.Default {
			chosen++
		}
	}
	return chosen
}

func checkMentions(f *FieldErrors, m *AllowedMentions) {
	if m == nil {
		return
	}
	f.MaxCount("allowed_mentions.users", len(m.Users), 100)
	f.MaxCount("allowed_mentions.roles", len(m.Roles), 100)
	for i, kind := range m.Parse {
		if kind != "users" && kind != "roles" && kind != "everyone" {
			f.Add("allowed_mentions.parse."+itoa(i), "BASE_TYPE_CHOICES", "Value must be one of ('users', 'roles', 'everyone').")
		}
		if kind == "users" && len(m.Users) > 0 || kind == "roles" && len(m.Roles) > 0 {
			f.Add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
				"parse:[\"%s\"] and %s: [ids...] are mutually exclusive.", kind, kind)
		}
	}
}

// SafeName changes an uploaded file's name as Discord does.
func SafeName(name string) string {
	name = unsafeName.ReplaceAllString(strings.ReplaceAll(name, " ", "_"), "")
	if name == "" || strings.Trim(name, ".") == "" {
		return "unknown"
	}
	return name
}

var unsafeName = regexp.MustCompile(`[^A-Za-z0-9._-]`)
