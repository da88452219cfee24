package world

import (
	"slices"

	"darkroom/bot/sandbox/wire"
)

// maxCommands returns how many commands of one type a bot may register in a guild, or globally.
func maxCommands(kind int) int {
	if kind <= 1 {
		return 100
	}
	return 15
}

// Registered lists the commands of a guild; "" means the global commands.
func (w *World) Registered(guild string) []wire.Command {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]wire.Command{}, w.state.Commands[guild]...)
}

// Overwrite replaces all commands of a guild; "" means the global commands.
func (w *World) Overwrite(guild string, list []wire.Command) ([]wire.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.mayRegister(guild); err != nil {
		return nil, err
	}
	before, next := w.state.Commands[guild], []wire.Command{}
	for i := range list {
		if slices.ContainsFunc(next, sameCommand(list[i])) {
			return nil, &wire.Error{Status: 400, Code: 50035, Message: "Application command names must be unique"}
		}
		c, err := w.prepareCommand(guild, before, list[i])
		if err != nil {
			return nil, err
		}
		next = append(next, c)
	}
	return next, w.setCommands(guild, next)
}

// Register creates a command, or replaces the command with the same name and type.
func (w *World) Register(guild string, c wire.Command) (_ wire.Command, isNew bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.mayRegister(guild); err != nil {
		return c, false, err
	}
	before := w.state.Commands[guild]
	at := slices.IndexFunc(before, sameCommand(c))
	if c, err = w.prepareCommand(guild, before, c); err != nil {
		return c, false, err
	}
	next := slices.Clone(before)
	if at >= 0 {
		next[at] = c
	} else {
		next = append(next, c)
	}
	return c, at < 0, w.setCommands(guild, next)
}

// Replace changes the command with this id.
func (w *World) Replace(guild, id string, edit func(*wire.Command) error) (wire.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	next := slices.Clone(w.state.Commands[guild])
	at := slices.IndexFunc(next, func(c wire.Command) bool { return c.ID == id })
	if at < 0 {
		return wire.Command{}, wire.Refuse(10063)
	}
	if err := edit(&next[at]); err != nil {
		return wire.Command{}, err
	}
	next[at].ID, next[at].Version = id, w.ids.Next()
	if err := wire.CheckCommand(&next[at]); err != nil {
		return wire.Command{}, err
	}
	return next[at], w.setCommands(guild, next)
}

// Unregister deletes the command with this id.
func (w *World) Unregister(guild, id string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	list := w.state.Commands[guild]
	next := slices.DeleteFunc(slices.Clone(list), func(c wire.Command) bool { return c.ID == id })
	if len(next) == len(list) {
		return wire.Refuse(10063)
	}
	return w.setCommands(guild, next)
}

func (w *World) mayRegister(guild string) error {
	if guild != "" && w.state.Guilds[guild] == nil {
		return wire.Refuse(50001)
	}
	return nil
}

// sameCommand returns a function that reports whether a command has the name and type of c.
func sameCommand(c wire.Command) func(wire.Command) bool {
	return func(x wire.Command) bool { return x.Name == c.Name && max(x.Type, 1) == max(c.Type, 1) }
}

// prepareCommand checks a command and gives it an id. A command that was registered before keeps its id. The lock is
// held.
func (w *World) prepareCommand(guild string, before []wire.Command, c wire.Command) (wire.Command, error) {
	c.Type = max(c.Type, 1)
	if err := wire.CheckCommand(&c); err != nil {
		return c, err
	}
	c.ApplicationID, c.GuildID, c.Version = w.state.App.ID, guild, w.ids.Next()
	c.ID = c.Version
	if at := slices.IndexFunc(before, sameCommand(c)); at >= 0 {
		c.ID = before[at].ID
	}
	return c, nil
}

func (w *World) setCommands(guild string, next []wire.Command) error {
	count := map[int]int{}
	for _, c := range next {
		if count[c.Type]++; count[c.Type] > maxCommands(c.Type) {
			return &wire.Error{Status: 400, Code: 30032, Message: "Maximum number of application commands reached (100)"}
		}
	}
	w.state.Commands[guild] = next
	w.record(Change{Kind: "COMMANDS"})
	w.markChanged()
	return nil
}
