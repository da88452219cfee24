package message

import (
	"slices"

	"darkroom/render/request"
)

// Response is the first answer to an interaction. Reply, Defer, DeferUpdate, Update, Choices and OpenForm make one.
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

// Reply answers with a message.
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

// Update replaces the message that the button belongs to.
func Update(m Message) Response { return Response{kind: kindUpdate, message: &m} }

// Payload returns the JSON body of the answer.
func (r Response) Payload() any {
	data := r.data
	if r.message != nil {
		data = r.message.Payload()
	}
	if data == nil {
		return map[string]any{"type": r.kind}
	}
	return map[string]any{"type": r.kind, "data": data}
}

// Files are the files that go with the answer.
func (r Response) Files() []File {
	if r.message == nil {
		return nil
	}
	return r.message.Files
}

// Choice is one suggestion while somebody types an option.
type Choice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

const (
	// maxChoices is Discord's limit on suggestions.
	maxChoices = 25
	// MaxChoiceLength is Discord's limit on the name and the value of a suggestion, in characters.
	MaxChoiceLength = 100
)

// Choices answers an autocomplete with at most 25 choices. One without a visible name is left out: Discord would refuse
// all of them.
func Choices(choices []Choice) Response {
	choices = slices.DeleteFunc(slices.Clone(choices), func(c Choice) bool { return request.Invisible(c.Name) })
	if choices == nil {
		choices = []Choice{} // the field must be there even when there is nothing to suggest
	}
	choices = choices[:min(len(choices), maxChoices)]
	return Response{kind: kindChoices, data: map[string][]Choice{"choices": choices}}
}

// Form is a dialog with up to five fields.
type Form struct {
	ID     string // custom_id
	Title  string // at most 45 characters
	Fields []Field
}

// OpenForm opens a form. It must be the first answer: it cannot follow a Defer.
func OpenForm(f Form) Response {
	type formJSON struct {
		CustomID   string          `json:"custom_id"`
		Title      string          `json:"title"`
		Components []componentJSON `json:"components"`
	}
	out := formJSON{CustomID: f.ID, Title: Shorten(f.Title, 45)}
	for _, field := range f.Fields {
		out.Components = append(out.Components, field.json())
	}
	return Response{kind: kindModal, data: out}
}
