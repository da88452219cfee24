package world

import (
	"darkroom/bot/sandbox/snowflake"
	"darkroom/bot/sandbox/wire"
)

// Gateway intents of the events that the sandbox sends.
const (
	intentGuilds        = 1 << 0
	intentGuildMessages = 1 << 9
	intentDMs           = 1 << 12
)

// fullGuild returns the payload of GUILD_CREATE. The lock is held.
func (w *World) fullGuild(g *wire.Guild) any {
	channels, threads := []wire.Channel{}, []wire.Channel{}
	for _, id := range w.state.ChannelOrder {
		c := w.state.Channels[id]
		if c.GuildID != g.ID {
			continue
		}
		if c.Type == wire.PublicThread {
			threads = append(threads, *c)
		} else {
			channels = append(channels, *c)
		}
	}
	me := wire.Member{User: &w.state.App, Roles: []string{}, JoinedAt: snowflake.Time(g.ID)}
	return struct {
		wire.Guild
		JoinedAt    any            `json:"joined_at"`
		Large       bool           `json:"large"`
		MemberCount int            `json:"member_count"`
		Members     []wire.Member  `json:"members"`
		Channels    []wire.Channel `json:"channels"`
		Threads     []wire.Channel `json:"threads"`
		Presences   []any          `json:"presences"`
		VoiceStates []any          `json:"voice_states"`
	}{*g, snowflake.Time(g.ID), false, len(w.state.Users) + 1, []wire.Member{me}, channels, threads, []any{}, []any{}}
}

// Guilds returns the ids of all guilds, and the GUILD_CREATE events that follow READY.
func (w *World) Guilds() (ids []string, creates []Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, g := range w.state.Guilds {
		ids = append(ids, id)
		creates = append(creates, Event{"GUILD_CREATE", intentGuilds, w.fullGuild(g)})
	}
	return ids, creates
}

// Guild finds a guild by id.
func (w *World) Guild(id string) (wire.Guild, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.state.Guilds[id]; g != nil {
		return *g, nil
	}
	return wire.Guild{}, wire.Refuse(10004)
}

// messageIntent returns the intent that a session needs to receive a channel's messages.
func messageIntent(c *wire.Channel) int {
	if c.Type == wire.DMChannel {
		return intentDMs
	}
	return intentGuildMessages
}

// AddGuild creates a guild that the bot is in.
func (w *World) AddGuild(name string) wire.Guild {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.ids.Next()
	g := &wire.Guild{ID: id, Name: name, PreferredLocale: "en-US", Features: []string{}, Emojis: []any{},
		Roles: []wire.Role{{ID: id, Name: "@everyone", Permissions: formatBits(wire.PermMember)}}}
	w.state.Guilds[id] = g
	w.onEvent(Event{"GUILD_CREATE", intentGuilds, w.fullGuild(g)})
	w.markChanged()
	return *g
}

// SetFileLimit sets a guild's limit for one file in bytes, as boosts do.
func (w *World) SetFileLimit(guild string, limit int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Limits[guild] = limit
	w.markChanged()
}

// limitOf returns the limit for one file in a channel, in bytes. The lock is held.
func (w *World) limitOf(c *wire.Channel) int64 {
	if n := w.state.Limits[c.GuildID]; n > 0 && c.GuildID != "" {
		return n
	}
	return w.fileLimit
}

// RemoveBot removes the bot from a guild, as a moderator does. The bot receives one GUILD_DELETE; the guild and its
// channels are gone for it.
func (w *World) RemoveBot(guild string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.state.Guilds[guild]
	if g == nil {
		return wire.Refuse(10004)
	}
	w.onEvent(Event{Name: "GUILD_DELETE", Intent: intentGuilds, Data: map[string]string{"id": guild}})
	delete(w.state.Guilds, guild)
	kept := w.state.ChannelOrder[:0:0]
	for _, id := range w.state.ChannelOrder {
		if w.state.Channels[id].GuildID == guild {
			delete(w.state.Channels, id)
			continue
		}
		kept = append(kept, id)
	}
	w.state.ChannelOrder = kept
	w.markChanged()
	return nil
}
