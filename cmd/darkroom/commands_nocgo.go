//go:build !cgo

package main

import (
	"context"
	"errors"
)

// built says what kind of build this is.
const buildNote = ", the bot alone"

// painting lists the subcommands that this build cannot do.
func renderCommands() map[string]command {
	all := map[string]command{}
	for _, name := range []string{"up", "renderer", "draw", "models list", "models check"} {
		all[name] = cannotRender
	}
	return all
}

func cannotRender(context.Context, invocation) error {
	return errors.New("this build is the bot alone and cannot paint: build darkroom with a C compiler (make build)")
}

// crafts are none in this build.
type poolOpener struct{}
