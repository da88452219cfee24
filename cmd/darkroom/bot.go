package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"

	"darkroom/bot"
	"darkroom/bot/rest"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/store"
)

// runBot is the subcommand: the bot alone.
func runBot(ctx context.Context, s invocation) (err error) {
	c := s.settings.Bot
	db, err := awaitData(ctx, s.log, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	dataLock, err := store.LockDir(c.Data.Dir, false)
	if err != nil {
		return err
	}
	defer dataLock.Close()
	q, err := openQueue(ctx, s.log, c.Redis, c.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	b, err := newBot(c, db, q, s.log)
	if err != nil {
		return err
	}
	return serve(ctx, s.log, component{"bot", b.Run})
}

// newBot makes the bot.
func newBot(c config.Bot, db *store.Store, q *queue.Queue, log *slog.Logger) (*bot.Bot, error) {
	if err := loadLanguages(c.Languages); err != nil {
		return nil, err
	}
	log = newFullDiskLog(log, db.Disk)
	d := c.Discord
	cdn, err := ownCDN(d.API)
	if err != nil {
		return nil, err
	}
	return bot.New(bot.Parts{
		Store:   db,
		Queue:   q,
		Discord: rest.NewClient(rest.Options{Base: d.API.Base, Token: d.Token.Text()}),
		Options: bot.Options{
			Token: d.Token.Text(), Base: d.API.Base, CDN: cdn, Pool: c.Redis.Pool, Shared: db.Shared(), Log: log,
			Plain: c.Messages.Plain(), ForgetAfter: c.Retention.ForgetAfter,
			Wildcards: wildcardFolder(c.Wildcards.Folder(c.Data), log), Upscaler: c.Upscaling.Upscaler,
		},
	})
}

// logOnce returns a function that logs each wildcard that cannot be read, once.
func logOnce(log *slog.Logger) func(path string, err error) {
	var known sync.Map
	return func(path string, err error) {
		if _, told := known.LoadOrStore(path, true); !told {
			log.Warn("a wildcard cannot be read", "path", path, "error", err)
		}
	}
}

// ownCDN returns the host of a Discord server other than Discord's own: files come from the same host as its API.
func ownCDN(api config.API) ([]string, error) {
	if api.Base == rest.DiscordAPI || api.Base == "" {
		return nil, nil
	}
	u, err := url.Parse(api.Base)
	if err != nil {
		return nil, fmt.Errorf("address of Discord: %w", err)
	}
	return []string{u.Host}, nil
}
