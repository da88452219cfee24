package main

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"time"

	"darkroom/cmd/darkroom/terminal"
	"darkroom/config"
	"darkroom/render/gpu"
	"darkroom/render/realesrgan"
)

// waiter waits for a time, or until the context ends.
type waiter = func(context.Context, time.Duration) error

// environment is what the program sees of the process it runs in.
type environment struct {
	args          []string
	getenv        func(string) string
	environ       []string               // what a renderer's process inherits
	stdin         io.Reader              // read by a renderer's process alone
	stdout        io.Writer              // what was asked for
	stderr        io.Writer              // logs and errors
	outScreen     func() terminal.Screen // of stdout; nil where that is no terminal
	errScreen     func() terminal.Screen // of stderr; nil where that is no terminal
	cards         func() gpu.Report      // what a test has in place of this machine's cards; nil for these
	transport     http.RoundTripper      // of downloads from a hub; nil for the usual one
	wait          waiter                 // before a download is tried again; nil for a timer
	upscalers     *realesrgan.Package    // where upscalers come from; nil for the package that is pinned
	poolOpener                           // where models come from
	runtimeSource                        // where runtimes come from
}

// invocation is what every subcommand is given.
type invocation struct {
	environment
	settings config.Settings
	log      *slog.Logger
}

// command is a subcommand. Its error is shown to the person in one piece, so it must say what to do.
type command func(context.Context, invocation) error

// commands lists the subcommands by the name that config gives them.
func commands() map[string]command {
	all := map[string]command{
		"bot":    runBot,
		"doctor": doctor,

		"queue show":   showQueue,
		"queue pause":  pauseQueue,
		"queue resume": resumeQueue,

		"runtime list": listRuntimes,
		"runtime pull": pullRuntime,

		"languages export": exportLanguage,

		"prompt":  showPrompt,
		"version": version,
	}
	maps.Copy(all, renderCommands())
	return all
}
