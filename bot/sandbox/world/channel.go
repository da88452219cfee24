package world

import (
	"fmt"

	"darkroom/bot/sandbox/wire"
)

// AddChannel creates a text channel.
func (w *World) AddChannel(guild, name string) (wire.Channel, error) {
	return w.addChannel(wire.Channel{Type: wire.TextChannel, GuildID: guild, Name: name})
}

// AddThread creates a public thread in a text channel.
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

// insertChannel stores a channel and gives it an id. The lock is held.
func (w *World) insertChannel(c *wire.Channel) {
	c.ID = w.ids.Next()
	c.Position = len(w.state.ChannelOrder)
	kept := *c
	w.state.Channels[c.ID] = &kept
	w.state.ChannelOrder = append(w.state.ChannelOrder, c.ID)
	w.markChanged()
}

// DM returns the DM channel between a user and the bot, and opens it if necessary.
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

// CloseDM has a user take no direct messages of the bot, or take them again. The bot can still open the channel, and
// read and edit what is there.
func (w *World) CloseDM(user string, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.ClosedDMs == nil {
		w.state.ClosedDMs = map[string]bool{}
	}
	w.state.ClosedDMs[user] = closed
	w.markChanged()
}

// takesDirect refuses a message of the bot to a user who takes none. The lock is held.
func (w *World) takesDirect(c *wire.Channel) error {
	if c.Type == wire.DMChannel && w.state.ClosedDMs[c.Recipients[0].ID] {
		return wire.Refuse(50007)
	}
	return nil
}

// SetAgeRestricted marks a channel as age-restricted (nsfw), or removes the mark. Threads have no mark of their own.
func (w *World) SetAgeRestricted(channel string, nsfw bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.state.Channels[channel]
	if c == nil {
		return wire.Refuse(10003)
	}
	if c.Type == wire.PublicThread {
		return wire.Refuse(50024)
	}
	c.NSFW = nsfw
	w.onEvent(Event{"CHANNEL_UPDATE", intentGuilds, *c})
	w.markChanged()
	return nil
}

// DeleteChannel deletes a channel with its messages and attachments.
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

// ChannelsOf lists the channels that a user sees: all guild channels and threads, and the user's own DM.
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

// BotChannel is GET /channels/{id}.
func (w *World) BotChannel(id string) (wire.Channel, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, err := w.botChannel(id, 0)
	if err != nil {
		return wire.Channel{}, err
	}
	return *c, nil
}

// contextOf returns Discord's interaction context type of a channel: 0 for a guild, 1 for a DM with the bot.
func contextOf(c *wire.Channel) int {
	if c.Type == wire.DMChannel {
		return 1
	}
	return 0
}

// visibleChannel finds a channel that a user sees. The lock is held.
func (w *World) visibleChannel(user, channel string) (*wire.Channel, error) {
	c := w.state.Channels[channel]
	if c == nil || !w.sees(user, c) {
		return nil, fmt.Errorf("the user sees no channel %q", channel)
	}
	return c, nil
}
