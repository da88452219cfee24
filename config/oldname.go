package config

import "strings"

// The names in this file are old. Each works for one more release, does not appear in help, and leads to a notice.

const (
	oldQueueCommand = "line "
	queueCommand    = "queue "
)

// newCommand returns today's name of a command.
func newCommand(command string) string {
	if rest, found := strings.CutPrefix(command, oldQueueCommand); found {
		return queueCommand + rest
	}
	return command
}

// adoptOldNames moves what was given under an old name to the new one, and adds a notice for each.
func (s *Settings) adoptOldNames() {
	if command := newCommand(s.Command); command != s.Command {
		s.Command, s.Queue, s.Line = command, s.Line, Queue{}
		s.Notices = append(s.Notices, `"darkroom line" is now called "darkroom queue"; the old name will be removed`)
	}
	for _, l := range []*Leasing{&s.Up.Leasing, &s.Bot.Leasing, &s.Renderer.Leasing} {
		if l.Beat != 0 {
			l.Heartbeat, l.Beat = l.Beat, 0
			s.Notices = append(s.Notices, "--beat, DARKROOM_BEAT and beat in a settings file are now called --heartbeat, "+
				"DARKROOM_HEARTBEAT and heartbeat; the old names will be removed")
		}
	}
}
