package world

import "darkroom/bot/sandbox/wire"

// Gateway intents that the sandbox sorts events by.
const (
	intentGuilds        = 1 << 0
	intentGuildMessages = 1 << 9
	intentDMs           = 1 << 12
)

// fullGuild is a guild as GUILD_CREATE carries it. The lock is held.
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
	me := wire.Member{User: &w.state.App, Roles: []string{}, JoinedAt: IDTime(g.ID)}
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
	}{*g, IDTime(g.ID), false, len(w.state.Users) + 1, []wire.Member{me}, channels, threads, []any{}, []any{}}
}

// Guilds lists the guilds in full, as a bot that has just logged in hears of them.
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

// messageIntent is the intent that hears messages of a channel.
func messageIntent(c *wire.Channel) int {
	if c.Type == wire.DMChannel {
		return intentDMs
	}
	return intentGuildMessages
}
