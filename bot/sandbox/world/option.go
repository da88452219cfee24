package world

import (
	"fmt"
	"slices"
	"strings"

	"darkroom/bot/sandbox/client"
	"darkroom/bot/sandbox/wire"
)

// optionFiller turns a user's options into the values and resolved objects of an interaction.
type optionFiller struct {
	world    *World
	channel  *wire.Channel
	focus    string
	strict   bool // false for autocomplete: options may be missing
	resolved *wire.Resolved
}

func (a *optionFiller) resolvedOrNil() *wire.Resolved {
	if a.resolved.Users == nil && a.resolved.Channels == nil && a.resolved.Attachments == nil {
		return nil
	}
	return a.resolved
}

// fill returns the values for a command's options. sub holds the names of the group and subcommand, if there are any.
func (a *optionFiller) fill(
	definitions []wire.CommandOption, sub []string, options []Option,
) ([]wire.OptionValue, error) {
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

// fillSub fills in the subcommand or group whose name is sub[0].
func (a *optionFiller) fillSub(
	definitions []wire.CommandOption, sub []string, options []Option,
) ([]wire.OptionValue, error) {
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
		g.Value = fmt.Sprint(o.Value) // a client sends the focused option as text
	case s.Type == wire.AttachmentOption:
		g.Value, err = a.upload(o)
	case s.Type == wire.UserOption:
		g.Value, err = a.user(o)
	case s.Type == wire.ChannelOption:
		g.Value, err = a.channelID(o)
	default:
		g.Value, err = client.CheckValue(s, o.Value)
	}
	return g, err
}

func (a *optionFiller) upload(o Option) (any, error) {
	if o.File == nil {
		return nil, fmt.Errorf("needs a file")
	}
	return a.world.uploadTo(a.channel, a.resolved, *o.File)
}

// uploadTo stores a file that a user sends with an interaction, adds it to the resolved objects and returns its id. The
// lock is held.
func (w *World) uploadTo(c *wire.Channel, resolved *wire.Resolved, file wire.Upload) (string, error) {
	if int64(len(file.Data)) > w.limitOf(c) {
		return "", fmt.Errorf("file too large: %d bytes, at most %d", len(file.Data), w.limitOf(c))
	}
	f, err := w.storeFile(file, nil)
	if err != nil {
		return "", err
	}
	f.Ephemeral = true
	f.URL = w.link(c.ID, f)
	f.ProxyURL = f.URL
	if resolved.Attachments == nil {
		resolved.Attachments = map[string]wire.Attachment{}
	}
	resolved.Attachments[f.ID] = f
	return f.ID, nil
}

func (a *optionFiller) user(o Option) (any, error) {
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

func (a *optionFiller) channelID(o Option) (any, error) {
	id := fmt.Sprint(o.Value)
	c := a.world.state.Channels[id]
	if c == nil || c.GuildID != a.channel.GuildID {
		return nil, fmt.Errorf("no such channel: %q", id)
	}
	a.resolved.Channels = map[string]wire.Channel{id: *c}
	return id, nil
}

// Option is an option that a user fills in: a value, or a file for an attachment option.
type Option struct {
	Name  string
	Value any // string, number, bool, or the id of a user or channel
	File  *wire.Upload
}

// With returns an option with a value.
func With(name string, value any) Option { return Option{Name: name, Value: value} }

// WithFile returns an attachment option with a file of this name.
func WithFile(name, file string, data []byte) Option {
	return Option{Name: name, File: &wire.Upload{Name: file, Data: data}}
}
