package world

import (
	"encoding/json"

	"darkroom/bot/sandbox/wire"
)

// Answer is the bot's callback: the one first answer to an interaction. It
// returns what ?with_response=true shows.
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
	if w.now().Sub(i.Created) > AnswerWithin {
		return nil, wire.Refuse(10062)
	}
	if !fits(cb.Type, i) {
		var f wire.Faults
		f.Add("type", "INTERACTION_RESPONSE_TYPE_INVALID", "This response type cannot be used for this interaction.")
		return nil, f.Err()
	}
	if err := w.apply(i, cb, files); err != nil {
		return nil, err
	}
	i.Answer = cb.Type
	w.note(Change{Kind: "ANSWER", Channel: i.Channel, Interaction: i.ID, Viewer: i.User})
	w.touch()
	return w.response(i), nil
}

// fits says whether a callback type may answer an interaction.
func fits(callback int, i *Interaction) bool {
	switch callback {
	case wire.AnswerMessage, wire.AnswerDefer:
		return i.Type != wire.AutocompleteOn
	case wire.AnswerDeferUp, wire.AnswerUpdate:
		return i.Source != "" // a component, or a form opened from one
	case wire.AnswerChoices:
		return i.Type == wire.AutocompleteOn
	case wire.AnswerWithForm:
		return i.Type == wire.CommandAsked || i.Type == wire.ComponentUsed
	}
	return false
}

func (w *World) apply(i *Interaction, cb wire.Callback, files []wire.Upload) error {
	switch cb.Type {
	case wire.AnswerMessage, wire.AnswerDefer:
		return w.answerNew(i, cb, files)
	case wire.AnswerUpdate:
		return w.answerUpdate(i, cb, files)
	case wire.AnswerDeferUp:
		i.Original = i.Source
	case wire.AnswerChoices:
		return answerChoices(i, cb)
	case wire.AnswerWithForm:
		return answerForm(i, cb)
	}
	return nil
}

// answerNew posts the first answer, or the "thinking…" message that stands for it. The lock is held.
func (w *World) answerNew(i *Interaction, cb wire.Callback, files []wire.Upload) error {
	d, err := wire.ReadDraft(cb.Data, files)
	if err != nil {
		return err
	}
	c := w.state.Channels[i.Channel]
	if c == nil {
		return wire.Refuse(10003)
	}
	m := w.byInteraction(c, i)
	m.Flags = d.Flags & wire.FlagEphemeral
	if cb.Type == wire.AnswerDefer {
		m.Flags |= wire.FlagLoading
	} else if err := w.write(c, m, d, true); err != nil {
		return err
	}
	i.Ephemeral = m.Ephemeral()
	i.Original = m.ID
	if i.Ephemeral {
		m.Viewer = i.User
	}
	w.file(c, m)
	return nil
}

// byInteraction is an empty message of the bot that answers an interaction. The lock is held.
func (w *World) byInteraction(c *wire.Channel, i *Interaction) *Message {
	m := w.blank(c, w.state.App)
	m.Type = wire.CommandMessage
	if i.Type != wire.CommandAsked {
		m.Type = wire.DefaultMessage
		if i.Source != "" {
			m.Type, m.Reference = wire.ReplyMessage, &wire.Reference{MessageID: i.Source, ChannelID: i.Channel, GuildID: c.GuildID}
		}
	}
	m.WebhookID, m.ApplicationID = w.state.App.ID, w.state.App.ID
	m.Origin = &wire.Origin{ID: i.ID, Type: i.Type, User: *w.state.Users[i.User], Name: i.Command, Owners: w.owners(c)}
	if i.Type == wire.ComponentUsed {
		m.Origin.Interacted = i.Source
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
	if err := w.change(c, m, d, true); err != nil {
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
	var f wire.Faults
	f.Count("data.choices", len(data.Choices), wire.MaxChoices)
	wire.CheckChoices(&f, "data.choices", data.Choices)
	i.Choices = data.Choices
	return f.Err()
}

func answerForm(i *Interaction, cb wire.Callback) error {
	var form wire.Modal
	if err := json.Unmarshal(cb.Data, &form); err != nil {
		return wire.Refuse(50109)
	}
	if err := wire.CheckModal(&form); err != nil {
		return err
	}
	i.Form = &form
	return nil
}

// response is the callback response object. The lock is held.
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
	shown := w.show(m)
	out["resource"] = map[string]any{"type": i.Answer, "message": shown.Message}
	return out
}
