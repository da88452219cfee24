package world

import (
	"context"

	"darkroom/bot/sandbox/wire"
)

// Change is one event on the user's side.
type Change struct {
	Seq         int    // the number of the change; consecutive
	Kind        string // a gateway event's name, INTERACTION, ANSWER, COMMANDS, BOT or TYPING
	Channel     string
	Message     string
	Interaction string
	Viewer      string // the only user who may see it; "" for everybody in the channel
}

// keepChanges is how many changes are kept for ChangesSince.
const keepChanges = 2000

// record appends a change to the log. The lock is held.
func (w *World) record(c Change) {
	w.seq++
	c.Seq = w.seq
	w.log = append(w.log, c)
	if len(w.log) > keepChanges {
		w.log = append([]Change(nil), w.log[len(w.log)-keepChanges/2:]...)
	}
}

// Record adds a change that happens outside of the World, such as the bot coming online.
func (w *World) Record(kind, channel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record(Change{Kind: kind, Channel: channel})
	w.markChanged()
}

// ChangesSince lists the changes after seq that a user may see, and returns the number to ask from next. whole is false
// if seq belongs to another run or is too old: then the caller must load the whole state again.
func (w *World) ChangesSince(user string, seq int) (list []Change, next int, whole bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if seq > w.seq || seq < w.seq-len(w.log) {
		return nil, w.seq, false
	}
	for _, c := range w.log[len(w.log)-(w.seq-seq):] {
		if c.Viewer != "" && c.Viewer != user {
			continue
		}
		if ch := w.state.Channels[c.Channel]; c.Channel == "" || ch != nil && w.sees(user, ch) {
			list = append(list, c)
		}
	}
	return list, w.seq, true
}

// LatestChange returns the number of the newest change.
func (w *World) LatestChange() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seq
}

// WaitMessage waits until a user sees a message in a channel for which fits is true, and returns the newest one.
func (w *World) WaitMessage(ctx context.Context, user, channel string, fits func(Message) bool) (Message, error) {
	var found Message
	err := w.Wait(ctx, func() bool {
		for _, m := range w.VisibleMessages(user, channel) {
			if fits(m) {
				found = m
			}
		}
		return found.ID != ""
	})
	return found, err
}

// WaitAnswer waits for the bot's first response to an interaction.
func (w *World) WaitAnswer(ctx context.Context, interaction string) (Interaction, error) {
	var found Interaction
	err := w.Wait(ctx, func() bool {
		found, _ = w.FindInteraction(interaction)
		return found.Answer != 0
	})
	return found, err
}

// WaitReply waits until the response to an interaction is a message that is no longer "thinking…" and for which fits is
// true. A nil fits accepts every message.
func (w *World) WaitReply(ctx context.Context, interaction string, fits func(Message) bool) (Message, error) {
	var found Message
	err := w.Wait(ctx, func() bool {
		i, _ := w.FindInteraction(interaction)
		m, ok := w.VisibleMessage(i.User, i.Original)
		found = m
		return ok && !m.Loading() && (fits == nil || fits(m))
	})
	return found, err
}

// Autocomplete types into the option named focus and waits for the bot's choices.
func (w *World) Autocomplete(
	ctx context.Context, user, channel, name, focus string, options ...Option,
) ([]wire.Choice, error) {
	i, err := w.StartAutocomplete(user, channel, name, focus, options...)
	if err != nil {
		return nil, err
	}
	i, err = w.WaitAnswer(ctx, i.ID)
	return i.Choices, err
}
