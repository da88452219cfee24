package message

import (
	"encoding/json"
	"fmt"
	"time"

	"darkroom/bot/language"
)

// Address says where a job's answer goes. It travels through queue and store as opaque JSON.
type Address struct {
	Application string    `json:"application"`
	Token       string    `json:"token"` // of the interaction; whoever has it can post as the bot: it is never logged
	Expires     time.Time `json:"expires"`
	Channel     string    `json:"channel"`
	Message     string    `json:"message"` // "@original", an id, or empty: a follow-up whose id the job's row gets later
	User        string    `json:"user"`    // who asked; only this person may be pinged
	Verb        string    `json:"verb"`    // "imagine", "reroll", "vary", "upscale", "zoom", "pan", "region" or "remix"
	Tile        int       `json:"tile"`    // the tile of the variation or upscale, 1 to 4; 0 for none
	Spoiler     bool      `json:"spoiler,omitempty"`
	Ephemeral   bool      `json:"ephemeral,omitempty"`
	Direct      bool      `json:"direct,omitempty"` // it is private, and its message is a direct message: see Private
	FromImage   bool      `json:"start,omitempty"`  // the job starts from an image that the person sent
	FileLimit   int64     `json:"file_limit"`       // bytes per file
	Card        bool      `json:"card,omitempty"`   // the form of the message, which it keeps: see Card
	Flags       string    `json:"flags,omitempty"`  // settings that were asked for, as flags: "--ar 3:2 --seed 7"
	Draft       int       `json:"draft,omitempty"`  // it is a draft: how many steps the finished image has
	Locale      string    `json:"locale"`

	Origins string `json:"origins,omitempty"` // what presets and defaults decided, see request.FormatOrigins

	Language language.Language `json:"language,omitzero"` // of the message, which it keeps
}

// Original is the Message of an answer that is the interaction's own first response.
const Original = "@original"

// Private tells whether only the person who asked may see the answer. It is an ephemeral message, which can be edited
// for 15 minutes, or a direct message where more time was needed.
func (a Address) Private() bool { return a.Ephemeral || a.Direct }

// Elsewhere is the address of an answer that takes the place of a private one which cannot be edited any more.
func (a Address) Elsewhere() Address {
	a.Direct, a.Ephemeral = a.Private(), false
	return a
}

// Encode returns the address as the opaque JSON that queue and store carry.
func (a Address) Encode() json.RawMessage {
	b, err := json.Marshal(a)
	if err != nil {
		panic("internal error: message.Address must always encode: " + err.Error())
	}
	return b
}

// DecodeAddress reads what Encode wrote.
func DecodeAddress(data []byte) (Address, error) {
	var a Address
	if err := json.Unmarshal(data, &a); err != nil {
		return Address{}, fmt.Errorf("decode address: %w", err)
	}
	return a, nil
}
