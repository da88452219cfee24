package world

import (
	"encoding/json"

	"darkroom/bot/sandbox/wire"
)

// Answer is POST /interactions/{id}/{token}/callback: the one first response to an interaction. It returns the body for
// ?with_response=true.
func (w *World) Answer(id, token string, cb wire.Callback, files []wire.Upload) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.state.Interactions[id]
	if i == nil || i.Token != token {
		return nil, wire.Refuse(10062)
	}
	if i.Answer != 0 {
		return nil, wire.Refuse(40060)
	}
	if w.now().Sub(i.Created) > AnswerTimeout {
		return nil, wire.Refuse(10062)
	}
	if !callbackAllowed(cb.Type, i) {
		var f wire.FieldErrors
		f.Add("type", "INTERACTION_RESPONSE_TYPE_INVALID", "This response type cannot be used for this interaction.")
		return nil, f.Err()
	}
	if err := w.apply(i, cb, files); err != nil {
		return nil, err
	}
	i.Answer = cb.Type
	w.record(Change{Kind: "ANSWER", Channel: i.Channel, Interaction: i.ID, Viewer: i.User})
	w.markChanged()
	return w.response(i), nil
}

// callbackAllowed reports whether a callback type may answer an interaction.
func callbackAllowed(callback int, i *Interaction) bool {
	switch callback {
	case wire.CallbackMessage, wire.CallbackDefer:
		return i.Type != wire.TypeAutocomplete
	case wire.CallbackDeferUpdate, wire.CallbackUpdate:
		return i.Source != "" // a component, or a modal that a component opened
	case wire.CallbackChoices:
		return i.Type == wire.TypeAutocomplete
	case wire.CallbackModal:
		return i.Type == wire.TypeCommand || i.Type == wire.TypeComponent
	}
	return false
}

func (w *World) apply(i *Interaction, cb wire.Callback, files []wire.Upload) error {
	switch cb.Type {
	case wire.CallbackMessage, wire.CallbackDefer:
		return w.answerNew(i, cb, files)
	case wire.CallbackUpdate:
		return w.answerUpdate(i, cb, files)
	case wire.CallbackDeferUpdate:
		i.Original = i.Source
	case wire.CallbackChoices:
		return answerChoices(i, cb)
	case wire.CallbackModal:
		return answerModal(i, cb)
	}
	return nil
}

// answerNew posts the response message, or its "thinking…" placeholder if the response is deferred. The lock is held.
func (w *World) answerNew(i *Interaction, cb wire.Callback, files []wire.Upload) error {
	d, err := wire.ReadDraft(cb.Data, files)
	if err != nil {
		return err
	}
	c := w.state.Channels[i.Channel]
	if c == nil {
		return wire.Refuse(10003)
	}
	m := w.newAnswer(c, i)
	m.Flags = d.Flags & wire.FlagEphemeral
	if cb.Type == wire.CallbackDefer {
		m.Flags |= wire.FlagLoading
	} else if err := w.fill(c, m, d, true); err != nil {
		return err
	}
	i.Ephemeral = m.Ephemeral()
	i.Original = m.ID
	if i.Ephemeral {
		m.Viewer = i.User
	}
	w.publish(c, m)
	return nil
}

// newAnswer returns an empty message of the bot that responds to an interaction. The lock is held.
func (w *World) newAnswer(c *wire.Channel, i *Interaction) *Message {
	m := w.newMessage(c, w.state.App)
	m.Type = wire.CommandMessage
	if i.Type != wire.TypeCommand {
		m.Type = wire.DefaultMessage
		if i.Source != "" {
			m.Type = wire.ReplyMessage
			m.Reference = &wire.Reference{MessageID: i.Source, ChannelID: i.Channel, GuildID: c.GuildID}
		}
	}
	m.WebhookID, m.ApplicationID = w.state.App.ID, w.state.App.ID
	m.Interaction = &wire.InteractionMetadata{ID: i.ID, Type: i.Type, User: *w.state.Users[i.User], Name: i.Command,
		Owners: w.installOwners(c)}
	if i.Type == wire.TypeComponent {
		m.Interaction.InteractedMessageID = i.Source
	}
	return m
}

func (w *World) answerUpdate(i *Interaction, cb wire.Callback, files []wire.Upload) error {
	d, err := wire.ReadDraft(cb.Data, files)
	if err != nil {
		return err
	}
	m, c := w.state.Messages[i.Source], w.state.Channels[i.Channel]
	if m == nil || c == nil {
		return wire.Refuse(10008)
	}
	if err := w.edit(c, m, d, true); err != nil {
		return err
	}
	i.Original = i.Source
	w.announce("MESSAGE_UPDATE", m)
	return nil
}

func answerChoices(i *Interaction, cb wire.Callback) error {
	var data struct {
		Choices []wire.Choice `json:"choices"`
	}
	if len(cb.Data) > 0 {
		if err := json.Unmarshal(cb.Data, &data); err != nil {
			return wire.Refuse(50109)
		}
	}
	var f wire.FieldErrors
	f.MaxCount("data.choices", len(data.Choices), wire.MaxChoices)
	wire.CheckChoices(&f, "data.choices", data.Choices)
	i.Choices = data.Choices
	return f.Err()
}

func answerModal(i *Interaction, cb wire.Callback) error {
	var modal wire.Modal
	if err := json.Unmarshal(cb.Data, &modal); err != nil {
		return wire.Refuse(50109)
	}
	if err := wire.CheckModal(&modal); err != nil {
		return err
	}
	i.Form = &modal
	return nil
}

// response returns the interaction callback response object. The lock is held.
func (w *World) response(i *Interaction) any {
	in := map[string]any{"id": i.ID, "type": i.Type}
	out := map[string]any{"interaction": in}
	m := w.state.Messages[i.Original]
	if m == nil {
		return out
	}
	in["response_message_id"] = m.ID
	in["response_message_loading"] = m.Loading()
	in["response_message_ephemeral"] = m.Ephemeral()
	shown := w.present(m)
	out["resource"] = map[string]any{"type": i.Answer, "message": shown.Message}
	return out
}
