//go:build cgo

package main

import (
	"context"
	"log/slog"

	"darkroom/config"
	"darkroom/queue"
)

// built says what kind of build this is.
const buildNote = ""

// painting lists the subcommands that need the ONNX Runtime binding, and so a C compiler at build time.
func renderCommands() map[string]command {
	return map[string]command{
		"draw":         draw,
		"up":           up,
		"renderer":     renderer,
		"models list":  listModels,
		"models check": checkModelFolders,
	}
}

// atelier is what a renderer paints with: the models of a machine. A *studio is one.
type modelPool interface {
	loadFirst(ctx context.Context, log *slog.Logger) error            // loads what the first picture is likely to need
	announcement() queue.Renderer                                     // what can be painted now; its slot is filled in later
	load(ctx context.Context, modelHash string) (specRenderer, error) // loads the model if need be
	Close() error
}

// crafts says how an atelier is opened. None stands for a studio; tests that need no model bring their own.
type poolOpener struct {
	override func(config.Runtime, config.Worker, *slog.Logger) (modelPool, error)
}

func (c poolOpener) openPool(r config.Runtime, o config.Worker, log *slog.Logger) (modelPool, error) {
	if c.override != nil {
		return c.override(r, o, log)
	}
	pool, err := openONNXPool(r, o, log)
	if err != nil {
		return nil, err // a nil *studio must not become an atelier
	}
	return pool, nil
}
