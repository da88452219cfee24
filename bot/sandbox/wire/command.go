package wire

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Option types of a command.
const (
	SubCommand       = 1
	SubCommandGroup  = 2
	StringOption     = 3
	IntegerOption    = 4
	BooleanOption    = 5
	UserOption       = 6
	ChannelOption    = 7
	RoleOption       = 8
	NumberOption     = 10
	AttachmentOption = 11
)

// Command types. Users run the last two from the menu of a user or a message.
const (
	ChatCommand    = 1
	UserCommand    = 2
	MessageCommand = 3
)

// Choice is a fixed value of an option, or a response to autocomplete.
type Choice struct {
	Name  string          `json:"name"`
	Value any             `json:"value"`
	Names json.RawMessage `json:"name_localizations,omitempty"`
}

// CommandOption is one option, subcommand or group.
type CommandOption struct {
	Type         int             `json:"type"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	Required     bool            `json:"required,omitempty"`
	Choices      []Choice        `json:"choices,omitempty"`
	Options      []CommandOption `json:"options,omitempty"`
	ChannelTypes []int           `json:"channel_types,omitempty"`
	MinValue     *float64        `json:"min_value,omitempty"`
	MaxValue     *float64        `json:"max_value,omitempty"`
	MinLength    *int            `json:"min_length,omitempty"`
	MaxLength    *int            `json:"max_length,omitempty"`
	Autocomplete bool            `json:"autocomplete,omitempty"`
	Names        json.RawMessage `json:"name_localizations,omitempty"`
	Descriptions json.RawMessage `json:"description_localizations,omitempty"`
}

// Command is a registered application command.
type Command struct {
	ID                string          `json:"id"`
	ApplicationID     string          `json:"application_id"`
	GuildID           string          `json:"guild_id,omitempty"`
	Version           string          `json:"version"`
	Type              int             `json:"type"` // 1 if absent
	Name              string          `json:"name"`
	Description       string          `json:"description"`
	Options           []CommandOption `json:"options,omitempty"`
	MemberPermissions *string         `json:"default_member_permissions"`
	DMPermission      *bool           `json:"dm_permission,omitempty"`
	NSFW              bool            `json:"nsfw"`
	Contexts          []int           `json:"contexts"`
	IntegrationTypes  []int           `json:"integration_types,omitempty"`
	Names             json.RawMessage `json:"name_localizations,omitempty"`
	Descriptions      json.RawMessage `json:"description_localizations,omitempty"`
}

// WithoutLocalizations is the command as Discord lists it where nobody asks for the texts in all languages.
func (c Command) WithoutLocalizations() Command {
	c.Names, c.Descriptions, c.Options = nil, nil, withoutLocalizations(c.Options)
	return c
}

func withoutLocalizations(options []CommandOption) []CommandOption {
	options = slices.Clone(options)
	for i := range options {
		o := &options[i]
		o.Names, o.Descriptions, o.Options = nil, nil, withoutLocalizations(o.Options)
		o.Choices = slices.Clone(o.Choices)
		for n := range o.Choices {
			o.Choices[n].Names = nil
		}
	}
	return options
}

// locales are the languages that Discord takes texts in. Source: Discord, reference, "Locales".
var locales = []string{
	"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro",
	"fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
}

// Locales returns the languages that a client can have.
func Locales() []string { return slices.Clone(locales) }

// checkLocalized adds what is wrong with a text in other languages.
func checkLocalized(f *FieldErrors, at string, localized json.RawMessage, most int) {
	if len(localized) == 0 {
		return
	}
	var texts map[string]string
	if json.Unmarshal(localized, &texts) != nil {
		f.Add(at, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
		return
	}
	for locale, text := range texts {
		if !slices.Contains(locales, locale) {
			f.Add(at+"."+locale, "BASE_TYPE_CHOICES", "Value must be one of Discord's locales.")
		}
		f.LengthBetween(at+"."+locale, text, 1, most)
	}
}

// commandName is the regular expression of Discord's documentation in Go's syntax, without the length: counting to 32
// there would take megabytes.
var commandName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]+$`)

// MaxCommandChars is the limit on the total length of all names, descriptions and choice values of one command.
const MaxCommandChars = 8000

// CheckCommand returns what is wrong with a command; nil if nothing is.
func CheckCommand(c *Command) error {
	var f FieldErrors
	checkName(&f, "name", c.Name, c.Type <= 1)
	switch {
	case c.Type <= ChatCommand:
		f.LengthBetween("description", c.Description, 1, 100)
	case c.Type > MessageCommand:
		f.Add("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
	default:
		f.MaxLength("description", c.Description, 0)
		f.MaxCount("options", len(c.Options), 0)
	}
	checkOptions(&f, "options", c.Options)
	checkLocalized(&f, "name_localizations", c.Names, 32)
	checkLocalized(&f, "description_localizations", c.Descriptions, 100)
	if n := CommandChars(c); n > MaxCommandChars {
		f.Add("options", "APPLICATION_COMMAND_TOO_LARGE",
			"Command exceeds maximum size (%d characters of %d)", n, MaxCommandChars)
	}
	return f.Err()
}

func checkName(f *FieldErrors, at, name string, slash bool) {
	if !slash {
		f.LengthBetween(at, name, 1, 32)
		return
	}
	if utf8.RuneCountInString(name) > 32 || !commandName.MatchString(name) || strings.ToLower(name) != name {
		f.Add(at, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
}

func checkOptions(f *FieldErrors, at string, options []CommandOption) {
	f.MaxCount(at, len(options), 25)
	seen, optional := map[string]bool{}, false
	for i := range options {
		o := &options[i]
		field := at + "." + itoa(i)
		checkName(f, field+".name", o.Name, true)
		f.LengthBetween(field+".description", o.Description, 1, 100)
		checkLocalized(f, field+".name_localizations", o.Names, 32)
		checkLocalized(f, field+".description_localizations", o.Descriptions, 100)
		if seen[o.Name] {
			f.Add(at, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", "Option names must be unique")
		}
		seen[o.Name] = true
		if o.Required && optional {
			f.Add(field, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
				"Required options must be placed before non-required options")
		}
		optional = optional || !o.Required
		checkOption(f, field, o)
	}
}

func checkOption(f *FieldErrors, at string, o *CommandOption) {
	if o.Type < SubCommand || o.Type > AttachmentOption {
		f.Add(at+".type", "BASE_TYPE_CHOICES", "Value must be between 1 and 11.")
	}
	f.MaxCount(at+".choices", len(o.Choices), MaxChoices)
	if o.Autocomplete && len(o.Choices) > 0 {
		f.Add(at+".autocomplete", "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_INVALID",
			"An option cannot have both choices and autocomplete")
	}
	if o.Autocomplete && o.Type != StringOption && o.Type != IntegerOption && o.Type != NumberOption {
		f.Add(at+".autocomplete", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
			"Autocomplete is not available for this type")
	}
	CheckChoices(f, at+".choices", o.Choices)
	for name, n := range map[string]*int{"min_length": o.MinLength, "max_length": o.MaxLength} {
		if n != nil && (o.Type != StringOption || *n < 0 || *n > 6000) {
			f.Add(at+"."+name, "NUMBER_TYPE_MAX", "Only for strings, between 0 and 6000.")
		}
	}
	checkOptions(f, at+".options", o.Options)
}

// CheckChoices adds what is wrong with the choices of an option or of an autocomplete response.
func CheckChoices(f *FieldErrors, at string, choices []Choice) {
	for i, c := range choices {
		f.LengthBetween(at+"."+itoa(i)+".name", strings.TrimSpace(c.Name), 1, 100)
		checkLocalized(f, at+"."+itoa(i)+".name_localizations", c.Names, 100)
		if s, ok := c.Value.(string); ok {
			f.LengthBetween(at+"."+itoa(i)+".value", s, 1, 100)
		}
	}
}

// CommandChars returns the number of characters that count towards MaxCommandChars.
func CommandChars(c *Command) int {
	return longest(c.Name, c.Names) + longest(c.Description, c.Descriptions) + optionChars(c.Options)
}

func optionChars(options []CommandOption) int {
	n := 0
	for _, o := range options {
		n += longest(o.Name, o.Names) + longest(o.Description, o.Descriptions)
		for _, c := range o.Choices {
			n += longest(c.Name, c.Names)
			if s, ok := c.Value.(string); ok {
				n += length(s)
			}
		}
		n += optionChars(o.Options)
	}
	return n
}

// longest returns the length of the longest localization of a text.
func longest(s string, localized json.RawMessage) int {
	n := length(s)
	var m map[string]string
	if json.Unmarshal(localized, &m) == nil {
		for _, t := range m {
			n = max(n, length(t))
		}
	}
	return n
}
