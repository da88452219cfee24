package sandbox

import (
	"fmt"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// Defaults is what a fresh sandbox is furnished with.
type Defaults struct {
	Guild     Guild
	Channel   Channel // #pictures
	Thread    Channel // a thread in it
	Moderator User    // may manage the guild and its messages
	Member    User    // may not
}

// addDefaults makes a guild with a channel, a thread and two people, if nobody lives here yet.
func addDefaults(w *world.World) error {
	if len(w.Users()) > 0 {
		return nil
	}
	mod, member := w.AddUser("vivian", true), w.AddUser("ansel", false)
	g := w.AddGuild("the darkroom")
	c, err := w.AddChannel(g.ID, "pictures")
	if err != nil {
		return fmt.Errorf("furnish sandbox: %w", err)
	}
	if _, err := w.AddThread(c.ID, "contact sheet"); err != nil {
		return fmt.Errorf("furnish sandbox: %w", err)
	}
	for _, u := range []User{mod, member} {
		if _, err := w.DM(u.ID); err != nil {
			return fmt.Errorf("furnish sandbox: %w", err)
		}
	}
	return nil
}

// Defaults finds the furniture of a fresh sandbox again, also after a restart.
func (s *Sandbox) Defaults() Defaults {
	var h Defaults
	people := s.Users()
	for i := len(people) - 1; i >= 0; i-- {
		if s.MemberPermissions(people[i].ID)&wire.PermManageGuild != 0 {
			h.Moderator = people[i]
		} else {
			h.Member = people[i]
		}
	}
	if len(people) == 0 {
		return h
	}
	for _, c := range s.ChannelsOf(people[0].ID) {
		switch {
		case c.Type == wire.TextChannel && h.Channel.ID == "":
			h.Channel = c
		case c.Type == wire.PublicThread && h.Thread.ID == "":
			h.Thread = c
		}
	}
	h.Guild, _ = s.Guild(h.Channel.GuildID) // a guild that was deleted leaves a blank
	return h
}
