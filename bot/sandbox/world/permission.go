package world

import (
	"slices"
	"strconv"

	"darkroom/bot/sandbox/wire"
)

// sees reports whether a user can view a channel. The lock is held.
func (w *World) sees(user string, c *wire.Channel) bool {
	if c.Type == wire.DMChannel {
		return c.Recipients[0].ID == user
	}
	return w.state.Permissions[user]&(wire.PermViewChannel|wire.PermAdministrator) != 0
}

// botBits returns the bot's permission bits in a channel. The lock is held.
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

// userBits returns a user's permission bits in a channel. The lock is held.
func (w *World) userBits(user string, c *wire.Channel) uint64 {
	if c.Type == wire.DMChannel || w.state.Permissions[user]&wire.PermAdministrator != 0 {
		return wire.PermAll
	}
	return w.state.Permissions[user]
}

// requirePermissions returns the refusal if the bot lacks one of these bits in a channel. The lock is held.
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

// formatBits writes permission bits as Discord's JSON does.
func formatBits(b uint64) string { return strconv.FormatUint(b, 10) }

// postPermission returns the permission bit for posting in a channel.
func postPermission(c *wire.Channel) uint64 {
	if c.Type == wire.PublicThread {
		return wire.PermSendInThreads
	}
	return wire.PermSendMessages
}

// mayUse reports whether a user may run a command in a channel. The lock is held.
func (w *World) mayUse(user string, c *wire.Channel, x *wire.Command) bool {
	if x.NSFW && !w.ageRestricted(c) {
		return false
	}
	if len(x.Contexts) > 0 && !slices.Contains(x.Contexts, contextOf(c)) {
		return false
	}
	if c.Type == wire.DMChannel {
		return x.DMPermission == nil || *x.DMPermission
	}
	if x.MemberPermissions == nil {
		return true
	}
	need := parseBits(*x.MemberPermissions)
	have := w.userBits(user, c)
	return have&wire.PermAdministrator != 0 || need != 0 && have&need == need
}

// ageRestricted reports whether a channel, or the channel of a thread, is age-restricted. The lock is held.
func (w *World) ageRestricted(c *wire.Channel) bool {
	if parent := w.state.Channels[c.ParentID]; c.Type == wire.PublicThread && parent != nil {
		c = parent
	}
	return c.NSFW
}

// parseBits reads permission bits; 0 if s is no number.
func parseBits(s string) uint64 {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// SetBotPermissions sets the bot's permission bits in a channel and its threads.
func (w *World) SetBotPermissions(channel string, bits uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.BotPermissions[channel] = bits
	w.markChanged()
}
