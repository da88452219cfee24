package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/rest"
	"darkroom/store"
)

// Bot is the conversation. Make one with New and give it a life with Run.
type Bot struct {
	db      Store
	queue   Queue
	discord *rest.Client
	fetcher rest.Fetcher
	o       Options
	log     *slog.Logger

	intake        *intake
	catalog       *catalog
	shown         *shownStates
	queueView     *queueView
	costs         *costs
	retries       *retryList
	memberships   *memberships
	splitBrain    *splitBrain
	lookups       lookupBackoff // used by one duty only
	relayWake     chan struct{} // poked when the relay should look at once
	positionsWake chan struct{} // poked when places in line may have changed
	sessionBegan  chan struct{} // poked when a gateway session began

	application     atomic.Value // string: this bot's application id, once known
	backgroundTasks *errgroup.Group
	copying         sync.Map // job ids whose input pictures are being copied
	copyingCount    atomic.Int32
	pausesStale     atomic.Bool     // the queue may not have heard what is paused
	queueFull       atomic.Bool     // the queue takes no more: who waits for room comes before newcomers
	epochBegan      atomic.Int64    // when the line was last begun anew, in nanoseconds
	copies          *errgroup.Group // input pictures that are copied for the relay
	decodeSlot      chan struct{}   // holds one token while an input picture is decoded
	claimHolder     string          // by which this bot claims what only one of several should do
}

// New puts a Bot together. It names every part that is missing.
func New(p Dependencies) (*Bot, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("make bot: %w", err)
	}
	o := p.Options.withDefaults()
	models := newCatalog(p.Store, p.Queue)
	b := &Bot{
		db: p.Store, queue: p.Queue, discord: p.Discord, fetcher: rest.Fetcher{HTTP: o.HTTP, Hosts: o.CDN}, o: o, log: o.Log,
		catalog: models, shown: newShownStates(), queueView: newQueueView(p.Queue, o.Now), costs: newCosts(models.traits), retries: newRetryList(), memberships: newMemberships(), splitBrain: &splitBrain{started: o.Now()}, lookups: lookupBackoff{},
		decodeSlot: make(chan struct{}, 1), backgroundTasks: newBackgroundTasks(), relayWake: make(chan struct{}, 1), positionsWake: make(chan struct{}, 1), sessionBegan: make(chan struct{}, 1),
	}
	b.copies, b.claimHolder = new(errgroup.Group), randomReference()
	b.copies.SetLimit(maxCopying)
	b.intake = newIntake(o.Now, o.Workers)
	return b, nil
}

// Run talks until ctx is done and then returns nil, or returns why it cannot go on. Interactions that are being handled
// are finished first.
func (b *Bot) Run(ctx context.Context) error {
	b.epochBegan.Store(b.o.Now().UnixNano()) // what happened before is not known
	b.catalog.load(ctx, b.log)
	if err := b.costs.load(ctx, b.db); err != nil {
		b.log.Warn("how long pictures take must be learnt anew", "error", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, loop := range []func(context.Context) error{
		b.listen, b.handleInteractions, b.relay, b.follow, b.reap, b.deliver, b.updatePositions, b.expire, b.refreshCatalog, b.register, b.repair, b.runRetention,
	} {
		g.Go(func() error { return loop(ctx) })
	}
	err := g.Wait()
	_ = b.copies.Wait() // neither copies nor asides return errors
	_ = b.backgroundTasks.Wait()
	return err
}

// hear listens to the gateway.
func (b *Bot) listen(ctx context.Context) error {
	g := &client{
		token: b.o.Token, base: b.o.Base, idleTimeout: b.o.Intervals.GatewayIdle, openTimeout: b.o.Intervals.GatewayOpen, log: b.log,
		dial:   b.o.Dial,
		handle: func(kind string, raw json.RawMessage) { b.handleGatewayEvent(kind, raw) },
	}
	return g.run(ctx)
}

// event takes one gateway event. It must not block: discordgo reads nothing else meanwhile.
func (b *Bot) handleGatewayEvent(kind string, raw json.RawMessage) {
	b.memberships.handle(kind, raw)
	switch kind {
	case "INTERACTION_CREATE":
		if err := b.intake.accept(raw); err != nil {
			b.log.Warn("interaction turned away", "error", err)
		}
	case "READY":
		var ready struct {
			Application struct {
				ID string `json:"id"`
			} `json:"application"`
		}
		if err := json.Unmarshal(raw, &ready); err == nil && ready.Application.ID != "" {
			b.application.Store(ready.Application.ID)
		}
		b.log.Info("gateway session is ready")
		wake(b.sessionBegan)
	}
}

// account is what a place is charged to: its server, or the one account of all direct messages.
func account(guild string) string {
	if guild == "" {
		return directAccount
	}
	return guild
}

// directAccount is the server of jobs asked for in direct messages.
const directAccount = "dm"

// poke wakes a duty that may be waiting on c; if it is poked already, once is enough.
func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// terminal tells whether an entry has ended.
func terminal(e store.Job) bool { return e.State.Terminal() }
