package command

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"darkroom/render/picture"
)

// The kinds of options. Source: Discord, interactions/application-commands, "Application Command Option Type".
const (
	kindSub        = 1
	kindString     = 3
	kindInteger    = 4
	kindBool       = 5
	kindRole       = 8
	kindAttachment = 11
	kindNumber     = 10
)

// The places where a command may be used. Source: Discord, "Interaction Context Types".
const (
	inGuild = 0
	inBotDM = 1
)

// manageServer is the permission that a person needs to see moderation commands. It is only a hint to Discord: the bot
// checks the person's permissions again.
const manageServer = "32"

// Command is one application command as Discord registers it.
type Command struct {
	Name        string   `json:"name"`
	Type        int      `json:"type"`                  // 1 is a slash command, 3 a message command
	Description string   `json:"description,omitempty"` // a message command has none
	Options     []Option `json:"options,omitempty"`
	Permissions *string  `json:"default_member_permissions,omitempty"`
	Contexts    []int    `json:"contexts"`
	Installs    []int    `json:"integration_types"` // 0 is "to a server"

	NameLocalizations        Localizations `json:"name_localizations,omitempty"` // of a message command
	DescriptionLocalizations Localizations `json:"description_localizations,omitempty"`
}

// Option is one option, or a subcommand with options of its own.
type Option struct {
	Type         int      `json:"type"`
	Name         string   `json:"name"`
	Description  string   `json:"description"`
	Required     bool     `json:"required,omitempty"`
	Choices      []Choice `json:"choices,omitempty"`
	Options      []Option `json:"options,omitempty"`
	Min          *float64 `json:"min_value,omitempty"`
	Max          *float64 `json:"max_value,omitempty"`
	MaxLength    int      `json:"max_length,omitempty"` // in characters
	Autocomplete bool     `json:"autocomplete,omitempty"`

	DescriptionLocalizations Localizations `json:"description_localizations,omitempty"`
}

// Choice is one possible value of an option.
type Choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`

	NameLocalizations Localizations `json:"name_localizations,omitempty"`
}

// Aspects are the aspect ratios that /imagine offers. Any other ratio can be typed as --ar.
func Aspects() []string { return []string{"1:1", "3:2", "2:3", "4:3", "3:4", "16:9", "9:16"} }

// All returns the commands to register, for servers and the bot's direct messages, with their texts in all languages.
func All() []Command {
	return localize([]Command{
		imagine(), queue(), info(), help(), cancel(), inbox(), limits(), preset(), prefer(), settings(), myData(), show(),
		messageCommand(ImageInfo), messageCommand(RemixImage), messageCommand(UpscaleImage),
	})
}

// Hash identifies a set of commands, so that they are registered again only when something changed.
func Hash(commands []Command) (string, error) {
	data, err := json.Marshal(commands)
	if err != nil {
		return "", fmt.Errorf("hash commands: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// HashRegistered identifies what a set of commands says as Discord has it. The ids and versions that Discord gives them
// do not count.
func HashRegistered(raw json.RawMessage) (string, error) {
	var commands []map[string]any
	if err := json.Unmarshal(raw, &commands); err != nil {
		return "", fmt.Errorf("hash registered commands: %w", err)
	}
	for _, c := range commands {
		for _, key := range []string{"id", "version", "application_id"} {
			delete(c, key)
		}
	}
	slices.SortFunc(commands, func(a, b map[string]any) int {
		return strings.Compare(fmt.Sprint(a["name"], a["type"]), fmt.Sprint(b["name"], b["type"]))
	})
	data, err := json.Marshal(commands) // its keys are sorted
	if err != nil {
		return "", fmt.Errorf("hash registered commands: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// HasAll tells whether the commands that Discord has are those of this program, by their names.
func HasAll(registered json.RawMessage) bool {
	var theirs []struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(registered, &theirs) != nil {
		return false
	}
	names := map[string]bool{}
	for _, c := range theirs {
		names[c.Name] = true
	}
	ours := All()
	return len(names) == len(ours) && !slices.ContainsFunc(ours, func(c Command) bool { return !names[c.Name] })
}

func slashCommand(name, description string, options ...Option) Command {
	return Command{
		Name: name, Type: 1, Description: description, Options: options, Contexts: []int{inGuild, inBotDM},
		Installs: []int{0},
	}
}

// imagine is /imagine: the options that presets share are in imageSettings.
//
// It has no max_length on its texts: if a prompt is too long, the bot's answer names the length, and the client
// would only stop without a reason.
func imagine() Command {
	words := []Option{
		{
			Type: kindString, Name: "prompt", Required: true,
			Description: "(word:1.2) is stronger, {red|blue} picks one, {red, blue} makes both; --ar 3:2 --no fog --tile",
		},
		negativePrompt(),
	}
	others := []Option{
		{
			Type: kindString, Name: styleOption, Autocomplete: true,
			Description: "Settings that were saved with /preset save; the options here override them",
		},
		{Type: kindAttachment, Name: "init_image", Description: "An image to start from"},
		{
			Type: kindAttachment, Name: "mask",
			Description: "What of the start image changes: white, strokes on transparent, or holes in it",
		},
		{Type: kindBool, Name: "private", Description: "Only you see the images; same as --private"},
	}
	return slashCommand("imagine", "Generate images from a prompt", inOrder(imagineOrder,
		slices.Concat(words, imageSettings(), others))...)
}

// imagineOrder is the order in which people see the options of /imagine: what is used most comes first.
var imagineOrder = []string{
	"prompt", "negative_prompt", "model", styleOption, "lora", "lora2", "lora3", "aspect_ratio", "size", "count", "seed",
	"steps", "guidance_scale", "sampler", "init_image", "strength", "mask", "fit", "hires", "draft", "private", "spoiler",
}

// inOrder sorts options by their names.
func inOrder(names []string, options []Option) []Option {
	slices.SortStableFunc(options, func(a, b Option) int {
		return cmp.Compare(slices.Index(names, a.Name), slices.Index(names, b.Name))
	})
	return options
}

func negativePrompt() Option {
	return Option{Type: kindString, Name: "negative_prompt", Description: "What to keep out of the image"}
}

func queue() Command { return slashCommand("queue", "Show the queue and your position in it") }

func info() Command {
	return slashCommand("info", "Show how many images you can still ask for, and which rules say so")
}

func help() Command {
	return slashCommand("help", "Show what to type, what the buttons do, and what can be painted")
}

func cancel() Command {
	return slashCommand("cancel", "Cancel one of your requests",
		Option{Type: kindString, Name: "job", Description: "Which request; your newest if left out", Autocomplete: true})
}

func inbox() Command { return slashCommand("inbox", "Show your images that could not be posted") }

func limits() Command {
	c := slashCommand("limits", "Limits of this server",
		Option{Type: kindSub, Name: "show", Description: "Show this server's limits"},
		Option{
			Type: kindSub, Name: "set", Description: "Change limits of this server; the others stay", Options: limitOptions(),
		},
		Option{
			Type: kindSub, Name: "role", Description: "Give a role more or less render time than others", Options: roleOptions(),
		},
		Option{Type: kindSub, Name: "reset", Description: "Remove all limits of this server; the weights of roles stay"},
	)
	may := manageServer
	c.Permissions, c.Contexts = &may, []int{inGuild}
	return c
}

func roleOptions() []Option {
	return []Option{
		{Type: kindRole, Name: "role", Description: "The role", Required: true},
		withRange(Option{
			Type: kindInteger, Name: "weight", Required: true,
			Description: "In percent: 200 waits half as long as 100; 0 removes the weight",
		}, 0, 1000),
	}
}

func limitOptions() []Option {
	number := func(name, description string, most float64) Option {
		return withRange(Option{Type: kindInteger, Name: name, Description: description + "; 0 is no limit"}, 0, most)
	}
	return []Option{
		number("waiting", "Images that one person may have waiting", 1000),
		number("running", "Images of one person that are generated at once", 1000),
		number("per_day", "Images per person in 24 hours", 100000),
		{
			Type: kindString, Name: "largest_size",
			Description: "Most pixels of an image, as a size such as 768x512; 0 is no limit",
		},
		number("most_steps", "Most steps", picture.MaxSteps),
		number("most_tiles", "Most images in one message", picture.MaxCount),
		{Type: kindBool, Name: "paused", Description: "Pause this server; waiting requests keep their position"},
		{Type: kindString, Name: "reason", Description: "Why it is paused; everyone who asks sees this"},
	}
}

func withRange(o Option, low, high float64) Option {
	o.Min, o.Max = &low, &high
	return o
}
