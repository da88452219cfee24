package command

import (
	"maps"
	"slices"

	"darkroom/bot/language"
	"darkroom/render/request"
)

// MaxSuffix is how many characters a suffix may have. The prompt itself needs room, too.
const MaxSuffix = 500

// MaxDefaultNegative is how many characters a default negative prompt may have.
const MaxDefaultNegative = 1000

// The settings of /prefer and /settings that are no options of /imagine.
const (
	SettingSuffix   = "suffix"
	SettingRemix    = "remix"
	SettingPing     = "ping"
	SettingLanguage = "language"
)

// AutoLanguage is the choice of a language that leaves it to Discord's.
const AutoLanguage = "auto"

// maxClipSkip is how many layers of a text encoder are skipped at most.
const maxClipSkip = 12

// defaultNames are the settings that may have a default, in the order in which people see them. What decides what an
// image shows has none: a seed, LoRAs, a start image. A suffix may name LoRAs.
var defaultNames = []string{
	"model", "aspect_ratio", "size", "count", "steps", "guidance_scale", "sampler", "negative_prompt", "vae", "clip_skip",
	"tile", "hires", "notation", "emphasis",
}

// DefaultNames returns the names of the options that may have a default, in the order in which people see them.
func DefaultNames() []string {
	var names []string
	for _, o := range defaultOptions() {
		names = append(names, o.Name)
	}
	return names
}

// defaultOptions are the options of /prefer set and of /settings set.
func defaultOptions() (options []Option) {
	all := append(presetSettings(), withRange(Option{
		Type: kindInteger, Name: "clip_skip", Description: "Which layer of the text encoder is read; same as --clip-skip",
	}, 1, maxClipSkip))
	for _, name := range defaultNames {
		i := slices.IndexFunc(all, func(o Option) bool { return o.Name == name })
		if i < 0 {
			continue
		}
		if name == "negative_prompt" {
			all[i].MaxLength = MaxDefaultNegative
		}
		options = append(options, all[i])
	}
	return options
}

// DefaultOptions returns the options of a command that may be defaults. An aspect ratio and a size exclude each other:
// the size stays if both are given.
func DefaultOptions(options map[string]string) map[string]string {
	kept, names := maps.Clone(options), DefaultNames()
	maps.DeleteFunc(kept, func(name, value string) bool { return value == "" || !slices.Contains(names, name) })
	if kept["size"] != "" {
		delete(kept, "aspect_ratio")
	}
	return kept
}

// WithDefaults is a set of defaults after some were changed. It is a new one.
func WithDefaults(options, changed map[string]string) map[string]string {
	all := maps.Clone(options)
	if all == nil {
		all = map[string]string{}
	}
	if changed["size"] != "" || changed["aspect_ratio"] != "" {
		delete(all, "size")
		delete(all, "aspect_ratio")
	}
	maps.Copy(all, changed)
	return all
}

// Preference reads stored defaults. It ignores options of another version that this one does not know.
func Preference(from request.Source, options map[string]string, suffix string) request.Preference {
	return request.Preference{From: from, Settings: parseWanted(DefaultOptions(options), nil), Suffix: suffix}
}

// prefer is /prefer.
func prefer() Command {
	on := Option{Type: kindBool, Name: "on", Description: "On or off; the other way round if left out"}
	return slashCommand("prefer", "What you want where a request does not say it, in every server",
		Option{Type: kindSub, Name: "show", Description: "Show what your requests use here, and where it comes from"},
		Option{
			Type: kindSub, Name: "set", Description: "Set defaults of yours; the others stay", Options: defaultOptions(),
		},
		Option{
			Type: kindSub, Name: SettingSuffix, Description: "Put something behind each of your prompts",
			Options: []Option{{
				Type: kindString, Name: "text", Description: "Words and flags, such as --ar 3:2; nothing if left out",
				MaxLength: MaxSuffix,
			}},
		},
		Option{
			Type: kindSub, Name: SettingRemix, Description: "Whether V buttons and 🔄 let you change the prompt first",
			Options: []Option{on},
		},
		Option{
			Type: kindSub, Name: SettingPing, Description: "Whether you are pinged when a request ends", Options: []Option{on},
		},
		languageSetting("The language in which I answer you"),
		resetSetting("Remove one of your settings, or all", SettingSuffix, SettingRemix, SettingPing, SettingLanguage),
	)
}

// settings is /settings.
func settings() Command {
	c := slashCommand("settings", "Defaults of this server",
		Option{Type: kindSub, Name: "show", Description: "Show what this server sets"},
		Option{
			Type: kindSub, Name: "set", Description: "Set defaults of this server; the others stay", Options: defaultOptions(),
		},
		languageSetting("The language of messages that everybody reads"),
		resetSetting("Remove one setting of this server, or all", SettingLanguage),
	)
	may := manageServer
	c.Permissions, c.Contexts = &may, []int{inGuild}
	return c
}

// languageSetting is the subcommand that chooses a language. There is room for 24 beside Discord's.
func languageSetting(description string) Option {
	choices := []Choice{{Name: "as in Discord", Value: AutoLanguage}}
	for _, tag := range language.Known() {
		if len(choices) < maxOptionChoices {
			choices = append(choices, Choice{Name: language.Find(tag).Name(), Value: tag})
		}
	}
	return Option{
		Type: kindSub, Name: SettingLanguage, Description: description,
		Options: []Option{{
			Type: kindString, Name: SettingLanguage, Description: "Which one", Required: true, Choices: choices,
		}},
	}
}

// maxOptionChoices is Discord's limit on the choices of an option.
const maxOptionChoices = 25

// resetSetting is the subcommand that removes a setting.
func resetSetting(description string, others ...string) Option {
	which := Option{Type: kindString, Name: "setting", Description: "Which one; all if left out"}
	for _, name := range append(DefaultNames(), others...) {
		which.Choices = append(which.Choices, Choice{Name: name, Value: name})
	}
	return Option{Type: kindSub, Name: "reset", Description: description, Options: []Option{which}}
}
