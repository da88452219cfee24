package gateway

import (
	"encoding/json"
	"strings"
)

// privileged are the intents that a new application must ask for.
const privileged = 1<<1 | 1<<8 | 1<<15

// knownIntents are all intents that Discord defines.
const knownIntents = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9 | 1<<10 | 1<<11 | 1<<12 |
	1<<13 | 1<<14 | 1<<15 | 1<<16 | 1<<20 | 1<<21 | 1<<24 | 1<<25

func (c *conn) identify(data json.RawMessage) {
	var id struct {
		Token    string `json:"token"`
		Intents  *int   `json:"intents"`
		Compress bool   `json:"compress"`
		Shard    []int  `json:"shard"`
	}
	if err := json.Unmarshal(data, &id); err != nil {
		c.closeWith(4002, "Error while decoding payload.")
		return
	}
	known, ready := c.hub.world.ValidToken(withoutPrefix(id.Token)), c.hub.readyData()
	c.hub.mu.Lock()
	defer func() {
		c.hub.mu.Unlock()
		c.hub.world.Record("BOT", "")
	}()
	switch {
	case c.session != nil:
		c.closeWith(4005, "Already authenticated.")
	case !known:
		c.closeWith(4004, "Authentication failed.")
	case id.Intents == nil || *id.Intents&^knownIntents != 0:
		c.closeWith(4013, "Invalid intent(s).")
	case *id.Intents&privileged != 0:
		c.closeWith(4014, "Disallowed intent(s).")
	case badShard(id.Shard):
		c.closeWith(4010, "Invalid shard.")
	default:
		c.compress = id.Compress
		c.hub.open(c, ready, *id.Intents, id.Shard)
	}
}

func badShard(s []int) bool {
	return s != nil && (len(s) != 2 || s[0] < 0 || s[1] < 1 || s[0] >= s[1])
}

func (c *conn) resume(data json.RawMessage) {
	var r struct {
		Token   string `json:"token"`
		Session string `json:"session_id"`
		Seq     int64  `json:"seq"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		c.closeWith(4002, "Error while decoding payload.")
		return
	}
	known := c.hub.world.ValidToken(withoutPrefix(r.Token))
	c.hub.mu.Lock()
	if greeting := c.hub.resumeGreeting; greeting != nil {
		c.queue(*greeting)
		c.hub.resumeGreeting = nil
	}
	switch {
	case c.session != nil:
		c.closeWith(4005, "Already authenticated.")
	case !known:
		c.closeWith(4004, "Authentication failed.")
	case !c.hub.resume(c, r.Session, r.Seq):
		c.queue(packet{Op: opBadSession, Data: json.RawMessage("false")})
	}
	c.hub.mu.Unlock()
	c.hub.world.Record("BOT", "")
}

// withoutPrefix returns a token without the prefix "Bot ", which some libraries send.
func withoutPrefix(token string) string { return strings.TrimPrefix(token, "Bot ") }
