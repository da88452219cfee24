package world

import (
	"slices"

	"darkroom/bot/sandbox/snowflake"
	"darkroom/bot/sandbox/wire"
)

// botChannel finds a channel in which the bot has these permission bits. The lock is held.
func (w *World) botChannel(id string, bits uint64) (*wire.Channel, error) {
	c := w.state.Channels[id]
	if c == nil {
		return nil, wire.Refuse(10003)
	}
	return c, w.requirePermissions(c, bits)
}

// MayType returns nil if the bot may show "typing…" in a channel.
func (w *World) MayType(channel string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.botChannel(channel, 0)
	if err != nil {
		return err
	}
	return w.requirePermissions(c, postPermission(c))
}

// PostMessage is POST /channels/{id}/messages.
func (w *World) PostMessage(channel string, d *wire.Draft) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.botChannel(channel, 0)
	if err != nil {
		return wire.Message{}, err
	}
	if err := w.requirePermissions(c, postPermission(c)); err != nil {
		return wire.Message{}, err
	}
	if err := w.takesDirect(c); err != nil {
		return wire.Message{}, err
	}
	if m, err := w.sameNonce(c, d); err != nil {
		return wire.Message{}, err
	} else if m != nil {
		return w.present(m).Message, nil
	}
	m := w.newMessage(c, w.state.App)
	m.Nonce = d.Nonce
	if err := w.reply(c, m, d); err != nil {
		return wire.Message{}, err
	}
	d.Flags &^= wire.FlagEphemeral // only responses to interactions can be ephemeral
	if err := w.fill(c, m, d, false); err != nil {
		return wire.Message{}, err
	}
	w.publish(c, m)
	return w.present(m).Message, nil
}

// reply makes a message a reply to the draft's message_reference, if it has one. The lock is held.
func (w *World) reply(c *wire.Channel, m *Message, d *wire.Draft) error {
	if d.Reference == nil {
		return nil
	}
	to := w.state.Messages[d.Reference.MessageID]
	if to == nil || to.ChannelID != c.ID || to.Ephemeral() {
		if d.Reference.FailIfNot != nil && !*d.Reference.FailIfNot {
			return nil
		}
		var f wire.FieldErrors
		f.Add("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
		return f.Err()
	}
	if w.botBits(c)&wire.PermReadHistory == 0 {
		return &wire.Error{Status: 403, Code: 160002, Message: "Cannot reply without permission to read message history"}
	}
	m.Type, m.Reference = wire.ReplyMessage, &wire.Reference{MessageID: to.ID, ChannelID: c.ID, GuildID: c.GuildID}
	return nil
}

// visibleToBot finds a message that channel routes can reach; ephemeral messages have no such route. The bot needs
// these permission bits. The lock is held.
func (w *World) visibleToBot(channel, id string, bits uint64) (*wire.Channel, *Message, error) {
	c, err := w.botChannel(channel, bits)
	if err != nil {
		return nil, nil, err
	}
	m := w.state.Messages[id]
	if m == nil || m.ChannelID != channel || m.Ephemeral() {
		return nil, nil, wire.Refuse(10008)
	}
	return c, m, nil
}

// ReadMessage is GET /channels/{channel}/messages/{id}.
func (w *World) ReadMessage(channel, id string) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, m, err := w.visibleToBot(channel, id, wire.PermReadHistory)
	if err != nil {
		return wire.Message{}, err
	}
	return w.present(m).Message, nil
}

// EditMessage is PATCH /channels/{channel}/messages/{id}; the bot can edit only its own messages.
func (w *World) EditMessage(channel, id string, d *wire.Draft) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, m, err := w.visibleToBot(channel, id, 0)
	if err != nil {
		return wire.Message{}, err
	}
	if m.Author.ID != w.state.App.ID {
		return wire.Message{}, wire.Refuse(50005)
	}
	if err := w.edit(c, m, d, false); err != nil {
		return wire.Message{}, err
	}
	w.announce("MESSAGE_UPDATE", m)
	return w.present(m).Message, nil
}

// BotDelete is DELETE /channels/{channel}/messages/{id}.
func (w *World) BotDelete(channel, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, m, err := w.visibleToBot(channel, id, 0)
	if err != nil {
		return err
	}
	if m.Author.ID != w.state.App.ID {
		if c.GuildID == "" {
			return &wire.Error{Status: 403, Code: 50003, Message: "Cannot execute action on a DM channel"}
		}
		if err := w.requirePermissions(c, wire.PermManageMessages); err != nil {
			return err
		}
	}
	w.remove(m)
	return nil
}

// History is GET /channels/{id}/messages, newest first: the messages next to before or after, or the newest messages if
// both are empty.
func (w *World) History(channel, before, after string, limit int) ([]wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.botChannel(channel, 0)
	if err != nil {
		return nil, err
	}
	list := []wire.Message{}
	if w.botBits(c)&wire.PermReadHistory == 0 {
		return list, nil // Discord returns an empty list, not an error
	}
	for _, m := range w.sorted(channel) {
		if m.Ephemeral() || before != "" && !snowflake.Older(m.ID, before) {
			continue
		}
		if after == "" || snowflake.Older(after, m.ID) {
			list = append(list, w.present(m).Message)
		}
	}
	if over := len(list) - limit; over > 0 && after != "" && before == "" {
		list = list[:limit]
	} else if over > 0 {
		list = list[over:]
	}
	slices.Reverse(list)
	return list, nil
}
