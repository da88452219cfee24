package world

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"darkroom/bot/sandbox/wire"
)

// Command runs a slash command; a subcommand is written "limits set". It refuses what a client refuses: unknown
// options, missing options and values of the wrong kind or size.
func (w *World) Command(user, channel, name string, options ...Option) (Interaction, error) {
	return w.startCommand(wire.TypeCommand, user, channel, name, "", options)
}

// StartAutocomplete asks the bot for choices for the option named focus. options contains the value typed so far.
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
	at := slices.IndexFunc(list, func(x wire.Command) bool {
		return len(words) > 0 && x.Name == words[0] && x.Type == wire.ChatCommand
	})
	if at < 0 {
		return Interaction{}, fmt.Errorf("command %q is not available here", name)
	}
	command := list[at]
	strict := kind == wire.TypeCommand
	filler := optionFiller{world: w, channel: c, focus: focus, strict: strict, resolved: &wire.Resolved{}}
	values, err := filler.fill(command.Options, words[1:], options)
	if err != nil {
		return Interaction{}, fmt.Errorf("command %q: %w", name, err)
	}
	data := wire.InteractionData{ID: command.ID, Name: command.Name, Type: wire.ChatCommand, GuildID: command.GuildID,
		Options: values, Resolved: filler.resolvedOrNil()}
	i, p, err := w.newInteraction(kind, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	i.Command = strings.Join(words, " ")
	return w.dispatch(i, p), nil
}

// MessageCommand runs a message command on a message that the user sees. The bot gets the message with it.
func (w *World) MessageCommand(user, message, name string) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, c, err := w.seenMessage(user, message)
	if err != nil {
		return Interaction{}, err
	}
	list := w.availableCommands(user, c)
	at := slices.IndexFunc(list, func(x wire.Command) bool { return x.Name == name && x.Type == wire.MessageCommand })
	if at < 0 {
		return Interaction{}, fmt.Errorf("message command %q is not available here", name)
	}
	shown := w.present(m)
	data := wire.InteractionData{ID: list[at].ID, Name: name, Type: wire.MessageCommand, GuildID: list[at].GuildID,
		TargetID: m.ID, Resolved: &wire.Resolved{Messages: map[string]wire.Message{m.ID: shown.Message}}}
	i, p, err := w.newInteraction(wire.TypeCommand, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	i.Command = name
	return w.dispatch(i, p), nil
}

// CommandsFor lists the slash commands that a user can run in a channel, sorted by name.
func (w *World) CommandsFor(user, channel string) ([]wire.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[channel]
	if c == nil || !w.sees(user, c) {
		return nil, wire.Refuse(10003)
	}
	list := []wire.Command{}
	for _, x := range w.availableCommands(user, c) {
		if x.Type == wire.ChatCommand {
			list = append(list, x)
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list, nil
}

// availableCommands returns the commands that a user may run in a channel. The lock is held.
func (w *World) availableCommands(user string, c *wire.Channel) []wire.Command {
	var list []wire.Command
	here := w.state.Commands[c.GuildID]
	if c.GuildID == "" {
		here = nil
	}
	for _, x := range append(slices.Clone(here), w.state.Commands[""]...) {
		if w.mayUse(user, c, &x) && !slices.ContainsFunc(list, sameCommand(x)) {
			list = append(list, x)
		}
	}
	return list
}
