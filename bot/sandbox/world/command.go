package world

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"darkroom/bot/sandbox/wire"
)

// Option is an option a person fills in: a value, or a file for attachment options.
type Option struct {
	Name  string
	Value any // string, number, bool, or the id of a user or channel
	File  *wire.Upload
}

// With fills in an option with a value.
func With(name string, value any) Option { return Option{Name: name, Value: value} }

// WithFile fills in an attachment option.
func WithFile(name, file string, data []byte) Option {
	return Option{Name: name, File: &wire.Upload{Name: file, Data: data}}
}

// Command runs a slash command; subcommands are written "limits set". It is
// refused as a client would refuse it: unknown or missing options, values that
// do not fit.
func (w *World) Command(user, channel, name string, options ...Option) (Interaction, error) {
	return w.startCommand(wire.TypeCommand, user, channel, name, "", options)
}

// Typing asks the bot for suggestions for the option named focus, whose value so far is among the options.
func (w *World) StartAutocomplete(user, channel, name, focus string, options ...Option) (Interaction, error) {
	return w.startCommand(wire.TypeAutocomplete, user, channel, name, focus, options)
}

func (w *World) startCommand(kind int, user, channel, name, focus string, options []Option) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.visibleChannel(user, channel)
	if err != nil {
		return Interaction{}, err
	}
	words := strings.Fields(name)
	list := w.availableCommands(user, c)
	at := slices.IndexFunc(list, func(x wire.Command) bool { return len(words) > 0 && x.Name == words[0] && x.Type == 1 })
	if at < 0 {
		return Interaction{}, fmt.Errorf("command %q is not offered here", name)
	}
	filler := optionFiller{world: w, channel: c, focus: focus, strict: kind == wire.TypeCommand, resolved: &wire.Resolved{}}
	values, err := filler.fill(list[at].Options, words[1:], options)
	if err != nil {
		return Interaction{}, fmt.Errorf("command %q: %w", name, err)
	}
	data := wire.InteractionData{ID: list[at].ID, Name: list[at].Name, Type: 1, GuildID: list[at].GuildID, Options: values, Resolved: filler.resolvedOrNil()}
	i, p, err := w.newInteraction(kind, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	i.Command = strings.Join(words, " ")
	return w.dispatch(i, p), nil
}

// asking turns what a person filled in into what an interaction carries.
type optionFiller struct {
	world    *World
	channel  *wire.Channel
	focus    string
	strict   bool // false while typing: nothing is required yet
	resolved *wire.Resolved
}

func (a *optionFiller) resolvedOrNil() *wire.Resolved {
	if a.resolved.Users == nil && a.resolved.Channels == nil && a.resolved.Attachments == nil {
		return nil
	}
	return a.resolved
}

func (a *optionFiller) fill(definitions []wire.CommandOption, sub []string, options []Option) ([]wire.OptionValue, error) {
	if len(definitions) > 0 && definitions[0].Type <= wire.SubCommandGroup {
		return a.fillSub(definitions, sub, options)
	}
	if len(sub) > 0 {
		return nil, fmt.Errorf("there is no subcommand %q", strings.Join(sub, " "))
	}
	var values []wire.OptionValue
	for _, o := range options {
		at := slices.IndexFunc(definitions, func(s wire.CommandOption) bool { return s.Name == o.Name })
		if at < 0 {
			return nil, fmt.Errorf("there is no option %q", o.Name)
		}
		g, err := a.fillOne(&definitions[at], o)
		if err != nil {
			return nil, fmt.Errorf("option %q: %w", o.Name, err)
		}
		values = append(values, g)
	}
	return values, a.missing(definitions, values)
}

func (a *optionFiller) fillSub(definitions []wire.CommandOption, sub []string, options []Option) ([]wire.OptionValue, error) {
	if len(sub) == 0 {
		return nil, fmt.Errorf("choose a subcommand")
	}
	for _, s := range definitions {
		if s.Name == sub[0] {
			inner, err := a.fill(s.Options, sub[1:], options)
			return []wire.OptionValue{{Name: s.Name, Type: s.Type, Options: inner}}, err
		}
	}
	return nil, fmt.Errorf("there is no subcommand %q", sub[0])
}

func (a *optionFiller) missing(definitions []wire.CommandOption, values []wire.OptionValue) error {
	for _, s := range definitions {
		if s.Required && a.strict && !slices.ContainsFunc(values, func(g wire.OptionValue) bool { return g.Name == s.Name }) {
			return fmt.Errorf("option %q is required", s.Name)
		}
	}
	return nil
}

func (a *optionFiller) fillOne(s *wire.CommandOption, o Option) (wire.OptionValue, error) {
	g := wire.OptionValue{Name: s.Name, Type: s.Type, Focused: s.Name == a.focus}
	var err error
	switch {
	case g.Focused && !a.strict:
		g.Value = fmt.Sprint(o.Value) // what is being typed is sent as it is
	case s.Type == wire.AttachmentOption:
		g.Value, err = a.upload(o)
	case s.Type == wire.UserOption:
		g.Value, err = a.person(o)
	case s.Type == wire.ChannelOption:
		g.Value, err = a.place(o)
	default:
		g.Value, err = checkValue(s, o.Value)
	}
	return g, err
}

func (a *optionFiller) upload(o Option) (any, error) {
	if o.File == nil {
		return nil, fmt.Errorf("needs a file")
	}
	if int64(len(o.File.Data)) > a.world.limitOf(a.channel) {
		return nil, fmt.Errorf("your files are too powerful: the limit is %d bytes", a.world.limitOf(a.channel))
	}
	f, err := a.world.storeFile(*o.File, nil)
	if err != nil {
		return nil, err
	}
	f.Ephemeral = true
	f.URL = a.world.link(a.channel.ID, f)
	f.ProxyURL = f.URL
	if a.resolved.Attachments == nil {
		a.resolved.Attachments = map[string]wire.Attachment{}
	}
	a.resolved.Attachments[f.ID] = f
	return f.ID, nil
}

func (a *optionFiller) person(o Option) (any, error) {
	id := fmt.Sprint(o.Value)
	u, err := a.world.findUser(id)
	if err != nil {
		return nil, err
	}
	a.resolved.Users = map[string]wire.User{id: *u}
	if a.channel.GuildID != "" {
		a.resolved.Members = map[string]wire.Member{id: *a.world.memberOf(id, a.channel, false)}
	}
	return id, nil
}

func (a *optionFiller) place(o Option) (any, error) {
	id := fmt.Sprint(o.Value)
	c := a.world.state.Channels[id]
	if c == nil || c.GuildID != a.channel.GuildID {
		return nil, fmt.Errorf("no such channel: %q", id)
	}
	a.resolved.Channels = map[string]wire.Channel{id: *c}
	return id, nil
}

// plain checks a string, number or truth value as a client does.
func checkValue(s *wire.CommandOption, value any) (any, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil { // all numbers become float64, as they arrive from JSON
		return nil, err
	}
	if len(s.Choices) > 0 && !slices.ContainsFunc(s.Choices, func(c wire.Choice) bool { return fmt.Sprint(c.Value) == fmt.Sprint(v) }) {
		return nil, fmt.Errorf("%v is not one of the choices", v)
	}
	switch x := v.(type) {
	case string:
		return x, checkText(s, x)
	case float64:
		return x, checkNumber(s, x)
	case bool:
		if s.Type != wire.BooleanOption {
			return nil, fmt.Errorf("true or false does not fit")
		}
		return x, nil
	}
	return nil, fmt.Errorf("%v does not fit", v)
}

func checkText(s *wire.CommandOption, x string) error {
	n := utf8.RuneCountInString(x)
	switch {
	case s.Type != wire.StringOption && s.Type != wire.RoleOption:
		return fmt.Errorf("text does not fit")
	case n > 6000 || s.MaxLength != nil && n > *s.MaxLength:
		return fmt.Errorf("the text is too long")
	case s.MinLength != nil && n < *s.MinLength:
		return fmt.Errorf("the text is too short")
	}
	return nil
}

func checkNumber(s *wire.CommandOption, x float64) error {
	switch {
	case s.Type != wire.IntegerOption && s.Type != wire.NumberOption:
		return fmt.Errorf("a number does not fit")
	case s.Type == wire.IntegerOption && x != float64(int64(x)):
		return fmt.Errorf("needs a whole number")
	case s.MinValue != nil && x < *s.MinValue:
		return fmt.Errorf("must be at least %v", *s.MinValue)
	case s.MaxValue != nil && x > *s.MaxValue:
		return fmt.Errorf("must be at most %v", *s.MaxValue)
	}
	return nil
}
