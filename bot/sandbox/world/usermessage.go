package world

import "darkroom/bot/sandbox/wire"

// Say posts a user's chat message.
func (w *World) Say(user, channel, content string) (Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.visibleChannel(user, channel)
	if err != nil {
		return Message{}, err
	}
	u, err := w.findUser(user)
	if err != nil {
		return Message{}, err
	}
	m := w.newMessage(c, *u)
	if err := w.fill(c, m, &wire.Draft{Content: &content}, false); err != nil {
		return Message{}, err
	}
	w.publish(c, m)
	return w.present(m), nil
}

// VisibleMessages lists the messages that a user sees in a channel, oldest first.
func (w *World) VisibleMessages(user, channel string) []Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := []Message{}
	c := w.state.Channels[channel]
	if c == nil || !w.sees(user, c) {
		return list
	}
	for _, m := range w.sorted(channel) {
		if m.Viewer == "" || m.Viewer == user {
			list = append(list, w.present(m))
		}
	}
	return list
}

// VisibleMessage finds one message that a user sees.
func (w *World) VisibleMessage(user, id string) (Message, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.state.Messages[id]
	if m == nil || m.Viewer != "" && m.Viewer != user {
		return Message{}, false
	}
	if c := w.state.Channels[m.ChannelID]; c == nil || !w.sees(user, c) {
		return Message{}, false
	}
	return w.present(m), true
}

// DeleteMessage deletes a message for a user: the user's own message, any message if the user is a moderator, or an
// ephemeral message, which Discord calls "dismiss".
func (w *World) DeleteMessage(user, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.state.Messages[id]
	if m == nil || m.Viewer != "" && m.Viewer != user {
		return wire.Refuse(10008)
	}
	c := w.state.Channels[m.ChannelID]
	if c == nil || !w.sees(user, c) {
		return wire.Refuse(10008)
	}
	mine := m.Author.ID == user || m.Viewer == user
	if !mine && (c.GuildID == "" || w.userBits(user, c)&wire.PermManageMessages == 0) {
		return wire.Refuse(50013)
	}
	w.remove(m)
	return nil
}
