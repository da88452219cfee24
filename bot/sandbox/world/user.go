package world

import (
	"cmp"
	"fmt"

	"darkroom/bot/sandbox/snowflake"
	"darkroom/bot/sandbox/wire"
)

// AddUser creates a user. A moderator may manage the guild and its messages.
func (w *World) AddUser(name string, moderator bool) wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	u := &wire.User{ID: w.ids.Next(), Username: name, GlobalName: name, Discriminator: "0"}
	w.state.Users[u.ID] = u
	w.state.UserOrder = append(w.state.UserOrder, u.ID)
	w.state.Permissions[u.ID] = wire.PermMember
	if moderator {
		w.state.Permissions[u.ID] = wire.PermModerator
	}
	w.markChanged()
	return *u
}

// Users lists the users, oldest first.
func (w *World) Users() []wire.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []wire.User
	for _, id := range w.state.UserOrder {
		list = append(list, *w.state.Users[id])
	}
	return list
}

// MemberPermissions returns a user's permission bits, which are the same in all guilds.
func (w *World) MemberPermissions(user string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state.Permissions[user]
}

// SetMemberPermissions sets a user's permission bits in all guilds.
func (w *World) SetMemberPermissions(user string, bits uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Permissions[user] = bits
	w.markChanged()
}

// SetMemberRoles gives a user these roles in all guilds.
func (w *World) SetMemberRoles(user string, roles ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.MemberRoles == nil {
		w.state.MemberRoles = map[string][]string{}
	}
	w.state.MemberRoles[user] = roles
	w.markChanged()
}

// SetLocale sets the language of a user's client; without one it is en-US.
func (w *World) SetLocale(user, locale string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state.Locales == nil {
		w.state.Locales = map[string]string{}
	}
	w.state.Locales[user] = locale
	w.markChanged()
}

// Locale is the language of a user's client.
func (w *World) Locale(user string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.localeOf(user)
}

// localeOf is Locale. The lock is held.
func (w *World) localeOf(user string) string { return cmp.Or(w.state.Locales[user], "en-US") }

// memberOf returns a user's guild member object. The lock is held.
func (w *World) memberOf(user string, c *wire.Channel, withUser bool) *wire.Member {
	m := &wire.Member{Roles: append([]string{}, w.state.MemberRoles[user]...), JoinedAt: snowflake.Time(user),
		Permissions: formatBits(w.userBits(user, c))}
	if withUser {
		m.User = w.state.Users[user]
	}
	return m
}

// findUser returns a user, or an error that names the id. The lock is held.
func (w *World) findUser(id string) (*wire.User, error) {
	if u := w.state.Users[id]; u != nil {
		return u, nil
	}
	return nil, fmt.Errorf("no such user: %q", id)
}
