//go:build cgo

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/sandbox"
	"darkroom/cmd/darkroom/supervise"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/render/folder"
	"darkroom/store"
)

// botOf are the settings of the bot in a process that runs everything.
func botOf(c config.Up) config.Bot {
	return config.Bot{
		Data: c.Data, Retention: c.Retention, Redis: c.Redis, Discord: c.Discord, Messages: c.Messages,
		Languages: c.Languages,
		Wildcards: c.Wildcards, Upscaling: c.Upscaling, Leasing: c.Leasing,
	}
}

// up is the subcommand that runs everything: the bot and the queue in this process, the renderer in another one. It
// stops them in this order: the renderer finishes its job or releases it, then the bot stops, then the page.
func up(ctx context.Context, s invocation) (err error) {
	c := s.settings.Up
	dataLock, err := store.LockDir(c.Data.Dir, c.Redis.URL.Empty())
	if err != nil {
		return err
	}
	defer dataLock.Close()
	q, err := openQueue(ctx, s.log, c.Redis, c.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	var page *sandbox.Sandbox
	if c.Discord.Token.Empty() {
		if page, err = openPage(ctx, &c); err != nil {
			return err
		}
		defer page.Close()
	}
	r, err := startRenderer(ctx, s, c, q)
	if err != nil {
		return err
	}
	defer r.Stop()
	db, models, err := awaitBoth(ctx, s, c.Data, r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	components, err := pageComponents(s, page, models)
	if err != nil {
		return err
	}
	b, err := newBot(botOf(c), db, q, s.log)
	if err != nil {
		return err
	}
	err = serve(ctx, s.log, append(components, component{"bot", b.Run}, component{"renderer", r.Run})...)
	if c.Redis.URL.Empty() { // the bot may not have heard of the job that the renderer released
		err = errors.Join(err, db.RequeueRunning(context.WithoutCancel(ctx)))
	}
	return err
}

// startRenderer starts the renderer's process, one for each device. It reaches a queue in this process's memory through
// a socket.
func startRenderer(ctx context.Context, s invocation, c config.Up, q *queue.Queue) (*supervise.Group, error) {
	settings := config.Renderer{
		Redis: c.Redis, API: c.Discord.API, Runtime: c.Runtime, CLIP: c.CLIP, Worker: c.Worker, Leasing: c.Leasing,
		Languages: c.Languages,
	}
	if c.Redis.URL.Empty() {
		address, err := q.Listen(ctx, c.Data.Dir)
		if err != nil {
			return nil, err
		}
		settings.Redis.URL = config.NewSecret(address)
	}
	r, err := s.newRenderers(settings, q)
	if err != nil {
		return nil, err
	}
	r.Start(ctx)
	return r, nil
}

// awaitBoth waits for the database and for the renderer's models at the same time. It returns the first error.
func awaitBoth(
	ctx context.Context, s invocation, d config.Data, r *supervise.Group,
) (db *store.Store, models []queue.Model, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		db, err = awaitData(ctx, s.log, d)
		return err
	})
	g.Go(func() error {
		announced, err := r.WaitOpened(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("%w before the renderer was ready", errStopped)
		}
		models = announced.Models
		return err
	})
	if err = g.Wait(); err != nil && db != nil {
		err = errors.Join(err, db.Close())
	}
	return db, models, err
}

// openPage opens the sandbox, a small Discord of our own, and points the settings at it.
func openPage(ctx context.Context, c *config.Up) (*sandbox.Sandbox, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", c.Page.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the page: %w (--listen 127.0.0.1:0 takes any free port)", err)
	}
	page, err := sandbox.New(sandbox.Options{
		DataDir: filepath.Join(c.Data.Dir, "sandbox"), Listener: l, Hosts: c.Page.Hosts, Title: "darkroom",
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	c.Discord.Token, c.Discord.API.Base = config.NewSecret(page.Token()), page.API()
	return page, nil
}

// pageComponents prints the address of the page and returns what serves it. There is nothing to serve without a page.
func pageComponents(s invocation, page *sandbox.Sandbox, models []queue.Model) ([]component, error) {
	if page == nil {
		return nil, nil
	}
	page.SetExamples(examples(models))
	if err := printPageAddress(s.stdout, page.URL()); err != nil {
		return nil, err
	}
	return []component{{"page", func(ctx context.Context) error { return page.Serve(ctx, nil) }}}, nil
}

// maxExamples is how many example prompts the page shows.
const maxExamples = 3

// examples are commands to run with one click: prompts from the card of the first model.
func examples(models []queue.Model) []sandbox.Example {
	var card folder.Card
	if len(models) == 0 || json.Unmarshal(models[0].Card, &card) != nil {
		return nil
	}
	var all []sandbox.Example
	for _, prompt := range card.Examples[:min(len(card.Examples), maxExamples)] {
		all = append(all, sandbox.Example{Command: "imagine", Options: map[string]any{"prompt": prompt}})
	}
	return all
}

func printPageAddress(w io.Writer, url string) error {
	_, err := fmt.Fprintf(w, "\n  No DISCORD_TOKEN is set, so here is a small Discord of our own to try it on. Open\n\n"+
		"      %s\n\n  and type /imagine. Ctrl-C stops.\n\n", url)
	return err
}
