// Darkroom is a Discord bot that generates images. `darkroom --help` lists what it can do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/config"
)

// Exit codes: 0 it did what was asked, 1 it could not, 2 it was asked in a wrong way.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	os.Exit(runProcess(processEnvironment()))
}

// processEnvironment is what the operating system gave this process.
func processEnvironment() environment {
	return environment{
		args: os.Args[1:], getenv: os.Getenv, environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		outScreen: screenOf(os.Stdout), errScreen: screenOf(os.Stderr),
	}
}

// runProcess runs the program until it is done or told to stop, and returns the exit code.
func runProcess(env environment) int {
	if env.isSupervised() {
		return runSupervised(env)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return run(ctx, env)
}

// screenOf returns what asks for the size of the terminal f, nil if f is none.
func screenOf(f *os.File) func() terminal.Screen {
	if !terminal.Is(f) {
		return nil
	}
	return func() terminal.Screen { return terminal.ScreenOf(f) }
}

// run runs one subcommand and returns the exit code.
func run(ctx context.Context, env environment) int {
	sources := config.Sources{Args: env.args, Getenv: env.getenv, ReadFile: os.ReadFile, Help: env.stdout}
	settings, err := config.Load(sources)
	if errors.Is(err, config.ErrHelp) {
		return exitOK
	}
	var faults *config.FaultError
	if errors.As(err, &faults) && !env.isSupervised() {
		printFaults(env.stderr, faults)
		return exitUsage
	}
	for _, notice := range settings.Notices {
		fmt.Fprintf(env.stderr, "darkroom: %s\n", notice)
	}
	if err == nil {
		settings.Log = logSettings(settings, env.errScreen != nil)
		s := invocation{environment: env, settings: settings, log: newLog(env.stderr, settings.Log)}
		err = commands()[settings.Command](ctx, s)
	}
	switch {
	case err == nil:
		return exitOK
	case env.isSupervised():
		env.reportFault(err)
	default:
		fmt.Fprintf(env.stderr, "darkroom: %s\n", redact(err.Error()))
	}
	if errors.Is(err, errStopped) {
		return exitOK
	}
	return exitFailure
}

// usualModels is the models folder of whoever names none.
const usualModels = "./models"

// isMissingModels tells whether a models folder that was named does not exist. The usual one need not.
func isMissingModels(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, os.ErrNotExist) && dir != usualModels
}

// noteMissingModels tells people at the shell of such a folder.
func (s invocation) noteMissingModels(dir string) {
	if isMissingModels(dir) {
		fmt.Fprintf(s.stderr, "note: the models folder %s does not exist\n", dir)
	}
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
