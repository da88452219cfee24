package world

import (
	"fmt"
	"time"

	"darkroom/bot/sandbox/client"
	"darkroom/bot/sandbox/wire"
)

// Interaction is one interaction and the bot's response to it.
type Interaction struct {
	ID        string        `json:"id"`
	Token     string        `json:"token"`
	Type      int           `json:"type"`
	User      string        `json:"user"`
	Channel   string        `json:"channel"`
	Created   time.Time     `json:"created"`
	Command   string        `json:"command,omitempty"`  // "imagine", "limits set"
	Source    string        `json:"source,omitempty"`   // the message whose component was used
	Answer    int           `json:"answer"`             // the type of the callback; 0 before the bot responds
	Original  string        `json:"original,omitempty"` // the message "@original"
	Ephemeral bool          `json:"ephemeral,omitempty"`
	Form      *wire.Modal   `json:"form,omitempty"`    // the modal that the bot responded with, until it is submitted
	Choices   []wire.Choice `json:"choices,omitempty"` // the response to autocomplete
	Followups int           `json:"followups,omitempty"`
}

// Expires returns when the token stops working.
func (i Interaction) Expires() time.Time { return i.Created.Add(TokenLife) }

// newInteraction makes an interaction and the payload that the bot receives. The lock is held.
func (w *World) newInteraction(
	kind int, user string, c *wire.Channel, data wire.InteractionData,
) (*Interaction, *wire.Interaction, error) {
	u, err := w.findUser(user)
	if err != nil {
		return nil, nil, err
	}
	i := &Interaction{ID: w.ids.Next(), Token: "sandbox." + randomHex(48), Type: kind, User: user, Channel: c.ID,
		Created: w.now()}
	channel := *c
	channel.Permissions = formatBits(w.userBits(user, c))
	p := &wire.Interaction{
		ID: i.ID, ApplicationID: w.state.App.ID, Type: kind, Data: data, Channel: channel, ChannelID: c.ID, Token: i.Token,
		Version: 1, AppPermissions: formatBits(w.botBits(c)), Locale: w.localeOf(user),
		Entitlements: []any{}, EntitlementIDs: []any{},
		Owners: w.installOwners(c), Context: contextOf(c), FileLimit: w.limitOf(c),
	}
	if g := w.state.Guilds[c.GuildID]; g != nil {
		p.GuildID, p.GuildLocale = g.ID, g.PreferredLocale
		p.Guild = map[string]any{"id": g.ID, "locale": g.PreferredLocale, "features": g.Features}
		p.Member = w.memberOf(user, c, true)
	} else {
		p.User = u
	}
	return i, p, nil
}

// installOwners returns authorizing_integration_owners: the app is installed in the guild; in a DM the value is "0".
func (w *World) installOwners(c *wire.Channel) map[string]string {
	if c.GuildID != "" {
		return map[string]string{"0": c.GuildID}
	}
	return map[string]string{"0": "0"}
}

// dispatch stores an interaction and sends it to the bot. The lock is held.
func (w *World) dispatch(i *Interaction, p *wire.Interaction) Interaction {
	w.state.Interactions[i.ID] = i
	w.onEvent(Event{"INTERACTION_CREATE", 0, p})
	w.record(Change{Kind: "INTERACTION", Channel: i.Channel, Interaction: i.ID, Viewer: i.User})
	w.markChanged()
	return *i
}

// Click presses a button, or picks values in a select menu, on a message that the user sees.
func (w *World) Click(user, message, customID string, values ...string) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, c, err := w.seenMessage(user, message)
	if err != nil {
		return Interaction{}, err
	}
	component := wire.FindComponent(m.Components, customID)
	if component == nil {
		return Interaction{}, fmt.Errorf("message %s has no component %q", message, customID)
	}
	if component.Disabled {
		return Interaction{}, fmt.Errorf("component %q is disabled", customID)
	}
	if component.Type == wire.StringSelect {
		if err := client.CheckPicked(component, values); err != nil {
			return Interaction{}, err
		}
	}
	data := wire.InteractionData{CustomID: customID, ComponentType: component.Type, Values: values}
	return w.dispatchFrom(wire.TypeComponent, user, c, m, data)
}

// Forge sends what a changed client can send: a click, or a submitted modal, with any data, from a message that the
// user sees. Only bots can tell that it is forged, by the message in it.
func (w *World) Forge(kind int, user, message string, data wire.InteractionData) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, c, err := w.seenMessage(user, message)
	if err != nil {
		return Interaction{}, err
	}
	return w.dispatchFrom(kind, user, c, m, data)
}

// seenMessage returns a message that the user sees, and its channel. The lock is held.
func (w *World) seenMessage(user, message string) (*Message, *wire.Channel, error) {
	m := w.state.Messages[message]
	if m == nil || m.Viewer != "" && m.Viewer != user {
		return nil, nil, fmt.Errorf("the user sees no message %q", message)
	}
	c, err := w.visibleChannel(user, m.ChannelID)
	return m, c, err
}

// dispatchFrom makes an interaction from a message, which the bot gets with it, and sends it. The lock is held.
func (w *World) dispatchFrom(
	kind int, user string, c *wire.Channel, m *Message, data wire.InteractionData,
) (Interaction, error) {
	i, p, err := w.newInteraction(kind, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	i.Source = m.ID
	shown := w.present(m)
	p.Message = &shown.Message
	return w.dispatch(i, p), nil
}

// Submit submits the modal with which the bot responded to an interaction. Values are by custom_id; a field without a
// value keeps the one it was opened with.
func (w *World) Submit(user, opened string, values map[string]string) (Interaction, error) {
	filled := client.Filled{Values: map[string][]string{}}
	for id, v := range values {
		filled.Values[id] = []string{v}
	}
	return w.SubmitForm(user, opened, filled)
}

// SubmitForm is Submit with several choices and with files.
func (w *World) SubmitForm(user, opened string, filled client.Filled) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.state.Interactions[opened]
	if from == nil || from.User != user || from.Form == nil {
		return Interaction{}, fmt.Errorf("interaction %q opened no modal for this user", opened)
	}
	c, err := w.visibleChannel(user, from.Channel)
	if err != nil {
		return Interaction{}, err
	}
	resolved := &wire.Resolved{}
	upload := func(f wire.Upload) (string, error) { return w.uploadTo(c, resolved, f) }
	components, err := client.FillModal(from.Form, filled, upload)
	if err != nil {
		return Interaction{}, err
	}
	data := wire.InteractionData{CustomID: from.Form.CustomID, Components: components}
	if resolved.Attachments != nil {
		data.Resolved = resolved
	}
	i, p, err := w.newInteraction(wire.TypeModalSubmit, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	if m := w.state.Messages[from.Source]; m != nil {
		i.Source = m.ID
		shown := w.present(m)
		p.Message = &shown.Message
	}
	from.Form = nil // a modal is submitted once
	return w.dispatch(i, p), nil
}

// FindInteraction finds an interaction by id.
func (w *World) FindInteraction(id string) (Interaction, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.state.Interactions[id]
	if i == nil {
		return Interaction{}, false
	}
	return *i, true
}

// Unanswered lists the interactions to which the bot did not respond within AnswerTimeout.
func (w *World) Unanswered() []Interaction {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []Interaction
	for _, i := range w.state.Interactions {
		if i.Answer == 0 && w.now().Sub(i.Created) > AnswerTimeout {
			list = append(list, *i)
		}
	}
	return list
}
