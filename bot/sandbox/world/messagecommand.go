package world

import (
	"slices"
	"strings"

	"darkroom/bot/sandbox/wire"
)

// MessageCommandsFor lists the message commands that a user can run in a channel, sorted by name.
func (w *World) MessageCommandsFor(user, channel string) ([]wire.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[channel]
	if c == nil || !w.sees(user, c) {
		return nil, wire.Refuse(10003)
	}
	list := []wire.Command{}
	for _, x := range w.availableCommands(user, c) {
		if x.Type == wire.MessageCommand {
			list = append(list, x)
		}
	}
	slices.SortFunc(list, func(a, b wire.Command) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
