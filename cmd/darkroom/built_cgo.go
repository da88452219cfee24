//go:build cgo

package main

import (
	"context"
	"log/slog"

	"darkroom/config"
	"darkroom/queue"
)

// built says what kind of build this is.
const built = ""

// painting lists the subcommands that need the ONNX Runtime binding, and so a C compiler at build time.
func painting() map[string]command {
	return map[string]command{
		"draw":         draw,
		"up":           up,
		"renderer":     renderer,
		"models list":  listModels,
		"models check": checkModelFolders,
	}
}

// atelier is what a renderer paints with: the models of a machine. A *studio is one.
type atelier interface {
	first(ctx context.Context, log *slog.Logger) error            // loads what the first picture is likely to need
	offer() queue.Renderer                                        // what can be painted now; its slot is filled in later
	artist(ctx context.Context, modelHash string) (artist, error) // loads the model if need be
	Close() error
}

// crafts says how an atelier is opened. None stands for a studio; tests that need no model bring their own.
type crafts struct {
	atelier func(config.Runtime, config.Offer, *slog.Logger) (atelier, error)
}

func (c crafts) open(r config.Runtime, o config.Offer, log *slog.Logger) (atelier, error) {
	if c.atelier != nil {
		return c.atelier(r, o, log)
	}
	st, err := openStudio(r, o, log)
	if err != nil {
		return nil, err // a nil *studio must not become an atelier
	}
	return st, nil
}
