package message

import (
	"encoding/json"
	"fmt"
	"time"
)

// Address says where a job's answer goes. It travels through queue and store as opaque JSON.
type Address struct {
	Application string    `json:"application"`
	Token       string    `json:"token"` // interaction token; anybody who has it can post as the bot, so it is never logged
	Expires     time.Time `json:"expires"`
	Channel     string    `json:"channel"`
	Message     string    `json:"message"` // "@original", a message id, or empty for a follow-up whose id the job's row gets later
	User        string    `json:"user"`    // who asked; nobody else may be pinged
	Verb        string    `json:"verb"`    // what was asked: "imagine", "reroll", "vary", "upscale", "zoom", "pan" or "remix"
	Tile        int       `json:"tile"`    // the tile that a variation or upscale came from, 1 to 4; 0 for none
	Spoiler     bool      `json:"spoiler,omitempty"`
	Ephemeral   bool      `json:"ephemeral,omitempty"`
	FromImage   bool      `json:"start,omitempty"` // the job begins from a picture that the asker sent
	FileLimit   int64     `json:"file_limit"`      // bytes per file
	Locale      string    `json:"locale"`
}

// Original is the Message of an answer that is the interaction's own first response.
const Original = "@original"

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
