package sandbox

import (
	"fmt"
	"slices"

	"darkroom/bot/sandbox/wire"
	"darkroom/bot/sandbox/world"
)

// Defaults are the guild, the channels and the users of a new sandbox.
type Defaults struct {
	Guild     Guild
	Channel   Channel // #pictures
	Thread    Channel // a thread of it
	Adults    Channel // #age-restricted
	Moderator User    // may manage the guild and its messages
	Member    User    // may not
}

// addDefaults makes a guild with two channels, a thread and two users, if there are no users yet.
func addDefaults(w *world.World) error {
	if len(w.Users()) > 0 {
		return nil
	}
	mod, member := w.AddUser("vivian", true), w.AddUser("ansel", false)
	g := w.AddGuild("the darkroom")
	c, err := w.AddChannel(g.ID, "pictures")
	if err != nil {
		return fmt.Errorf("add the sandbox's defaults: %w", err)
	}
	if _, err := w.AddThread(c.ID, "contact sheet"); err != nil {
		return fmt.Errorf("add the sandbox's defaults: %w", err)
	}
	adults, err := w.AddChannel(g.ID, "age-restricted")
	if err == nil {
		err = w.SetAgeRestricted(adults.ID, true)
	}
	if err != nil {
		return fmt.Errorf("add the sandbox's defaults: %w", err)
	}
	for _, u := range []User{mod, member} {
		if _, err := w.DM(u.ID); err != nil {
			return fmt.Errorf("add the sandbox's defaults: %w", err)
		}
	}
	return nil
}

// Defaults finds the guild, the channels and the users with which the sandbox started, also after a restart.
func (s *Sandbox) Defaults() Defaults {
	var d Defaults
	users := s.Users()
	for _, user := range slices.Backward(users) {
		if s.MemberPermissions(user.ID)&wire.PermManageGuild != 0 {
			d.Moderator = user
		} else {
			d.Member = user
		}
	}
	if len(users) == 0 {
		return d
	}
	for _, c := range s.ChannelsOf(users[0].ID) {
		switch {
		case c.NSFW && d.Adults.ID == "":
			d.Adults = c
		case c.Type == wire.TextChannel && d.Channel.ID == "":
			d.Channel = c
		case c.Type == wire.PublicThread && d.Thread.ID == "":
			d.Thread = c
		}
	}
	d.Guild, _ = s.Guild(d.Channel.GuildID) // the zero value if the bot was removed from the guild
	return d
}
