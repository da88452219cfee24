package config

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// ErrHelp is returned after help was printed: there is nothing more to do.
var ErrHelp = errors.New("help was requested")

// FaultError is all that is wrong with the settings.
type FaultError struct {
	Command string // the command, or "" if there is no such command
	Faults  []error
}

// Error lists the faults, one per line.
func (e *FaultError) Error() string { return errors.Join(e.Faults...).Error() }

// Unwrap gives the faults to errors.Is and errors.As.
func (e *FaultError) Unwrap() []error { return e.Faults }

// Sources is where settings come from. Load reads nothing else.
type Sources struct {
	Args     []string                     // the command line without the program's name
	Getenv   func(string) string          // an empty variable counts as not set
	ReadFile func(string) ([]byte, error) // the settings file and the files that hold secrets
	Help     io.Writer                    // where help goes
}

const description = `A Discord bot that generates images on your own machine.

Settings come from flags, then from the environment variable beside each flag, then from the file of --config.`

// Load reads the settings of the chosen subcommand. The error is ErrHelp, or a *FaultError that holds all faults found.
func Load(src Sources) (Settings, error) {
	var s Settings
	r := &resolver{sources: src}
	helped := false
	parser, err := newParser(&s, r, src.Help, func() { helped = true })
	if err != nil {
		return Settings{}, err
	}
	found, err := parser.Parse(joinNegativeNumbers(spokenArgs(src.Args)))
	if helped {
		return Settings{}, ErrHelp
	}
	if err != nil {
		command := commandOf(err)
		return Settings{}, &FaultError{Command: command, Faults: append(slices.Clip(r.faults), plainFault(err, command))}
	}
	s.Command = strings.TrimPrefix(found.Selected().Path(), "darkroom ")
	s.adoptOldNames()
	faults := slices.Concat(r.faults, outOfRange(found))
	if c := s.checker(); c != nil {
		faults = append(faults, c.check(src)...)
	}
	if len(faults) > 0 {
		return Settings{}, &FaultError{Command: s.Command, Faults: faults}
	}
	return s, nil
}

func newParser(s *Settings, r *resolver, help io.Writer, helped func()) (*kong.Kong, error) {
	parser, err := kong.New(s,
		kong.Name("darkroom"),
		kong.Description(description),
		kong.Writers(help, help),
		kong.Exit(func(int) { helped() }),
		kong.Resolvers(r),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: helpWidth}),
		kong.ValueFormatter(helpText),
		kong.ExplicitGroups([]kong.Group{
			{Key: "serve", Title: "Serving Discord:"},
			{Key: "shell", Title: "From the shell:"},
			{Key: "state", Title: "State:"},
			{Key: "discord", Title: "Discord:"},
			{Key: "hub", Title: "Hub of models:"},
			{Key: "models", Title: "Rendering:"},
			{Key: "queue", Title: "Queue:"},
		}))
	if err != nil {
		return nil, fmt.Errorf("internal error: settings: %w", err)
	}
	return parser, nil
}

// helpWidth is in columns: wide enough for a flag and a sentence beside it.
const helpWidth = 110

// helpText returns a setting's help with its default and its environment variable.
func helpText(v *kong.Value) string {
	var notes []string
	if v.HasDefault && v.Default != "" {
		notes = append(notes, "default "+v.Default)
	}
	if name := v.Tag.Get("from"); name != "" {
		notes = append(notes, "$"+name)
	}
	if len(notes) == 0 {
		return v.Help
	}
	return strings.TrimSuffix(v.Help, ".") + " (" + strings.Join(notes, ", ") + ")."
}

// commandOf returns the subcommand of a command line that has faults, or "".
func commandOf(err error) string {
	var parse *kong.ParseError
	if !errors.As(err, &parse) || parse.Context == nil || parse.Context.Selected() == nil {
		return ""
	}
	return newCommand(strings.TrimPrefix(parse.Context.Selected().Path(), "darkroom "))
}
