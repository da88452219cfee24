package retention

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"sync"
)

// memberships holds, until it is stored, which servers have the bot and which removed it.
type memberships struct {
	mu      sync.Mutex
	changes map[string]bool // by server: whether it has the bot
	lists   []guildList
	wake    chan struct{}
}

// guildList is the first thing that a session reports: the servers of its shard that have the bot.
type guildList struct {
	present       map[string]bool
	shard, shards uint64
}

func newMemberships() *memberships {
	return &memberships{changes: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// handle reads a gateway event about servers. It does not block.
func (m *memberships) handle(kind string, raw json.RawMessage) {
	switch kind {
	case "GUILD_CREATE", "GUILD_DELETE":
		var g struct {
			ID          string `json:"id"`
			Unavailable bool   `json:"unavailable"` // an outage of Discord: the bot was not removed
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
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// readGuildList reads READY's list of servers. A READY without a list says nothing about servers.
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

// covers tells whether a server belongs to the list's shard. Source: Discord, topics/gateway, "Sharding Formula".
func (r guildList) covers(server string) bool {
	n, err := strconv.ParseUint(server, 10, 64)
	return err == nil && (n>>22)%r.shards == r.shard
}

// supersede drops earlier changes of servers of the list's shard.
func (r guildList) supersede(changes map[string]bool) {
	maps.DeleteFunc(changes, func(server string, _ bool) bool { return r.covers(server) })
}

// diff returns which of the servers that the store knows (and whether as departed) came back, and which are gone. A
// change of a single server is newer than the lists.
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

// empty tells whether there is nothing to store.
func (m *memberships) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.changes) == 0 && len(m.lists) == 0
}

// drain returns everything and leaves nothing.
func (m *memberships) drain() *memberships {
	m.mu.Lock()
	defer m.mu.Unlock()
	drained := &memberships{changes: m.changes, lists: m.lists}
	m.changes, m.lists = map[string]bool{}, nil
	return drained
}

// putBack puts back what drain returned. What came since then is newer.
func (m *memberships) putBack(drained *memberships) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, list := range m.lists {
		list.supersede(drained.changes)
	}
	maps.Copy(drained.changes, m.changes)
	m.changes, m.lists = drained.changes, append(drained.lists, m.lists...)
}
