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
	"darkroom/queue/worker"
)

// Exit codes: 0 it did what was asked, 1 it could not, 2 it was asked in a wrong way, 3 it must be started anew.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
	exitRestart = 3
)

func main() {
	os.Exit(runProcess(environment{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr, interactive: isTerminal(os.Stderr)}))
}

// live runs the program until it is done or told to stop, and returns the exit code. A renderer that hangs in the middle
// of a picture becomes a new one here, where the system can do that, so no supervisor is needed for it.
func runProcess(w environment) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, w)
	if code == exitRestart && ctx.Err() == nil {
		fmt.Fprintf(w.stderr, "darkroom: start anew: %v\n", restart())
	}
	return code
}

// terminal tells whether a person reads f.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// world is what the program sees of the process it runs in.
type environment struct {
	args        []string
	getenv      func(string) string
	stdout      io.Writer // what was asked for
	stderr      io.Writer // logs and faults
	interactive bool      // stderr is a terminal, so progress may be shown there
	poolOpener            // what painting is done with
}

// shop is what every subcommand is given.
type invocation struct {
	environment
	settings config.Settings
	log      *slog.Logger
}

// command is a subcommand. Its error is told to the person in one piece, so it must say what to do.
type command func(context.Context, invocation) error

// run does one subcommand and returns the exit code.
func run(ctx context.Context, w environment) int {
	settings, err := config.Load(config.Sources{Args: w.args, Getenv: w.getenv, ReadFile: os.ReadFile, Help: w.stdout})
	if errors.Is(err, config.ErrHelp) {
		return exitOK
	}
	var faults *config.FaultError
	if errors.As(err, &faults) {
		printFaults(w.stderr, faults)
		return exitUsage
	}
	for _, notice := range settings.Notices {
		fmt.Fprintf(w.stderr, "darkroom: %s\n", notice)
	}
	if err == nil {
		s := invocation{environment: w, settings: settings, log: newLog(w.stderr, settings.Log)}
		err = commands()[settings.Command](ctx, s)
	}
	if errors.Is(err, worker.ErrHung) {
		fmt.Fprintf(w.stderr, "darkroom: %s: this process starts anew\n", redact(err.Error()))
		return exitRestart
	}
	if err != nil {
		fmt.Fprintf(w.stderr, "darkroom: %s\n", redact(err.Error()))
	}
	if err != nil && !errors.Is(err, errStopped) {
		return exitFailure
	}
	return exitOK
}

func printFaults(w io.Writer, e *config.FaultError) {
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

		"queue show":   showQueue,
		"queue pause":  pauseQueue,
		"queue resume": resumeQueue,

		"prompt":  showPrompt,
		"version": version,
	}
	maps.Copy(all, renderCommands())
	return all
}
