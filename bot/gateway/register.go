package gateway

import (
	"context"
	"encoding/json"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
	"darkroom/queue/backoff"
)

// register registers the commands at the first session, and tries again until it succeeds.
func (g *Gateway) register(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-g.ready:
	}
	pause := backoff.New(time.Second, 5*time.Minute)
	for {
		err := g.registerCommands(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		g.o.Log.Error("commands could not be registered", "error", rest.Redact(err.Error()))
		if pause.Wait(ctx) != nil {
			return nil
		}
	}
}

// registerCommands registers the commands if they differ from those registered last: Discord allows 200 creations a
// day, and a bot may start more often than that.
func (g *Gateway) registerCommands(ctx context.Context) error {
	application, err := g.applicationID(ctx)
	if err != nil {
		return err
	}
	commands := command.All()
	hash, err := command.Hash(commands)
	if err != nil {
		return err
	}
	name := "commands:" + application
	if had, err := g.o.Store.Meta(ctx, name); err != nil || had == hash {
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
	return g.o.Store.SetMeta(ctx, name, hash)
}

// applicationID returns the id that READY brought, or asks Discord for it.
func (g *Gateway) applicationID(ctx context.Context) (string, error) {
	if id, ok := g.application.Load().(string); ok {
		return id, nil
	}
	return g.o.Discord.ApplicationID(ctx)
}
