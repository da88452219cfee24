package bot

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/catalog"
	"darkroom/bot/command"
	"darkroom/bot/delivery"
	"darkroom/bot/gateway"
	"darkroom/bot/interaction"
	"darkroom/bot/job"
	"darkroom/bot/outbox"
	"darkroom/bot/rest"
	"darkroom/bot/retention"
)

// Store is what the bot's rooms need of the database; *store.Store is one.
type Store interface { //nolint:interfacebloat // the sum of what its rooms need
	gateway.Store
	catalog.Store
	outbox.Store
	delivery.Store
	retention.Store
	interaction.Store
	claims
}

// claims lets one of several bots do a thing.
type claims interface {
	Claim(ctx context.Context, name, holder string, span time.Duration) (bool, error)
}

// Queue is what the bot's rooms need of the queue; *queue.Queue is one.
type Queue interface {
	catalog.Queue
	outbox.Queue
	delivery.Queue
	interaction.Queue
}

// Bot is the whole bot. Make one with New and run it with Run.
type Bot struct {
	gateway     *gateway.Gateway
	catalog     *catalog.Catalog
	outbox      *outbox.Outbox
	delivery    *delivery.Delivery
	retention   *retention.Retention
	interaction *interaction.Handler
}

// New puts a Bot together. It names every part that is missing.
func New(p Parts) (*Bot, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("make bot: %w", err)
	}
	o, i, claim := p.Options.withDefaults(), p.Options.Intervals.withDefaults(), claimFor(p)
	fetcher := rest.Fetcher{HTTP: o.HTTP, Hosts: o.CDN}
	b := &Bot{}
	b.catalog = catalog.New(catalog.Options{
		Store: p.Store, Queue: p.Queue, Interval: i.Catalog, Upscaler: o.Upscaler, Log: o.Log,
	})
	b.outbox = outbox.New(outbox.Options{
		Store: p.Store, Queue: p.Queue, Fetcher: fetcher, Claim: claim, Pool: o.Pool, Shared: o.Shared,
		Failed:   func(j job.Job, reason string) { b.delivery.ShowFailed(j, reason) },
		Enqueued: func() { b.delivery.QueueChanged() },
		Relay:    i.Relay, Audit: i.Audit, Verify: i.Verify, Reap: i.Reap, Now: o.Now, Log: o.Log,
	})
	b.delivery = delivery.New(delivery.Options{
		Store: p.Store, Queue: p.Queue, Discord: p.Discord, Outbox: b.outbox, Learn: b.catalog.Learn, Claim: claim,
		Pool:      o.Pool,
		Positions: i.Positions, Deliver: i.Deliver, Expire: i.Expire, HandlerTimeout: interaction.HandlerTimeout, Now: o.Now,
		Log: o.Log,
	})
	b.retention = retention.New(retention.Options{
		Store: p.Store, Interval: i.Retention, ForgetAfter: o.ForgetAfter, ShownLife: interaction.RelistShownFor,
		QuestionLife: interaction.TokenLife, Keep: command.DirectAccount, Now: o.Now, Log: o.Log,
	})
	b.interaction = interaction.New(interaction.Options{
		Store: p.Store, Queue: p.Queue, Discord: p.Discord, Fetcher: fetcher, Catalog: b.catalog, Outbox: b.outbox,
		Delivery: b.delivery,
		Claim:    claim, Workers: o.Workers, Plain: o.Plain, Wildcards: o.Wildcards, Seed: o.Seed, Now: o.Now, Log: o.Log,
	})
	b.gateway = gateway.New(gateway.Options{
		Token: o.Token, Base: o.Base, Dial: o.Dial, IdleTimeout: i.GatewayIdle, OpenTimeout: i.GatewayOpen, Store: p.Store,
		Discord: p.Discord, Servers: b.retention.Handle, Messages: b.interaction.HearMessage, Now: o.Now, Log: o.Log,
	})
	return b, nil
}

// claimFor returns what tells whether this bot is the one to do a thing. A bot that has its database to itself always
// is. A claim ends by itself, so that another bot takes over from one that died. If the claim of an interaction cannot
// be written, the interaction is answered all the same: Discord takes only one first answer.
func claimFor(p Parts) func(ctx context.Context, name string, span time.Duration) (bool, error) {
	if !p.Options.Shared {
		return func(context.Context, string, time.Duration) (bool, error) { return true, nil }
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // crypto/rand never fails
	holder := hex.EncodeToString(id[:])
	return func(ctx context.Context, name string, span time.Duration) (bool, error) {
		return p.Store.Claim(ctx, name, holder, span)
	}
}

// Run runs the bot until ctx is done and then returns nil, or returns why it cannot go on. Interactions that are being
// handled are finished first.
func (b *Bot) Run(ctx context.Context) error {
	b.catalog.Load(ctx)
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		b.gateway.Run, b.outbox.Run, b.delivery.Run, b.catalog.Run, b.retention.Run, b.interaction.AnswerMessages,
		b.interaction.MarkUsed,
		func(ctx context.Context) error { return b.interaction.Serve(ctx, b.gateway.Take) },
	} {
		g.Go(func() error { return run(ctx) })
	}
	err := g.Wait()
	b.delivery.Wait()
	return err
}
