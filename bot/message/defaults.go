package message

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"darkroom/bot/language"
	"darkroom/render/encode"
	"darkroom/render/phrase"
	"darkroom/render/picture"
	"darkroom/render/request"
)

// The refusals of /prefer and /settings.
const (
	ErrNoDefault        = Refusal("Nothing to set: choose at least one setting.")
	ErrSuffixTooLong    = Refusal("This suffix is too long: at most 500 characters.")
	ErrLanguage         = Refusal("I do not know that language. Choose one from the list.")
	ErrNotManager       = Refusal("Only moderators (Manage Server) can do that. Set what you want yourself by /prefer.")
	ErrNoServerSettings = Refusal("This is set for a server. In direct messages there is /prefer.")
)

// ResetPreferences is the argument of the button that removes all preferences.
const ResetPreferences = "reset"

// Languages are the tags of the languages that can be chosen.
func Languages() []string { return language.Known() }

// Effective is what a request that says nothing uses, and where that comes from. It is zero while no model is known.
type Effective struct {
	Spec    picture.Spec
	Origins []request.Origin
	Notes   []phrase.Phrase // what of the defaults cannot be used, one sentence each, not escaped
}

// Preferences are what a person wants by default, as a message shows them.
type Preferences struct {
	Effective
	Options     map[string]string // what the person set
	Names       []string          // of options, in the order in which they are shown
	Suffix      string
	Remix, Ping bool
	Language    string // its tag; empty for Discord's

	ToggleRemix, TogglePing, Reset string // custom_ids
}

// Message shows the preferences, with buttons that change some.
func (p Preferences) Message(l language.Language) Message {
	lines := []string{l.Text("**Your defaults here**")}
	lines = append(lines, p.lines(l, p.Names, p.Options)...)
	suffix := l.Text("none")
	if p.Suffix != "" {
		suffix = Escape(Shorten(p.Suffix, maxValueShown))
	}
	lines = append(lines, "", l.Sprintf("**Suffix** of every prompt: %s", suffix),
		l.Sprintf("**Language:** %s", languageName(p.Language, l.Text("the one of your Discord"))))
	lines = append(lines, p.noteLines(l)...)
	lines = append(lines, "-# "+l.Text("Change it with /prefer set, suffix and language. An option, a flag in the "+
		"prompt and a style go before it; it goes before what this server sets."))
	return Message{Content: strings.Join(lines, "\n"), Rows: []Row{{
		toggle(l.Text("Remix mode"), p.Remix, p.ToggleRemix), toggle(l.Text("Ping me at the end"), p.Ping, p.TogglePing),
		{Style: Danger, Label: l.Text("Reset all"), ID: p.Reset},
	}}}
}

// toggle is a button that is green while a setting is on.
func toggle(label string, on bool, id string) Button {
	if on {
		return Button{Style: Success, Emoji: "✅", Label: label, ID: id}
	}
	return Button{Style: Secondary, Emoji: "⬜", Label: label, ID: id}
}

// ServerSettings are what a server wants by default, as a message shows them.
type ServerSettings struct {
	Effective
	Options   map[string]string
	Names     []string
	Language  string // its tag; empty for Discord's
	Changed   bool   // somebody changed them
	ChangedBy string // empty if that person was erased
	ChangedAt time.Time
}

// Message shows the settings.
func (s ServerSettings) Message(l language.Language) Message {
	lines := []string{l.Text("**Defaults of this server**")}
	lines = append(lines, s.lines(l, s.Names, s.Options)...)
	all := languageName(s.Language, l.Text("the one of each person's Discord"))
	lines = append(lines, "", l.Sprintf("**Language** of what everybody reads: %s", all))
	lines = append(lines, s.noteLines(l)...)
	lines = append(lines,
		"-# "+l.Text("Change it with /settings set and language. What people set by /prefer goes before it."))
	if s.Changed {
		lines = append(lines, LastChange(l, s.ChangedBy, s.ChangedAt))
	}
	return Message{Content: strings.Join(lines, "\n")}
}

// maxValueShown is how much of a text is shown in a list, in characters.
const maxValueShown = 200

// SettingsChanged is the heading of what is shown after a change, with notes about it.
func SettingsChanged(l language.Language, notes []phrase.Phrase) string {
	lines := []string{l.Text("**Changed.**")}
	for _, note := range notes {
		lines = append(lines, "• "+Escape(l.Print(note)))
	}
	return strings.Join(lines, "\n") + "\n"
}

func languageName(tag, discords string) string {
	if tag == "" {
		return discords
	}
	return language.Find(tag).Name()
}

func (e Effective) noteLines(l language.Language) (lines []string) {
	for _, note := range e.Notes {
		lines = append(lines, "⚠️ "+Escape(l.Print(note)))
	}
	return lines
}

// lines lists the settings by the names of their options, each with where it comes from. While no model is known, only
// what was set is known.
func (e Effective) lines(l language.Language, names []string, options map[string]string) (lines []string) {
	for _, name := range names {
		value, from := e.value(name), e.from(l, name)
		if e.Spec.Model.Name == "" {
			value, from = optionText(name, options[name]), ""
		}
		if value == "" || name == "aspect_ratio" && e.Spec.Model.Name != "" {
			continue
		}
		line := "`" + name + "` " + Escape(Shorten(value, maxValueShown))
		if from != "" {
			line += " · " + from
		}
		lines = append(lines, line)
	}
	if len(lines) == 0 {
		lines = append(lines, l.Text("nothing is set"))
	}
	return lines
}

// value is what the Spec says of an option; "" for what most images leave as it is.
func (e Effective) value(name string) string {
	s := e.Spec
	switch name {
	case "model":
		return s.Model.Name
	case "size":
		return fmt.Sprintf("%d×%d", s.Width, s.Height)
	case "count":
		return fmt.Sprint(s.Count)
	case "steps":
		return fmt.Sprint(s.Steps)
	case "guidance_scale":
		return fmt.Sprintf("%g", s.GuidanceScale)
	case "sampler":
		return encode.SamplerTitle(s.Sampler)
	case "negative_prompt":
		return s.Negative
	}
	return e.rareValue(name)
}

// rareValue is the value of a setting that is shown only where somebody set it.
func (e Effective) rareValue(name string) string {
	s := e.Spec
	switch {
	case e.origin(name) == "":
		return ""
	case name == "hires" && s.Hires != nil:
		return fmt.Sprintf("%g×", s.Hires.Scale)
	case name == "vae" && s.VAE != nil:
		return s.VAE.Name
	case name == "vae":
		return "none"
	case name == "clip_skip":
		return fmt.Sprint(max(1, s.ClipSkip))
	case name == "tile":
		return fmt.Sprint(s.Tiling)
	case name == "notation":
		return string(s.Notation)
	case name == "emphasis" && s.Emphasis == picture.EmphasisOriginal:
		return "original"
	case name == "emphasis":
		return string(s.Emphasis)
	}
	return ""
}

// origin is what decided a setting; "" for the model.
func (e Effective) origin(name string) request.Source {
	for _, o := range e.Origins {
		if slices.Contains(o.Settings, name) || name == "size" && slices.Contains(o.Settings, "aspect_ratio") {
			return o.From
		}
	}
	return ""
}

// from says what decided a setting.
func (e Effective) from(l language.Language, name string) string {
	switch e.origin(name) {
	case request.FromPerson:
		return l.Text("your /prefer")
	case request.FromServer:
		return l.Text("this server's /settings")
	}
	return l.Text("the model")
}

// optionText is the stored value of an option.
func optionText(name, value string) string {
	if name == "sampler" && value != "" {
		return encode.SamplerTitle(encode.SamplerName(value, ""))
	}
	return value
}

// originText says which settings of an image a source decided.
func originText(l language.Language, o request.Origin) string {
	settings := Escape(strings.Join(o.Settings, ", "))
	switch o.From {
	case request.FromPerson:
		return l.Sprintf("By /prefer of the person who asked: %s", settings)
	case request.FromServer:
		return l.Sprintf("By /settings of the server: %s", settings)
	}
	return l.Sprintf("By the style: %s", settings)
}
