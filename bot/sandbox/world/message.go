package world

import (
	"sort"
	"strings"
	"time"

	"darkroom/bot/sandbox/wire"
)

// Message is a message with what only the sandbox knows of it.
type Message struct {
	wire.Message
	Viewer string   `json:"sandbox_viewer,omitempty"` // who alone sees an ephemeral message
	Pings  []string `json:"sandbox_pings,omitempty"`  // user ids that were notified; "everyone" for all
}

// nonceMemory is how long enforce_nonce looks back. Discord says "a few minutes".
const nonceMemory = 5 * time.Minute

// sorted lists a channel's messages, oldest first. The lock is held.
func (w *World) sorted(channel string) []*Message {
	var list []*Message
	for _, m := range w.state.Messages {
		if m.ChannelID == channel {
			list = append(list, m)
		}
	}
	sort.Slice(list, func(i, j int) bool { return older(list[i].ID, list[j].ID) })
	return list
}

// blank is an empty message in a channel. The lock is held.
func (w *World) newMessage(c *wire.Channel, author wire.User) *Message {
	return &Message{Message: wire.Message{
		ID: w.ids.next(), ChannelID: c.ID, Author: author, Timestamp: w.now().UTC(),
		Mentions: []wire.User{}, MentionRoles: []string{}, Attachments: []wire.Attachment{},
		Embeds: []wire.Embed{}, Components: []wire.Component{},
	}}
}

// file puts a finished new message into its channel and tells of it. The lock is held.
func (w *World) publish(c *wire.Channel, m *Message) {
	w.state.Messages[m.ID] = m
	c.LastID = m.ID
	w.announce("MESSAGE_CREATE", m)
}

// announce tells the bot and the watchers that a message is new or different. The lock is held.
func (w *World) announce(name string, m *Message) {
	if c := w.state.Channels[m.ChannelID]; c != nil && !m.Ephemeral() {
		shown := w.present(m)
		shown.GuildID = c.GuildID
		w.onEvent(Event{name, messageIntent(c), shown.Message})
	}
	w.record(Change{Kind: name, Channel: m.ChannelID, Message: m.ID, Viewer: m.Viewer})
	w.markChanged()
}

// drop removes a message and its files, quietly. The lock is held.
func (w *World) drop(m *Message) {
	for _, a := range m.Attachments {
		w.files.remove(a.ID)
	}
	delete(w.state.Messages, m.ID)
}

// remove drops a message and tells of it. The lock is held.
func (w *World) remove(m *Message) {
	w.drop(m)
	if c := w.state.Channels[m.ChannelID]; c != nil && !m.Ephemeral() {
		w.onEvent(Event{"MESSAGE_DELETE", messageIntent(c),
			map[string]string{"id": m.ID, "channel_id": m.ChannelID, "guild_id": c.GuildID}})
	}
	w.record(Change{Kind: "MESSAGE_DELETE", Channel: m.ChannelID, Message: m.ID, Viewer: m.Viewer})
	w.markChanged()
}

// write fills a new message from a draft. The lock is held.
func (w *World) fill(c *wire.Channel, m *Message, d *wire.Draft, byWebhook bool) error {
	m.Flags |= d.Flags & (wire.FlagSuppressEmbeds | wire.FlagEphemeral | wire.FlagSilent | wire.FlagComponentsV2)
	m.Content, m.TTS = d.Text(), d.TTS
	m.Embeds, m.Components = orEmpty(d.Embeds), orEmpty(d.Components)
	if err := wire.CheckDraft(d, m.Flags, 0); err != nil {
		return err
	}
	if strings.TrimSpace(m.Content) == "" && len(m.Embeds) == 0 && len(d.Files) == 0 && len(m.Components) == 0 {
		return wire.Refuse(50006)
	}
	added, err := w.storeFiles(c, m, d)
	if err != nil {
		return err
	}
	m.Attachments = added
	w.ping(m, d, byWebhook)
	return nil
}

// change applies an edit to a message: a field that was not sent stays. The lock is held.
func (w *World) edit(c *wire.Channel, m *Message, d *wire.Draft, byWebhook bool) error {
	next := *m
	next.Flags = editedFlags(m.Flags, d)
	if d.Has["content"] {
		next.Content = d.Text()
	}
	if d.Has["embeds"] {
		next.Embeds = orEmpty(d.Embeds)
	}
	if d.Has["components"] {
		next.Components = orEmpty(d.Components)
	}
	kept, err := keptFiles(m, d)
	if err != nil {
		return err
	}
	whole := *d
	whole.Content, whole.Embeds, whole.Components = &next.Content, next.Embeds, next.Components
	if err := wire.CheckDraft(&whole, next.Flags, len(kept)); err != nil {
		return err
	}
	added, err := w.storeFiles(c, &next, d)
	if err != nil {
		return err
	}
	if next.Content == "" && len(next.Embeds)+len(next.Components)+len(kept)+len(added) == 0 {
		return wire.Refuse(50006)
	}
	w.replaceFiles(&next, kept, added)
	w.ping(&next, d, byWebhook)
	now := w.now().UTC()
	next.EditedTimestamp = &now
	*m = next
	return nil
}

// editedFlags are a message's flags after an edit: only two can be changed,
// V2 can only be switched on, and a deferred answer is no longer loading.
func editedFlags(flags int, d *wire.Draft) int {
	if d.Has["flags"] {
		flags = flags&^wire.FlagSuppressEmbeds | d.Flags&(wire.FlagSuppressEmbeds|wire.FlagComponentsV2)
	}
	return flags &^ wire.FlagLoading
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
