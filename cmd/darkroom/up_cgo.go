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

	"darkroom/bot/sandbox"
	"darkroom/config"
	"darkroom/queue"
	"darkroom/render/folder"
)

// up is the subcommand that runs everything in one process, wired in the order of the line. It is stopped in the
// opposite order: no new lease, the picture in hand finished or given back, then the bot, then the page.
func up(ctx context.Context, s invocation) (err error) {
	c := s.settings.Up
	pool, err := s.openPool(c.Runtime, c.Worker, s.log) // first: it is what most often is missing
	if err != nil {
		return err
	}
	defer func() { err = closeUnlessHung(pool, err) }()
	db, err := awaitData(ctx, s.log, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	dataLock, err := lockData(c.Data, c.Redis.URL.Empty())
	if err != nil {
		return err
	}
	defer dataLock.Close()
	q, err := openQueue(ctx, s.log, c.Redis, c.Leasing)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, q.Close()) }()
	var parts []component
	if c.Discord.Token.Empty() {
		page, err := openPage(&c, pool.announcement().Models)
		if err != nil {
			return err
		}
		defer page.Close()
		if err := printPageAddress(s.stdout, page.URL()); err != nil {
			return err
		}
		parts = append(parts, component{"page", func(ctx context.Context) error { return page.Serve(ctx, nil) }})
	}
	crashes := 0
	r := &rendererService{pool: pool, queue: q, api: c.Discord.API, leasing: c.Leasing, slot: slot(c.Worker), batchSize: batchSize(c.Worker, c.Runtime.Device), log: s.log}
	if c.Redis.URL.Empty() {
		crashes, r.crashes = maxCrashes, db
	}
	b, err := newBot(c.Discord, c.Retention, c.Redis.Pool, c.Wildcards.Folder(c.Data), db, q, crashes, s.log)
	if err != nil {
		return err
	}
	return serve(ctx, s.log, append(parts, component{"bot", b.Run}, component{"renderer", r.run})...)
}

// openPage opens a small Discord of our own and points the settings at it.
func openPage(c *config.Up, models []queue.Model) (*sandbox.Sandbox, error) {
	l, err := net.Listen("tcp", c.Page.Listen)
	if err != nil {
		return nil, fmt.Errorf("open the page: %w (--listen 127.0.0.1:0 takes any free port)", err)
	}
	page, err := sandbox.New(sandbox.Options{
		DataDir: filepath.Join(c.Data.Dir, "sandbox"), Listener: l, Hosts: c.Page.Hosts, Title: "darkroom", Examples: examples(models),
	})
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	c.Discord.Token, c.Discord.API.Base = config.NewSecret(page.Token()), page.API()
	return page, nil
}

// maxExamples is how many prompts greet a newcomer.
const maxExamples = 3

// examples are commands to run with one click: prompts that the maker of the first model says it paints well.
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
