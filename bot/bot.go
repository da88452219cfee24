package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"darkroom/bot/reply"
	"darkroom/store"
)

// Bot is the conversation. Make one with New and give it a life with Run.
type Bot struct {
	ledger  Ledger
	line    Line
	discord *reply.Client
	o       Options
	log     *slog.Logger

	door    *door
	offers  *offers
	watched *watched
	sight   *sight
	costs   *costs
	untold  *untold
	members *members
	rival   *rival
	shut    shut          // used by one duty only
	owing   chan struct{} // poked when the relay should look at once
	moving  chan struct{} // poked when places in line may have changed
	arrived chan struct{} // poked when a gateway session began

	application atomic.Value // string: this bot's application id, once known
	aside1      *errgroup.Group
	copying     sync.Map // job ids whose input pictures are being copied
	copyingNow  atomic.Int32
	stops       atomic.Bool     // the queue may not have heard what is paused
	full        atomic.Bool     // the queue takes no more: who waits for room comes before newcomers
	refilled    atomic.Int64    // when the line was last begun anew, in nanoseconds
	copies      *errgroup.Group // input pictures that are copied for the relay
	cleaning    chan struct{}   // holds one token while an input picture is decoded
	name        string          // by which this bot claims what only one of several should do
}

// New puts a Bot together. It names every part that is missing.
func New(p Parts) (*Bot, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("make bot: %w", err)
	}
	o := p.Options.filled()
	offers := newOffers(p.Ledger, p.Line)
	b := &Bot{
		ledger: p.Ledger, line: p.Line, discord: p.Discord, o: o, log: o.Log,
		offers: offers, watched: newWatched(), sight: newSight(p.Line, o.Now), costs: newCosts(offers.habits), untold: newUntold(), members: newMembers(), rival: &rival{since: o.Now()}, shut: shut{},
		cleaning: make(chan struct{}, 1), aside1: newAsides(), owing: make(chan struct{}, 1), moving: make(chan struct{}, 1), arrived: make(chan struct{}, 1),
	}
	b.copies, b.name = new(errgroup.Group), reference()
	b.copies.SetLimit(copiers)
	b.door = newDoor(o.Now, o.Workers)
	return b, nil
}

// Run talks until ctx is done and then returns nil, or returns why it cannot go on. Interactions that are being handled
// are finished first.
func (b *Bot) Run(ctx context.Context) error {
	b.refilled.Store(b.o.Now().UnixNano()) // what happened before is not known
	if err := b.buryCrashed(ctx); err != nil {
		return err
	}
	b.offers.recall(ctx, b.log)
	if err := b.costs.recall(ctx, b.ledger); err != nil {
		b.log.Warn("how long pictures take must be learnt anew", "error", err)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, duty := range []func(context.Context) error{
		b.hear, b.work, b.relay, b.follow, b.reap, b.deliver, b.places, b.expire, b.refreshOffers, b.register, b.repair, b.forget,
	} {
		g.Go(func() error { return duty(ctx) })
	}
	err := g.Wait()
	_ = b.copies.Wait() // neither copies nor asides return errors
	_ = b.aside1.Wait()
	return err
}

// hear listens to the gateway.
func (b *Bot) hear(ctx context.Context) error {
	g := &gateway{
		token: b.o.Token, base: b.o.Base, silence: b.o.Pace.Silence, patience: b.o.Pace.Patience, log: b.log,
		dial: b.o.Dial,
		hear: func(kind string, raw json.RawMessage) { b.event(kind, raw) },
	}
	return g.run(ctx)
}

// event takes one gateway event. It must not block: discordgo reads nothing else meanwhile.
func (b *Bot) event(kind string, raw json.RawMessage) {
	b.members.hear(kind, raw)
	switch kind {
	case "INTERACTION_CREATE":
		if err := b.door.knock(raw); err != nil {
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
		poke(b.arrived)
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
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// terminal tells whether an entry has ended.
func terminal(e store.Entry) bool { return e.State.Terminal() }
