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
type memberships struct {
	mu      sync.Mutex
	changes map[string]bool // by server: whether it has the bot
	lists   []guildList
	wake    chan struct{}
}

// guildList is what a session begins with: the servers of its shard that have the bot.
type guildList struct {
	present       map[string]bool
	shard, shards uint64
}

func newMemberships() *memberships {
	return &memberships{changes: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// hear takes a gateway event about servers. It does not block.
func (m *memberships) handle(kind string, raw json.RawMessage) {
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
		m.changes[g.ID] = kind == "GUILD_CREATE"
		m.mu.Unlock()
	case "READY":
		list, ok := readGuildList(raw)
		if !ok {
			return
		}
		m.mu.Lock()
		list.supersede(m.changes)
		m.lists = append(m.lists, list)
		m.mu.Unlock()
	default:
		return
	}
	wake(m.wake)
}

// readGuildList reads READY's list of servers. One without the list calls nobody.
func readGuildList(raw json.RawMessage) (guildList, bool) {
	var ready struct {
		Guilds []struct {
			ID string `json:"id"`
		} `json:"guilds"`
		Shard []uint64 `json:"shard"`
	}
	if json.Unmarshal(raw, &ready) != nil || ready.Guilds == nil {
		return guildList{}, false
	}
	list := guildList{present: map[string]bool{}, shards: 1}
	if len(ready.Shard) == 2 && ready.Shard[1] > 0 {
		list.shard, list.shards = ready.Shard[0], ready.Shard[1]
	}
	for _, g := range ready.Guilds {
		list.present[g.ID] = true
	}
	return list, true
}

// concerns tells whether a server is one of the shard that was called. Source: Discord, topics/gateway, "Sharding Formula".
func (r guildList) covers(server string) bool {
	n, err := strconv.ParseUint(server, 10, 64)
	return err == nil && (n>>22)%r.shards == r.shard
}

// outdate drops what was told before the call about servers of its shard.
func (r guildList) supersede(changes map[string]bool) {
	maps.DeleteFunc(changes, func(server string, _ bool) bool { return r.covers(server) })
}

// news returns, for the servers that the ledger knows (and whether it knows them as departed), which have come back and
// which are gone. What was told by name came after the calls.
func (m *memberships) diff(known map[string]bool) (back, gone []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	has := map[string]bool{}
	for _, list := range m.lists {
		for server := range known {
			if list.covers(server) {
				has[server] = list.present[server]
			}
		}
	}
	maps.Copy(has, m.changes)
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
func (m *memberships) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.changes) == 0 && len(m.lists) == 0
}

// take returns all that was told and leaves nothing; untake puts it back, under what was told since.
func (m *memberships) drain() *memberships {
	m.mu.Lock()
	defer m.mu.Unlock()
	drained := &memberships{changes: m.changes, lists: m.lists}
	m.changes, m.lists = map[string]bool{}, nil
	return drained
}

func (m *memberships) putBack(drained *memberships) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, list := range m.lists {
		list.supersede(drained.changes)
	}
	maps.Copy(drained.changes, m.changes)
	m.changes, m.lists = drained.changes, append(drained.lists, m.lists...)
}

// forget notes which servers come and go, forgets those that have been gone for long, and goes on with the erasing of
// people whose last jobs had not ended.
func (b *Bot) runRetention(ctx context.Context) error {
	var last time.Time
	for {
		if err := b.saveMemberships(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("servers that came or went could not be noted", "error", err)
		}
		if now := b.o.Now(); now.Sub(last) >= b.o.Intervals.Retention {
			last = now
			b.forgetExpired(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-b.memberships.wake:
		case <-time.After(b.o.Intervals.Retention):
		}
	}
}

func (b *Bot) saveMemberships(ctx context.Context) error {
	if b.memberships.empty() {
		return nil
	}
	drained := b.memberships.drain()
	err := b.applyMemberships(ctx, drained)
	if err != nil {
		b.memberships.putBack(drained)
	}
	return err
}

func (b *Bot) applyMemberships(ctx context.Context, changes *memberships) error {
	known, err := b.db.Servers(ctx)
	if err != nil {
		return err
	}
	delete(known, directAccount)
	back, gone := changes.diff(known)
	for _, server := range back {
		if err := b.db.MarkRejoined(ctx, server); err != nil {
			return err
		}
		b.log.Info("a server is back and is not forgotten", "server", server)
	}
	for _, server := range gone {
		if err := b.db.MarkDeparted(ctx, server); err != nil {
			return err
		}
		b.log.Info("a server removed the bot", "server", server, "forgotten_after", b.o.ForgetAfter)
	}
	return nil
}

// forgetExpired does what is due. What fails is due the next time.
func (b *Bot) forgetExpired(ctx context.Context) {
	if err := b.db.FinishErasures(ctx); err != nil && ctx.Err() == nil {
		b.log.Warn("people could not be erased to the end", "error", err)
	}
	if b.o.ForgetAfter <= 0 {
		return
	}
	gone, err := b.db.ForgetServers(ctx, b.o.ForgetAfter)
	if err != nil && ctx.Err() == nil {
		b.log.Warn("a server could not be forgotten", "error", err)
	}
	for _, server := range gone {
		b.log.Info("a server was forgotten", "server", server)
	}
}
