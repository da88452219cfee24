package world

import (
	"fmt"
	"strconv"
	"time"

	"darkroom/bot/sandbox/wire"
)

// Interaction is what the sandbox remembers of one.
type Interaction struct {
	ID        string        `json:"id"`
	Token     string        `json:"token"`
	Type      int           `json:"type"`
	User      string        `json:"user"`
	Channel   string        `json:"channel"`
	Created   time.Time     `json:"created"`
	Command   string        `json:"command,omitempty"` // "imagine", "limits set"
	Source    string        `json:"source,omitempty"`  // the message of the component, also behind a form
	Answer    int           `json:"answer"`            // the callback's type; 0 while there is none
	Original  string        `json:"original,omitempty"`
	Ephemeral bool          `json:"ephemeral,omitempty"`
	Form      *wire.Modal   `json:"form,omitempty"`    // the form it was answered with
	Choices   []wire.Choice `json:"choices,omitempty"` // the answer to autocomplete
	Followups int           `json:"followups,omitempty"`
}

// Expires is when the token dies.
func (i Interaction) Expires() time.Time { return i.Created.Add(TokenLife) }

// begin makes an interaction and the payload the bot will hear. The lock is held.
func (w *World) newInteraction(kind int, user string, c *wire.Channel, data wire.InteractionData) (*Interaction, *wire.Interaction, error) {
	u, err := w.findUser(user)
	if err != nil {
		return nil, nil, err
	}
	i := &Interaction{ID: w.ids.next(), Token: "sandbox." + randomHex(48), Type: kind, User: user, Channel: c.ID, Created: w.now()}
	place := *c
	place.Permissions = bits(w.userBits(user, c))
	p := &wire.Interaction{
		ID: i.ID, ApplicationID: w.state.App.ID, Type: kind, Data: data, Channel: place, ChannelID: c.ID, Token: i.Token,
		Version: 1, AppPermissions: bits(w.botBits(c)), Locale: "en-US", Entitlements: []any{}, EntitlementIDs: []any{},
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

// owners says for whom the app is installed: the guild, or nobody special in a DM.
func (w *World) installOwners(c *wire.Channel) map[string]string {
	if c.GuildID != "" {
		return map[string]string{"0": c.GuildID}
	}
	return map[string]string{"0": "0"}
}

// send files an interaction and tells the bot. The lock is held.
func (w *World) dispatch(i *Interaction, p *wire.Interaction) Interaction {
	w.state.Interactions[i.ID] = i
	w.onEvent(Event{"INTERACTION_CREATE", 0, p})
	w.record(Change{Kind: "INTERACTION", Channel: i.Channel, Interaction: i.ID, Viewer: i.User})
	w.markChanged()
	return *i
}

// room is the channel a person acts in. The lock is held.
func (w *World) visibleChannel(user, channel string) (*wire.Channel, error) {
	c := w.state.Channels[channel]
	if c == nil || !w.sees(user, c) {
		return nil, fmt.Errorf("no such channel for this person: %q", channel)
	}
	return c, nil
}

// Click presses a button, or picks values in a select, on a message that the person sees.
func (w *World) Click(user, message, customID string, values ...string) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	m := w.state.Messages[message]
	if m == nil || m.Viewer != "" && m.Viewer != user {
		return Interaction{}, fmt.Errorf("no such message for this person: %q", message)
	}
	c, err := w.visibleChannel(user, m.ChannelID)
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
	data := wire.InteractionData{CustomID: customID, ComponentType: component.Type, Values: values}
	i, p, err := w.newInteraction(wire.TypeComponent, user, c, data)
	if err != nil {
		return Interaction{}, err
	}
	i.Source = m.ID
	shown := w.present(m)
	p.Message = &shown.Message
	return w.dispatch(i, p), nil
}

// Submit sends a form that the bot opened in answer to an interaction.
// Values are by custom_id; a field that is left out keeps what was filled in.
func (w *World) Submit(user, opened string, values map[string]string) (Interaction, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	from := w.state.Interactions[opened]
	if from == nil || from.User != user || from.Form == nil {
		return Interaction{}, fmt.Errorf("interaction %q opened no form for this person", opened)
	}
	filled, err := fillForm(from.Form, values)
	if err != nil {
		return Interaction{}, err
	}
	c, err := w.visibleChannel(user, from.Channel)
	if err != nil {
		return Interaction{}, err
	}
	i, p, err := w.newInteraction(wire.TypeModalSubmit, user, c, wire.InteractionData{CustomID: from.Form.CustomID, Components: filled})
	if err != nil {
		return Interaction{}, err
	}
	if m := w.state.Messages[from.Source]; m != nil {
		i.Source = m.ID
		shown := w.present(m)
		p.Message = &shown.Message
	}
	from.Form = nil // a form is sent once
	return w.dispatch(i, p), nil
}

// Say posts an ordinary chat message of a person.
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

// Messages lists what a person sees in a channel, oldest first.
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

// VisibleMessage is one message as a person sees it.
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

// DeleteMessage is a person's delete: their own message, any message for a
// moderator, or "dismiss" for an ephemeral one. An ephemeral message that is
// dismissed stays editable by its token, as on Discord; nobody sees it again.
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

// Asked finds an interaction by id.
func (w *World) FindInteraction(id string) (Interaction, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.state.Interactions[id]
	if i == nil {
		return Interaction{}, false
	}
	return *i, true
}

// Unanswered lists the interactions that got no answer within three seconds.
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

func parseBits(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}
