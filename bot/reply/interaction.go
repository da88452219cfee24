package reply

import (
	"context"
	"net/http"
)

// Response is the first answer to an interaction. Build one with Say, Defer, DeferUpdate, Update, Offer or Ask.
type Response struct {
	kind    int
	message *Message
	data    any
}

// The kinds of callbacks. Source: interactions/receiving-and-responding.
const (
	kindMessage     = 4
	kindDefer       = 5
	kindDeferUpdate = 6
	kindUpdate      = 7
	kindChoices     = 8
	kindModal       = 9
)

// Say answers with a message.
func Reply(m Message) Response { return Response{kind: kindMessage, message: &m} }

// Defer shows "thinking" until the answer is edited in.
func Defer(private bool) Response {
	flags := 0
	if private {
		flags = Ephemeral
	}
	return Response{kind: kindDefer, data: map[string]int{"flags": flags}}
}

// DeferUpdate acknowledges a click without showing anything.
func DeferUpdate() Response { return Response{kind: kindDeferUpdate} }

// Update replaces the message that the button hangs on.
func Update(m Message) Response { return Response{kind: kindUpdate, message: &m} }

// Choice is one suggestion while somebody types an option.
type Choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxChoices is Discord's limit on suggestions.
const maxChoices = 25

// Offer answers an autocomplete with at most 25 choices.
func Choices(choices []Choice) Response {
	if choices == nil {
		choices = []Choice{} // the field must be there even when there is nothing to suggest
	}
	if len(choices) > maxChoices {
		choices = choices[:maxChoices]
	}
	return Response{kind: kindChoices, data: map[string][]Choice{"choices": choices}}
}

// Field is a text input of a Form.
type Field struct {
	ID          string
	Label       string // at most 45 characters
	Description string // at most 100 characters
	Value       string // what it is filled with
	Long        bool   // several lines
	Optional    bool
	Max         int // characters, at most 4,000
}

// Form is a dialog with up to five text inputs.
type Form struct {
	ID     string // custom_id
	Title  string // at most 45 characters
	Fields []Field
}

// Ask opens a form. It must be the first answer: it cannot follow a Defer.
func OpenForm(f Form) Response {
	type formJSON struct {
		CustomID   string          `json:"custom_id"`
		Title      string          `json:"title"`
		Components []componentJSON `json:"components"`
	}
	out := formJSON{CustomID: f.ID, Title: shorten(f.Title, 45)}
	for _, field := range f.Fields {
		out.Components = append(out.Components, field.json())
	}
	return Response{kind: kindModal, data: out}
}

// json returns the field as a label (18) around a text input (4).
func (f Field) json() componentJSON {
	style, required := 1, !f.Optional
	if f.Long {
		style = 2
	}
	return componentJSON{
		Type: 18, Label: shorten(f.Label, 45), Description: shorten(f.Description, 100),
		Component: &componentJSON{Type: 4, Style: style, CustomID: f.ID, Value: shorten(f.Value, f.Max), Required: &required, MaxLength: f.Max},
	}
}

// Posted is a message as Discord gives it back.
type ReceivedMessage struct {
	ID          string              `json:"id"`
	Channel     string              `json:"channel_id"`
	Content     string              `json:"content"`
	Flags       int                 `json:"flags"`
	Attachments []Attachment        `json:"attachments"`
	Components  []receivedComponent `json:"components"`
}

// Attachment is a file on a Posted message. Its URL expires.
type Attachment struct {
	ID       string `json:"id"`
	Filename string `json:"filename"`
	URL      string `json:"url"`
	Size     int64  `json:"size"`
	Width    int    `json:"width"`
	Height   int    `json:"height"`
}

type receivedComponent struct {
	CustomID   string              `json:"custom_id"`
	Components []receivedComponent `json:"components"`
}

// Has tells whether the message carries a button with this custom_id.
func (p ReceivedMessage) Has(customID string) bool { return has(p.Components, customID) }

func has(cs []receivedComponent, customID string) bool {
	for _, c := range cs {
		if c.CustomID == customID || has(c.Components, customID) {
			return true
		}
	}
	return false
}

// Callback gives the first answer to an interaction, which must reach Discord within three seconds of it. It returns
// the message that it created, if any.
func (c *Client) Callback(ctx context.Context, interaction, token string, r Response) (ReceivedMessage, error) {
	k := request{
		method: http.MethodPost, path: "/interactions/" + interaction + "/" + token + "/callback?with_response=true",
		bucket: "callback/" + interaction, route: "POST interaction callback", byInteraction: true,
	}
	wrap := func(data any) any {
		if data == nil {
			return map[string]any{"type": r.kind}
		}
		return map[string]any{"type": r.kind, "data": data}
	}
	if r.message != nil {
		k.body, k.wrap = r.message, func(m *Message) any { return wrap(m.payload()) }
	} else {
		k.body = wrap(r.data)
	}
	var answer struct {
		Resource struct {
			Message *ReceivedMessage `json:"message"`
		} `json:"resource"`
	}
	if err := c.send(ctx, k, &answer); err != nil {
		return ReceivedMessage{}, err
	}
	if answer.Resource.Message != nil {
		return *answer.Resource.Message, nil
	}
	return ReceivedMessage{}, nil
}

// webhook is a request by an interaction's token, good for 15 minutes.
func webhookRequest(method string, to Address, rest, route string) request {
	base := "/webhooks/" + to.Application + "/" + to.Token
	return request{method: method, path: base + rest, bucket: method + base, route: route, byInteraction: true, idempotent: method != http.MethodPost}
}

// posted performs a call that is answered with a message.
func (c *Client) sendForMessage(ctx context.Context, k request) (ReceivedMessage, error) {
	var p ReceivedMessage
	err := c.send(ctx, k, &p)
	return p, err
}

// Edit replaces the answer that to names. It is safe to repeat.
func (c *Client) EditResponse(ctx context.Context, to Address, m Message) (ReceivedMessage, error) {
	k := webhookRequest(http.MethodPatch, to, "/messages/"+to.Message, "PATCH interaction answer")
	k.body = &m
	return c.sendForMessage(ctx, k)
}

// Fetch returns the answer that to names.
func (c *Client) FetchResponse(ctx context.Context, to Address) (ReceivedMessage, error) {
	return c.sendForMessage(ctx, webhookRequest(http.MethodGet, to, "/messages/"+to.Message, "GET interaction answer"))
}

// Drop deletes the answer that to names.
func (c *Client) DeleteResponse(ctx context.Context, to Address) error {
	return c.send(ctx, webhookRequest(http.MethodDelete, to, "/messages/"+to.Message, "DELETE interaction answer"), nil)
}

// Follow posts a further message under an interaction.
func (c *Client) FollowUp(ctx context.Context, to Address, m Message) (ReceivedMessage, error) {
	k := webhookRequest(http.MethodPost, to, "?wait=true", "POST follow-up")
	k.body = &m
	return c.sendForMessage(ctx, k)
}
