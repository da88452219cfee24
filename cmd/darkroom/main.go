// Darkroom is a Discord bot that paints what people ask for. `darkroom --help` lists what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"syscall"

	"darkroom/config"
	"darkroom/queue/work"
)

// Exit codes: 0 it did what was asked, 1 it could not, 2 it was asked in a wrong way, 3 it must be started anew.
const (
	exitDone  = 0
	exitFault = 1
	exitUsage = 2
	exitAgain = 3
)

func main() {
	os.Exit(live(world{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr, watched: terminal(os.Stderr)}))
}

// live runs the program until it is done or told to stop, and returns the exit code. A renderer that hangs in the middle
// of a picture becomes a new one here, where the system can do that, so no supervisor is needed for it.
func live(w world) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, w)
	if code == exitAgain && ctx.Err() == nil {
		fmt.Fprintf(w.stderr, "darkroom: start anew: %v\n", again())
	}
	return code
}

// terminal tells whether a person reads f.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// world is what the program sees of the process it runs in.
type world struct {
	args    []string
	getenv  func(string) string
	stdout  io.Writer // what was asked for
	stderr  io.Writer // logs and faults
	watched bool      // stderr is a terminal, so progress may be shown there
	crafts            // what painting is done with
}

// shop is what every subcommand is given.
type shop struct {
	world
	settings config.Settings
	log      *slog.Logger
}

// command is a subcommand. Its error is told to the person in one piece, so it must say what to do.
type command func(context.Context, shop) error

// run does one subcommand and returns the exit code.
func run(ctx context.Context, w world) int {
	settings, err := config.Load(config.Sources{Args: w.args, Getenv: w.getenv, ReadFile: os.ReadFile, Help: w.stdout})
	if errors.Is(err, config.ErrHelp) {
		return exitDone
	}
	var faults *config.FaultError
	if errors.As(err, &faults) {
		tellFaults(w.stderr, faults)
		return exitUsage
	}
	if err == nil {
		s := shop{world: w, settings: settings, log: newLog(w.stderr, settings.Log)}
		err = commands()[settings.Command](ctx, s)
	}
	if errors.Is(err, work.ErrHung) {
		fmt.Fprintf(w.stderr, "darkroom: %s: this process starts anew\n", redact(err.Error()))
		return exitAgain
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "darkroom: %s\n", redact(err.Error()))
	}
	if err != nil && !errors.Is(err, errStopped) {
		return exitFault
	}
	return exitDone
}

func tellFaults(w io.Writer, e *config.FaultError) {
	for _, fault := range e.Faults {
		fmt.Fprintf(w, "darkroom: %s\n", redact(fault.Error()))
	}
	if e.Command != "" {
		fmt.Fprintf(w, "Run \"darkroom %s --help\" for what can be set.\n", e.Command)
		return
	}
	fmt.Fprintln(w, `Run "darkroom --help" for what it can do.`)
}

// commands lists the subcommands by the name that config gives them.
func commands() map[string]command {
	all := map[string]command{
		"bot":    runBot,
		"doctor": doctor,

		"line show":   showLine,
		"line pause":  pauseLine,
		"line resume": resumeLine,

		"prompt":  showPrompt,
		"version": version,
	}
	maps.Copy(all, painting())
	return all
}
