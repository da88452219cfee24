package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
	"darkroom/queue/backoff"
)

// register registers the commands at the beginning of each session, and tries again until it succeeds.
func (g *Gateway) register(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.ready:
		}
		pause := backoff.New(time.Second, 5*time.Minute)
		for {
			err := g.registerCommands(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			g.o.Log.Error("commands could not be registered", "error", rest.Redact(err.Error()))
			if pause.Wait(ctx) != nil {
				return nil
			}
		}
	}
}

// registerCommands registers the commands if they differ from those registered last, or if Discord no longer has what
// it had after that: another program may have replaced them. Discord allows 200 creations a day, and a bot may start
// more often than that. SQL keeps the hash of both, because Discord adds fields of its own to what it is given.
func (g *Gateway) registerCommands(ctx context.Context) error {
	application, err := g.applicationID(ctx)
	if err != nil {
		return err
	}
	commands := command.All()
	ours, err := command.Hash(commands)
	if err != nil {
		return err
	}
	name := "commands:" + application
	had, err := g.o.Store.Meta(ctx, name)
	if err != nil {
		return err
	}
	theirs, err := g.registered(ctx, application)
	if err != nil || had == ours+":"+theirs.hash {
		return err
	}
	body, err := json.Marshal(commands)
	if err != nil {
		return err
	}
	if err := g.o.Discord.RegisterCommands(ctx, application, body); err != nil {
		return err
	}
	g.o.Log.Info("commands registered", "application", application)
	if theirs, err = g.registered(ctx, application); err != nil {
		return err
	}
	if !theirs.complete {
		return errReplaced
	}
	return g.o.Store.SetMeta(ctx, name, ours+":"+theirs.hash)
}

// errReplaced means that the commands were replaced between the registration and the look at them.
var errReplaced = errors.New("another program replaced the commands at the same time")

// registered is what Discord has.
type registered struct {
	hash     string
	complete bool // all commands of this program, and no other
}

// registered asks Discord which commands it has.
func (g *Gateway) registered(ctx context.Context, application string) (registered, error) {
	raw, err := g.o.Discord.RegisteredCommands(ctx, application)
	if err != nil {
		return registered{}, err
	}
	hash, err := command.HashRegistered(raw)
	return registered{hash: hash, complete: command.HasAll(raw)}, err
}

// applicationID returns the id that READY brought, or asks Discord for it.
func (g *Gateway) applicationID(ctx context.Context) (string, error) {
	if id, ok := g.application.Load().(string); ok {
		return id, nil
	}
	return g.o.Discord.ApplicationID(ctx)
}
