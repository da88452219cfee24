package wire

import (
	"encoding/json"
	"fmt"
)

// FileRef is an entry of a draft's attachments: a kept file by its id, or a
// new one by the number n of its files[n] part.
type FileRef struct {
	ID          json.RawMessage `json:"id"`
	Filename    *string         `json:"filename"`
	Description *string         `json:"description"`
	Spoiler     *bool           `json:"is_spoiler"`
}

// Key is the id as text, whether it was sent as a string or a number.
func (r FileRef) Key() string {
	var s string
	if json.Unmarshal(r.ID, &s) == nil {
		return s
	}
	return string(r.ID)
}

// AllowedMentions limits who is pinged. A nil *AllowedMentions means the default of the place.
type AllowedMentions struct {
	Parse       []string `json:"parse"`
	Users       []string `json:"users"`
	Roles       []string `json:"roles"`
	RepliedUser bool     `json:"replied_user"`
}

// Draft is the body of a message create or edit. Has tells an absent field
// from a null one, which edits need.
type Draft struct {
	Content      *string          `json:"content"`
	Embeds       []Embed          `json:"embeds"`
	Components   []Component      `json:"components"`
	Attachments  []FileRef        `json:"attachments"`
	Mentions     *AllowedMentions `json:"allowed_mentions"`
	Flags        int              `json:"flags"`
	TTS          bool             `json:"tts"`
	Nonce        json.RawMessage  `json:"nonce"`
	EnforceNonce bool             `json:"enforce_nonce"`
	Reference    *Reference       `json:"message_reference"`

	Has   map[string]bool `json:"-"`
	Files []Upload        `json:"-"`
}

// Upload is one file part of a multipart body. N is the number in files[n].
type Upload struct {
	N    int
	Name string
	Type string
	Data []byte
}

// ReadDraft parses a message body; files come from the multipart parts around it.
func ReadDraft(body []byte, files []Upload) (*Draft, error) {
	d := &Draft{Files: files, Has: map[string]bool{}}
	if len(body) == 0 {
		return d, nil
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, Refuse(50109)
	}
	for name := range fields {
		d.Has[name] = true
	}
	if err := json.Unmarshal(body, d); err != nil {
		var f FieldErrors
		f.Add(badField(err), "MODEL_TYPE_CONVERT", "%s", "Could not interpret this value.")
		return nil, f.Err()
	}
	return d, nil
}

// badField names the place of a JSON value of the wrong type.
func badField(err error) string {
	if t, ok := err.(*json.UnmarshalTypeError); ok && t.Field != "" {
		return t.Field
	}
	return "body"
}

// Text is the content, "" when absent or null.
func (d *Draft) Text() string {
	if d.Content == nil {
		return ""
	}
	return *d.Content
}

// NonceText is the nonce as text: Discord takes a string or an integer.
func (d *Draft) NonceText() string {
	var s string
	if len(d.Nonce) == 0 || string(d.Nonce) == "null" {
		return ""
	}
	if json.Unmarshal(d.Nonce, &s) == nil {
		return s
	}
	return string(d.Nonce)
}

// Callback is the body of an interaction's first answer.
type Callback struct {
	Type int             `json:"type"`
	Data json.RawMessage `json:"data"`
}

// Callback types.
const (
	CallbackPong        = 1
	CallbackMessage     = 4
	CallbackDefer       = 5
	CallbackDeferUpdate = 6
	CallbackUpdate      = 7
	CallbackChoices     = 8
	CallbackModal       = 9
)

// ReadCallback parses a callback body.
func ReadCallback(body []byte) (Callback, error) {
	var c Callback
	if err := json.Unmarshal(body, &c); err != nil {
		return c, Refuse(50109)
	}
	switch c.Type {
	case CallbackPong, CallbackMessage, CallbackDefer, CallbackDeferUpdate, CallbackUpdate, CallbackChoices, CallbackModal:
		return c, nil
	}
	var f FieldErrors
	f.Add("type", "BASE_TYPE_CHOICES", "%s", fmt.Sprintf("Value must be one of {4, 5, 6, 7, 8, 9, 10, 12}, not %d.", c.Type))
	return c, f.Err()
}
