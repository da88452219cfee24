package world

import (
	"sort"
	"strings"

	"darkroom/bot/sandbox/snowflake"
	"darkroom/bot/sandbox/wire"
)

// Message is a message with fields that only the sandbox knows.
type Message struct {
	wire.Message
	Viewer string   `json:"sandbox_viewer,omitempty"` // the only user who sees an ephemeral message
	Pings  []string `json:"sandbox_pings,omitempty"`  // user ids that were notified; "everyone" for all
	// Files are all files of the message. Attachments lacks those that components show, as on Discord.
	Files []wire.Attachment `json:"sandbox_files,omitempty"`
	// HiddenSource says that the message replies to an ephemeral one, which Discord does not load for a public message.
	HiddenSource bool `json:"sandbox_hidden_source,omitempty"`
}

// Text returns the text of a message: its content, or that of its text displays, a line for each.
func (m Message) Text() string {
	return strings.TrimPrefix(m.Content+displayText(m.Components), "\n")
}

// Accent returns the colour of a message's first container; -1 if it has none.
func (m Message) Accent() int {
	for _, c := range m.Components {
		if c.Type == wire.Container && c.AccentColor != nil {
			return *c.AccentColor
		}
	}
	return -1
}

// CustomIDs lists the custom_ids of a message's components, nested ones too, in their order.
func (m Message) CustomIDs() (ids []string) {
	wire.Walk(m.Components, "", func(_ string, c *wire.Component) {
		if c.CustomID != "" {
			ids = append(ids, c.CustomID)
		}
	})
	return ids
}

// sorted lists a channel's messages, oldest first. The lock is held.
func (w *World) sorted(channel string) []*Message {
	var list []*Message
	for _, m := range w.state.Messages {
		if m.ChannelID == channel {
			list = append(list, m)
		}
	}
	sort.Slice(list, func(i, j int) bool { return snowflake.Older(list[i].ID, list[j].ID) })
	return list
}

// newMessage returns an empty message in a channel. The lock is held.
func (w *World) newMessage(c *wire.Channel, author wire.User) *Message {
	return &Message{Message: wire.Message{
		ID: w.ids.Next(), ChannelID: c.ID, Author: author, Timestamp: w.now().UTC(),
		Mentions: []wire.User{}, MentionRoles: []string{}, Attachments: []wire.Attachment{},
		Embeds: []wire.Embed{}, Components: []wire.Component{},
	}}
}

// publish puts a complete new message into its channel and announces it. The lock is held.
func (w *World) publish(c *wire.Channel, m *Message) {
	w.state.Messages[m.ID] = m
	c.LastID = m.ID
	w.announce("MESSAGE_CREATE", m)
}

// announce sends MESSAGE_CREATE or MESSAGE_UPDATE for a message and records the change. The lock is held.
func (w *World) announce(name string, m *Message) {
	if c := w.state.Channels[m.ChannelID]; c != nil && !m.Ephemeral() {
		shown := w.present(m)
		shown.GuildID = c.GuildID
		w.onEvent(Event{name, messageIntent(c), shown.Message})
	}
	w.record(Change{Kind: name, Channel: m.ChannelID, Message: m.ID, Viewer: m.Viewer})
	w.markChanged()
}

// drop deletes a message and its files without an event. The lock is held.
func (w *World) drop(m *Message) {
	w.noteDeletedNonce(m)
	for _, a := range m.Attachments {
		w.files.Remove(a.ID)
	}
	delete(w.state.Messages, m.ID)
}

// remove deletes a message and sends MESSAGE_DELETE. The lock is held.
func (w *World) remove(m *Message) {
	w.drop(m)
	if c := w.state.Channels[m.ChannelID]; c != nil && !m.Ephemeral() {
		w.onEvent(Event{"MESSAGE_DELETE", messageIntent(c),
			map[string]string{"id": m.ID, "channel_id": m.ChannelID, "guild_id": c.GuildID}})
	}
	w.record(Change{Kind: "MESSAGE_DELETE", Channel: m.ChannelID, Message: m.ID, Viewer: m.Viewer})
	w.markChanged()
}

// fill fills a new message from a draft. byWebhook is true for responses to interactions. The lock is held.
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
	if err := w.checkReferences(m, newNames(d)); err != nil {
		return err
	}
	added, err := w.storeFiles(c, m, d)
	if err != nil {
		return err
	}
	m.Attachments = added
	w.ping(m, d, byWebhook)
	return nil
}

// edit applies a draft to a message: a field that the request does not contain stays. The lock is held.
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
	if err := keepsV2(m.Flags, d); err != nil {
		return err
	}
	whole := *d
	whole.Content, whole.Embeds, whole.Components = &next.Content, next.Embeds, next.Components
	if err := wire.CheckDraft(&whole, next.Flags, len(kept)); err != nil {
		return err
	}
	if err := w.checkReferences(&next, append(keptNames(d, kept), newNames(d)...)); err != nil {
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

// editedFlags returns a message's flags after an edit. An edit can change two flags: it can set or clear
// SUPPRESS_EMBEDS, and set IS_COMPONENTS_V2, which stays. It ends the loading state of a deferred response.
func editedFlags(flags int, d *wire.Draft) int {
	if d.Has["flags"] {
		flags = flags&^wire.FlagSuppressEmbeds | d.Flags&(wire.FlagSuppressEmbeds|wire.FlagComponentsV2)
	}
	return flags &^ wire.FlagLoading
}

// keepsV2 refuses an edit that would remove IS_COMPONENTS_V2 from a message.
func keepsV2(flags int, d *wire.Draft) error {
	var f wire.FieldErrors
	if flags&wire.FlagComponentsV2 == 0 || !d.Has["flags"] || d.Flags&wire.FlagComponentsV2 != 0 {
		return nil
	}
	f.Add("flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "IS_COMPONENTS_V2 cannot be removed from a message.")
	return f.Err()
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
