package command

import (
	"unicode/utf8"

	"darkroom/bot/language"
)

// Localizations are texts by Discord's codes of languages.
type Localizations map[string]string

// locales are the languages of Discord's clients. Source: Discord, reference, "Locales".
var locales = []string{
	"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro",
	"fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
}

const (
	// maxText is Discord's limit on a description and on the name of a choice, in characters.
	maxText = 100
	// maxName is Discord's limit on the name of a command, in characters.
	maxName = 32
)

// localize adds the texts of all languages that are known. The names of slash commands and of options stay English, so
// that what the help says, and what people tell each other, is true for all.
func localize(commands []Command) []Command {
	for i := range commands {
		c := &commands[i]
		c.DescriptionLocalizations = inLanguages(c.Description, maxText)
		if c.Type == kindMessage {
			c.NameLocalizations = inLanguages(c.Name, maxName)
		}
		localizeOptions(c.Options)
	}
	return commands
}

func localizeOptions(options []Option) {
	for i := range options {
		o := &options[i]
		o.DescriptionLocalizations = inLanguages(o.Description, maxText)
		for n := range o.Choices {
			o.Choices[n].NameLocalizations = inLanguages(o.Choices[n].Name, maxText)
		}
		localizeOptions(o.Options)
	}
}

// inLanguages returns a text in the languages that have it. One that is too long stays English: Discord would refuse
// all commands because of it.
func inLanguages(english string, most int) (all Localizations) {
	if english == "" {
		return nil
	}
	for _, code := range locales {
		text := language.Find(code).Text(english)
		if text == english || utf8.RuneCountInString(text) > most {
			continue
		}
		if all == nil {
			all = Localizations{}
		}
		all[code] = text
	}
	return all
}
