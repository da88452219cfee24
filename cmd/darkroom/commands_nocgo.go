//go:build !cgo

package main

import (
	"context"
	"errors"

	"darkroom/config"
)

// buildNote says what kind of build this is.
const buildNote = ", the bot alone"

// renderCommands lists the subcommands that this build cannot run.
func renderCommands() map[string]command {
	all := map[string]command{}
	for _, name := range []string{
		"up", "renderer", "draw", "models list", "models check", "models pull", "models import", "models remove",
	} {
		all[name] = cannotRender
	}
	return all
}

func cannotRender(context.Context, invocation) error {
	return errors.New("this build is the bot alone and generates no images: build darkroom with a C compiler (make build)")
}

// poolOpener has nothing to open in this build.
type poolOpener struct{}

// checkRendering has nothing to look at: this build generates no images.
func (invocation) checkRendering(config.Runtime) []finding {
	return []finding{healthy("rendering", "not in this build: it is the bot alone")}
}
