package bot

import (
	"context"
	"encoding/json"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/rest"
)

// register registers the commands, at the first gateway session and, if that failed, at later tries.
func (b *Bot) register(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-b.sessionBegan:
	}
	pause := newBackoff(time.Second, 5*time.Minute)
	for {
		err := b.registerCommands(ctx)
		if err == nil || ctx.Err() != nil {
			return nil
		}
		b.log.Error("commands could not be registered", "error", rest.Redact(err.Error()))
		if pause.wait(ctx) != nil {
			return nil
		}
	}
}

// registerCommands registers the commands if they are others than those that were registered last: Discord allows 200
// creations a day, and a bot may start more often than that.
func (b *Bot) registerCommands(ctx context.Context) error {
	application, err := b.applicationID(ctx)
	if err != nil {
		return err
	}
	commands := command.All()
	hash, err := command.Hash(commands)
	if err != nil {
		return err
	}
	name := "commands:" + application
	if had, err := b.db.Meta(ctx, name); err != nil || had == hash {
		return err
	}
	body, err := json.Marshal(commands)
	if err != nil {
		return err
	}
	if err := b.discord.RegisterCommands(ctx, application, body); err != nil {
		return err
	}
	b.log.Info("commands registered", "application", application)
	return b.db.SetMeta(ctx, name, hash)
}

// applicationID is known from the gateway's READY, or asked for.
func (b *Bot) applicationID(ctx context.Context) (string, error) {
	if id, ok := b.application.Load().(string); ok {
		return id, nil
	}
	return b.discord.ApplicationID(ctx)
}
