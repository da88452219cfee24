package world

import "darkroom/bot/sandbox/wire"

// RemoveBot takes the bot out of a guild, as a moderator would: it hears of that once, and the guild's channels and their
// messages are nothing to it any more.
func (w *World) RemoveBot(guild string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.state.Guilds[guild]
	if g == nil {
		return wire.Refuse(10004)
	}
	w.onEvent(Event{"GUILD_DELETE", intentGuilds, map[string]string{"id": guild}})
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
