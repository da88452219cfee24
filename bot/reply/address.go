package reply

import (
	"encoding/json"
	"fmt"
	"time"
)

// To says where a job's answer goes. It travels as opaque JSON through queue and store.
type Address struct {
	Application string    `json:"application"`
	Token       string    `json:"token"` // interaction token; with it anybody can post as the bot, so it is never logged
	Expires     time.Time `json:"expires"`
	Channel     string    `json:"channel"`
	Message     string    `json:"message"` // "@original", a message id, or empty for a further message whose id the job's row will know
	User        string    `json:"user"`    // who asked, and the only one who may be pinged
	Verb        string    `json:"verb"`    // what was asked: "imagine", "reroll", "vary", "upscale", "zoom", "pan", "remix"
	Tile        int       `json:"tile"`    // the tile a variation or upscale came from, 1 to 4; 0 for none
	Spoiler     bool      `json:"spoiler,omitempty"`
	Ephemeral   bool      `json:"ephemeral,omitempty"`
	FromImage   bool      `json:"start,omitempty"` // it was to begin from a picture of the asker's
	FileLimit   int64     `json:"file_limit"`      // bytes per file
	Locale      string    `json:"locale"`
}

// Original is the Message of an answer that is the interaction's own first response.
const Original = "@original"

// Encode returns To as the opaque JSON that queue and store carry.
func (t Address) Encode() json.RawMessage {
	b, err := json.Marshal(t)
	if err != nil {
		panic("internal error: reply.To must always encode: " + err.Error())
	}
	return b
}

// Decode reads what Encode wrote.
func Decode(data []byte) (Address, error) {
	var t Address
	if err := json.Unmarshal(data, &t); err != nil {
		return Address{}, fmt.Errorf("decode reply address: %w", err)
	}
	return t, nil
}
