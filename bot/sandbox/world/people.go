package world

import (
	"fmt"
	"strconv"

	"darkroom/bot/sandbox/wire"
)

// AddUser makes a person. A moderator may manage the guild and its messages.
func (w *World) AddUser(name string, moderator bool) wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := &wire.User{ID: w.ids.next(), Username: name, GlobalName: name, Discriminator: "0"}
	w.state.Users[u.ID] = u
	w.state.UserOrder = append(w.state.UserOrder, u.ID)
	w.state.Permissions[u.ID] = wire.PermMember
	if moderator {
		w.state.Permissions[u.ID] = wire.PermModerator
	}
	w.markChanged()
	return *u
}

// Users lists the people, in the order they came.
func (w *World) Users() []wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []wire.User
	for _, id := range w.state.UserOrder {
		list = append(list, *w.state.Users[id])
	}
	return list
}

// Standing is a person's permission bits in guilds.
func (w *World) MemberPermissions(user string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Permissions[user]
}

// SetMemberPermissions sets what a person may do in guilds.
func (w *World) SetMemberPermissions(user string, bits uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Permissions[user] = bits
	w.markChanged()
}

// SetMemberRoles gives a person roles, the same in all guilds.
func (w *World) SetMemberRoles(user string, roles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.MemberRoles == nil {
		w.state.MemberRoles = map[string][]string{}
	}
	w.state.MemberRoles[user] = roles
	w.markChanged()
}

// SetBotPermissions sets what the bot may do in a channel; threads follow their channel.
func (w *World) SetBotPermissions(channel string, bits uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.BotPermissions[channel] = bits
	w.markChanged()
}

// AddGuild makes a server that the bot is in.
func (w *World) AddGuild(name string) wire.Guild {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := w.ids.next()
	g := &wire.Guild{ID: id, Name: name, PreferredLocale: "en-US", Features: []string{}, Emojis: []any{},
		Roles: []wire.Role{{ID: id, Name: "@everyone", Permissions: bits(wire.PermMember)}}}
	w.state.Guilds[id] = g
	w.onEvent(Event{"GUILD_CREATE", intentGuilds, w.fullGuild(g)})
	w.markChanged()
	return *g
}

// SetFileLimit sets a guild's limit per file in bytes, as boosts would.
func (w *World) SetFileLimit(guild string, limit int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Limits[guild] = limit
	w.markChanged()
}

// AddChannel makes a text channel.
func (w *World) AddChannel(guild, name string) (wire.Channel, error) {
	return w.addChannel(wire.Channel{Type: wire.TextChannel, GuildID: guild, Name: name})
}

// AddThread makes a public thread in a text channel.
func (w *World) AddThread(parent, name string) (wire.Channel, error) {
	p, err := w.Channel(parent)
	if err != nil {
		return wire.Channel{}, err
	}
	return w.addChannel(wire.Channel{Type: wire.PublicThread, GuildID: p.GuildID, ParentID: parent, Name: name,
		Thread: &wire.ThreadMetadata{AutoArchiveDuration: 4320, ArchiveTimestamp: w.now()}})
}

func (w *World) addChannel(c wire.Channel) (wire.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Guilds[c.GuildID] == nil {
		return c, wire.Refuse(10004)
	}
	w.insertChannel(&c)
	name := "CHANNEL_CREATE"
	if c.Type == wire.PublicThread {
		name = "THREAD_CREATE"
	}
	w.onEvent(Event{name, intentGuilds, c})
	return c, nil
}

// place files a channel and gives it an id. The lock is held.
func (w *World) insertChannel(c *wire.Channel) {
	c.ID = w.ids.next()
	c.Position = len(w.state.ChannelOrder)
	kept := *c
	w.state.Channels[c.ID] = &kept
	w.state.ChannelOrder = append(w.state.ChannelOrder, c.ID)
	w.markChanged()
}

// DM is the conversation between a person and the bot; it is opened if there is none.
func (w *World) DM(user string) (wire.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := w.state.Users[user]
	if u == nil {
		return wire.Channel{}, wire.Refuse(10013)
	}
	for _, c := range w.state.Channels {
		if c.Type == wire.DMChannel && c.Recipients[0].ID == user {
			return *c, nil
		}
	}
	c := wire.Channel{Type: wire.DMChannel, Recipients: []wire.User{*u}}
	w.insertChannel(&c)
	return c, nil
}

// SetAgeRestricted marks a channel as age-restricted (nsfw), or takes the mark away.
func (w *World) SetAgeRestricted(channel string, nsfw bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[channel]
	if c == nil {
		return wire.Refuse(10003)
	}
	c.NSFW = nsfw
	w.onEvent(Event{"CHANNEL_UPDATE", intentGuilds, *c})
	w.markChanged()
	return nil
}

// DeleteChannel removes a channel with everything in it.
func (w *World) DeleteChannel(id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[id]
	if c == nil {
		return wire.Refuse(10003)
	}
	for _, m := range w.sorted(id) {
		w.drop(m)
	}
	delete(w.state.Channels, id)
	for i, x := range w.state.ChannelOrder {
		if x == id {
			w.state.ChannelOrder = append(w.state.ChannelOrder[:i:i], w.state.ChannelOrder[i+1:]...)
			break
		}
	}
	w.onEvent(Event{"CHANNEL_DELETE", intentGuilds, *c})
	w.markChanged()
	return nil
}

// Channel finds a channel by id.
func (w *World) Channel(id string) (wire.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[id]
	if c == nil {
		return wire.Channel{}, wire.Refuse(10003)
	}
	return *c, nil
}

// ChannelsOf lists what a person sees: all guild channels and threads, and their own DM.
func (w *World) ChannelsOf(user string) []wire.Channel {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []wire.Channel
	for _, id := range w.state.ChannelOrder {
		if c := w.state.Channels[id]; w.sees(user, c) {
			list = append(list, *c)
		}
	}
	return list
}

// sees says whether a person is in a channel. The lock is held.
func (w *World) sees(user string, c *wire.Channel) bool {
	if c.Type == wire.DMChannel {
		return c.Recipients[0].ID == user
	}
	return w.state.Permissions[user]&(wire.PermViewChannel|wire.PermAdministrator) != 0
}

// botBits is what the bot may do in a channel. The lock is held.
func (w *World) botBits(c *wire.Channel) uint64 {
	if c.Type == wire.DMChannel {
		return wire.PermAll
	}
	for _, id := range []string{c.ID, c.ParentID} {
		if b, ok := w.state.BotPermissions[id]; ok {
			if b&wire.PermAdministrator != 0 {
				return wire.PermAll
			}
			return b
		}
	}
	return wire.PermMember
}

// userBits is what a person may do in a channel. The lock is held.
func (w *World) userBits(user string, c *wire.Channel) uint64 {
	if c.Type == wire.DMChannel || w.state.Permissions[user]&wire.PermAdministrator != 0 {
		return wire.PermAll
	}
	return w.state.Permissions[user]
}

// need returns the refusal when the bot lacks one of the bits in a channel. The lock is held.
func (w *World) requirePermissions(c *wire.Channel, bits uint64) error {
	have := w.botBits(c)
	if have&wire.PermViewChannel == 0 {
		return wire.Refuse(50001)
	}
	if have&bits != bits {
		return wire.Refuse(50013)
	}
	return nil
}

// limitOf is the limit per file of a channel, in bytes. The lock is held.
func (w *World) limitOf(c *wire.Channel) int64 {
	if n := w.state.Limits[c.GuildID]; n > 0 && c.GuildID != "" {
		return n
	}
	return w.fileLimit
}

func bits(b uint64) string { return strconv.FormatUint(b, 10) }

// member is a person's standing as events carry it. The lock is held.
func (w *World) memberOf(user string, c *wire.Channel, withUser bool) *wire.Member {
	m := &wire.Member{Roles: append([]string{}, w.state.MemberRoles[user]...), JoinedAt: IDTime(user), Permissions: bits(w.userBits(user, c))}
	if withUser {
		m.User = w.state.Users[user]
	}
	return m
}

// findUser returns a person or an error that names the id. The lock is held.
func (w *World) findUser(id string) (*wire.User, error) {
	if u := w.state.Users[id]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("no such person: %q", id)
}
