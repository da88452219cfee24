package world

import "darkroom/bot/sandbox/wire"

// Original stands for the id of the first response to an interaction.
const Original = "@original"

// byToken finds an interaction whose token still works. The lock is held.
func (w *World) byToken(app, token string) (*Interaction, error) {
	for _, i := range w.state.Interactions {
		if i.Token != token {
			continue
		}
		if !w.now().Before(i.Expires()) {
			return nil, wire.Refuse(50027)
		}
		if app != w.state.App.ID || i.Answer == 0 || i.Type == wire.TypeAutocomplete {
			return nil, wire.Refuse(10015)
		}
		return i, nil
	}
	return nil, wire.Refuse(10015)
}

// target finds a message that belongs to a token's interaction. The lock is held.
func (w *World) target(app, token, id string) (*Message, error) {
	i, err := w.byToken(app, token)
	if err != nil {
		return nil, err
	}
	if id == Original {
		id = i.Original
	}
	m := w.state.Messages[id]
	if m == nil || id != i.Original && (m.Interaction == nil || m.Interaction.ID != i.ID) {
		return nil, wire.Refuse(10008)
	}
	if w.state.Channels[m.ChannelID] == nil {
		return nil, wire.Refuse(10003)
	}
	return m, nil
}

// MessageByToken is GET /webhooks/{app}/{token}/messages/{id}.
func (w *World) MessageByToken(app, token, id string) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.target(app, token, id)
	if err != nil {
		return wire.Message{}, err
	}
	return w.present(m).Message, nil
}

// EditByToken is PATCH /webhooks/{app}/{token}/messages/{id}.
func (w *World) EditByToken(app, token, id string, d *wire.Draft) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.target(app, token, id)
	if err != nil {
		return wire.Message{}, err
	}
	if err := w.edit(w.state.Channels[m.ChannelID], m, d, true); err != nil {
		return wire.Message{}, err
	}
	w.announce("MESSAGE_UPDATE", m)
	return w.present(m).Message, nil
}

// DeleteByToken is DELETE /webhooks/{app}/{token}/messages/{id}.
func (w *World) DeleteByToken(app, token, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, err := w.target(app, token, id)
	if err != nil {
		return err
	}
	w.remove(m)
	return nil
}

// FollowUp is POST /webhooks/{app}/{token}. If the deferred response still shows "thinking…", the first follow-up
// replaces it, as on Discord.
func (w *World) FollowUp(app, token string, d *wire.Draft) (wire.Message, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i, err := w.byToken(app, token)
	if err != nil {
		return wire.Message{}, err
	}
	c := w.state.Channels[i.Channel]
	if c == nil {
		return wire.Message{}, wire.Refuse(10003)
	}
	if m := w.state.Messages[i.Original]; m != nil && m.Loading() {
		if err := w.edit(c, m, d, true); err != nil {
			return wire.Message{}, err
		}
		w.announce("MESSAGE_UPDATE", m)
		return w.present(m).Message, nil
	}
	return w.postFollowUp(c, i, d)
}

func (w *World) postFollowUp(c *wire.Channel, i *Interaction, d *wire.Draft) (wire.Message, error) {
	m := w.newAnswer(c, i)
	if i.Original != "" {
		m.Type, m.Reference = wire.ReplyMessage, &wire.Reference{MessageID: i.Original, ChannelID: c.ID, GuildID: c.GuildID}
	}
	if err := w.fill(c, m, d, true); err != nil {
		return wire.Message{}, err
	}
	if m.Ephemeral() {
		m.Viewer = i.User
	}
	i.Followups++
	w.publish(c, m)
	return w.present(m).Message, nil
}
