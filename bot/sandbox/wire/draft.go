package wire

import (
	"encoding/json"
	"errors"
)

// FileRef is an entry of a draft's attachments. Its id is the id of a file that stays, or the number n of a new file's
// files[n] part.
type FileRef struct {
	ID          json.RawMessage `json:"id"`
	Filename    *string         `json:"filename"`
	Description *string         `json:"description"`
	Spoiler     *bool           `json:"is_spoiler"`
}

// Key returns the id as text; the request may contain a string or a number.
func (r FileRef) Key() string {
	var s string
	if json.Unmarshal(r.ID, &s) == nil {
		return s
	}
	return string(r.ID)
}

// AllowedMentions limits who is notified. A nil *AllowedMentions means the default of the route.
type AllowedMentions struct {
	Parse       []string `json:"parse"`
	Users       []string `json:"users"`
	Roles       []string `json:"roles"`
	RepliedUser bool     `json:"replied_user"`
}

// Draft is the body of a request that creates or edits a message. Has contains the fields of the body, including those
// that are null: an edit treats null and absent differently.
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
	Poll         json.RawMessage  `json:"poll"`
	Stickers     []string         `json:"sticker_ids"`

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

// ReadDraft parses a message body. files are the file parts of the same request.
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
		f.Add(badField(err), "MODEL_TYPE_CONVERT", "Could not interpret this value.")
		return nil, f.Err()
	}
	return d, nil
}

// badField returns the path of a JSON value that has the wrong type.
func badField(err error) string {
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && t.Field != "" {
		return t.Field
	}
	return "body"
}

// Text returns the content; "" if it is absent or null.
func (d *Draft) Text() string {
	if d.Content == nil {
		return ""
	}
	return *d.Content
}

// NonceText returns the nonce as text; the request may contain a string or an integer.
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

// HasPoll reports whether the draft has a poll or stickers.
func (d *Draft) HasPoll() bool {
	return len(d.Poll) > 0 && string(d.Poll) != "null" || len(d.Stickers) > 0
}

// Callback is the body of the first response to an interaction.
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
	case CallbackPong, CallbackMessage, CallbackDefer, CallbackDeferUpdate, CallbackUpdate, CallbackChoices,
		CallbackModal:
		return c, nil
	}
	var f FieldErrors
	f.Add("type", "BASE_TYPE_CHOICES", "Value must be one of {4, 5, 6, 7, 8, 9, 10, 12}, not %d.", c.Type)
	return c, f.Err()
}
