package world

import (
	"maps"
	"time"

	"darkroom/bot/sandbox/wire"
)

// nonceMemory is how long enforce_nonce looks back. Discord says "a few minutes".
const nonceMemory = 5 * time.Minute

// nonceKey is what a nonce is unique in: the bot's messages in one channel.
type nonceKey struct{ channel, nonce string }

// sameNonce finds the earlier message that enforce_nonce returns instead of a new one. If that message was deleted, it
// returns Unknown Message, as Discord does (discord-api-docs, issue 6647). The lock is held.
func (w *World) sameNonce(c *wire.Channel, d *wire.Draft) (*Message, error) {
	if !d.EnforceNonce || d.NonceText() == "" {
		return nil, nil
	}
	for _, m := range w.state.Messages {
		ours := m.ChannelID == c.ID && m.Author.ID == w.state.App.ID
		if ours && nonceOf(m) == d.NonceText() && w.remembersNonce(m.Timestamp) {
			return m, nil
		}
	}
	if posted, ok := w.deletedNonces[nonceKey{c.ID, d.NonceText()}]; ok && w.remembersNonce(posted) {
		return nil, wire.Refuse(10008)
	}
	return nil, nil
}

// noteDeletedNonce remembers the nonce of a message that is about to be deleted. The lock is held.
func (w *World) noteDeletedNonce(m *Message) {
	nonce := nonceOf(m)
	if nonce == "" || m.Author.ID != w.state.App.ID {
		return
	}
	maps.DeleteFunc(w.deletedNonces, func(_ nonceKey, posted time.Time) bool { return !w.remembersNonce(posted) })
	if w.deletedNonces == nil {
		w.deletedNonces = map[nonceKey]time.Time{}
	}
	w.deletedNonces[nonceKey{m.ChannelID, nonce}] = m.Timestamp
}

// remembersNonce tells whether the nonce of a message that was posted at a time still counts.
func (w *World) remembersNonce(posted time.Time) bool { return w.now().Sub(posted) < nonceMemory }

func nonceOf(m *Message) string {
	d := wire.Draft{Nonce: m.Nonce}
	return d.NonceText()
}
