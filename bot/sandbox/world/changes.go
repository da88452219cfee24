package world

import (
	"context"

	"darkroom/bot/sandbox/wire"
)

// Change is one thing that happened, for watchers of the user's side. Viewer
// is set when it concerns only one person.
type Change struct {
	Seq         int
	Kind        string // a gateway event's name, INTERACTION, ANSWER, COMMANDS or TYPING
	Channel     string
	Message     string
	Interaction string
	Viewer      string
}

// keepChanges is how far back a watcher may resume.
const keepChanges = 2000

// note remembers a change for the watchers. The lock is held.
func (w *World) record(c Change) {
	w.seq++
	c.Seq = w.seq
	w.log = append(w.log, c)
	if len(w.log) > keepChanges {
		w.log = append([]Change(nil), w.log[len(w.log)-keepChanges/2:]...)
	}
}

// Note adds a change that does not come from the world itself, such as the bot going online.
func (w *World) Record(kind, channel string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record(Change{Kind: kind, Channel: channel})
	w.markChanged()
}

// Since lists the changes after seq that a person may know of, and the number
// to ask from next. whole is false when seq is none of this run's numbers, or
// too long ago: then the watcher has to look at everything anew.
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

// Latest is the number of the newest change.
func (w *World) LatestChange() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seq
}

// WaitMessage waits until a person sees a message in a channel that fits, and returns the newest such.
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

// WaitAnswer waits for the bot's first answer to an interaction.
func (w *World) WaitAnswer(ctx context.Context, interaction string) (Interaction, error) {
	var found Interaction
	err := w.Wait(ctx, func() bool {
		found, _ = w.FindInteraction(interaction)
		return found.Answer != 0
	})
	return found, err
}

// WaitReply waits until the answer to an interaction is a message that is no
// longer "thinking…" and fits; nil fits everything.
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

// Autocomplete types into an option and waits for the bot's suggestions.
func (w *World) Autocomplete(ctx context.Context, user, channel, name, focus string, options ...Option) ([]wire.Choice, error) {
	i, err := w.StartAutocomplete(user, channel, name, focus, options...)
	if err != nil {
		return nil, err
	}
	i, err = w.WaitAnswer(ctx, i.ID)
	return i.Choices, err
}
