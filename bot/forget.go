package bot

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"
)

// members remembers, until it is written down, which servers told that they have the bot and which that they removed it.
type members struct {
	mu    sync.Mutex
	told  map[string]bool // by server: whether it has the bot
	calls []rollCall
	wake  chan struct{}
}

// rollCall is what a session begins with: the servers of its shard that have the bot.
type rollCall struct {
	present      map[string]bool
	shard, count uint64
}

func newMembers() *members { return &members{told: map[string]bool{}, wake: make(chan struct{}, 1)} }

// hear takes a gateway event about servers. It does not block.
func (m *members) hear(kind string, raw json.RawMessage) {
	switch kind {
	case "GUILD_CREATE", "GUILD_DELETE":
		var g struct {
			ID          string `json:"id"`
			Unavailable bool   `json:"unavailable"` // Discord's own trouble: nobody left
		}
		if json.Unmarshal(raw, &g) != nil || g.ID == "" || g.Unavailable {
			return
		}
		m.mu.Lock()
		m.told[g.ID] = kind == "GUILD_CREATE"
		m.mu.Unlock()
	case "READY":
		call, ok := readRollCall(raw)
		if !ok {
			return
		}
		m.mu.Lock()
		call.outdate(m.told)
		m.calls = append(m.calls, call)
		m.mu.Unlock()
	default:
		return
	}
	poke(m.wake)
}

// readRollCall reads READY's list of servers. One without the list calls nobody.
func readRollCall(raw json.RawMessage) (rollCall, bool) {
	var ready struct {
		Guilds []struct {
			ID string `json:"id"`
		} `json:"guilds"`
		Shard []uint64 `json:"shard"`
	}
	if json.Unmarshal(raw, &ready) != nil || ready.Guilds == nil {
		return rollCall{}, false
	}
	call := rollCall{present: map[string]bool{}, count: 1}
	if len(ready.Shard) == 2 && ready.Shard[1] > 0 {
		call.shard, call.count = ready.Shard[0], ready.Shard[1]
	}
	for _, g := range ready.Guilds {
		call.present[g.ID] = true
	}
	return call, true
}

// concerns tells whether a server is one of the shard that was called. Source: Discord, topics/gateway, "Sharding Formula".
func (r rollCall) concerns(server string) bool {
	n, err := strconv.ParseUint(server, 10, 64)
	return err == nil && (n>>22)%r.count == r.shard
}

// outdate drops what was told before the call about servers of its shard.
func (r rollCall) outdate(told map[string]bool) {
	maps.DeleteFunc(told, func(server string, _ bool) bool { return r.concerns(server) })
}

// news returns, for the servers that the ledger knows (and whether it knows them as departed), which have come back and
// which are gone. What was told by name came after the calls.
func (m *members) news(known map[string]bool) (back, gone []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	has := map[string]bool{}
	for _, call := range m.calls {
		for server := range known {
			if call.concerns(server) {
				has[server] = call.present[server]
			}
		}
	}
	maps.Copy(has, m.told)
	for _, server := range slices.Sorted(maps.Keys(has)) {
		departed, there := known[server]
		switch {
		case has[server] && departed:
			back = append(back, server)
		case !has[server] && there && !departed:
			gone = append(gone, server)
		}
	}
	return back, gone
}

// quiet tells that there is nothing to write down.
func (m *members) quiet() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.told) == 0 && len(m.calls) == 0
}

// take returns all that was told and leaves nothing; untake puts it back, under what was told since.
func (m *members) take() *members {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := &members{told: m.told, calls: m.calls}
	m.told, m.calls = map[string]bool{}, nil
	return taken
}

func (m *members) untake(taken *members) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, call := range m.calls {
		call.outdate(taken.told)
	}
	maps.Copy(taken.told, m.told)
	m.told, m.calls = taken.told, append(taken.calls, m.calls...)
}

// forget notes which servers come and go, forgets those that have been gone for long, and goes on with the erasing of
// people whose last jobs had not ended.
func (b *Bot) forget(ctx context.Context) error {
	var last time.Time
	for {
		if err := b.noteMembers(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("servers that came or went could not be noted", "error", err)
		}
		if now := b.o.Now(); now.Sub(last) >= b.o.Pace.Forget {
			last = now
			b.forgetDue(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.members.wake:
		case <-time.After(b.o.Pace.Forget):
		}
	}
}

func (b *Bot) noteMembers(ctx context.Context) error {
	if b.members.quiet() {
		return nil
	}
	taken := b.members.take()
	err := b.noteNews(ctx, taken)
	if err != nil {
		b.members.untake(taken)
	}
	return err
}

func (b *Bot) noteNews(ctx context.Context, told *members) error {
	known, err := b.ledger.Servers(ctx)
	if err != nil {
		return err
	}
	delete(known, directAccount)
	back, gone := told.news(known)
	for _, server := range back {
		if err := b.ledger.Rejoined(ctx, server); err != nil {
			return err
		}
		b.log.Info("a server is back and is not forgotten", "server", server)
	}
	for _, server := range gone {
		if err := b.ledger.Departed(ctx, server); err != nil {
			return err
		}
		b.log.Info("a server removed the bot", "server", server, "forgotten_after", b.o.ForgetAfter)
	}
	return nil
}

// forgetDue does what is due. What fails is due the next time.
func (b *Bot) forgetDue(ctx context.Context) {
	if err := b.ledger.Sweep(ctx); err != nil && ctx.Err() == nil {
		b.log.Warn("people could not be erased to the end", "error", err)
	}
	if b.o.ForgetAfter <= 0 {
		return
	}
	gone, err := b.ledger.Forget(ctx, b.o.ForgetAfter)
	if err != nil && ctx.Err() == nil {
		b.log.Warn("a server could not be forgotten", "error", err)
	}
	for _, server := range gone {
		b.log.Info("a server was forgotten", "server", server)
	}
}
