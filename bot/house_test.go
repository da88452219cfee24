package bot_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/command"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
	"darkroom/queue/work"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/store"
)

// house is the whole line in one process: the sandbox over loopback, a real ledger in SQLite, an embedded queue, a bench
// with a painter that needs no model, and the bot.
type house struct {
	t      *testing.T
	ctx    context.Context
	box    *sandbox.Sandbox
	home   sandbox.Home
	ledger *store.Store
	line   *queue.Queue
	brush  *brush
	clock  *clock
	log    *logged
	wrap   func(bot.Line) bot.Line // what the bot is given for a line
	pace   bot.Pace

	shared      bool          // other bots work on the same ledger
	cdn         []string      // hosts besides the sandbox that pictures may be fetched from
	forgetAfter time.Duration // a server that removed the bot is forgotten; never when 0

	wildcards dynamic.Wildcards // what __names__ stand for; none when nil

	ledgerFor func(bot.Ledger) bot.Ledger // what the bot is given for a ledger; the real one when nil
}

// modelHash is the content hash of the model that the tests pretend to have.
var modelHash = strings.Repeat("ab", 32)

const card = `{"sizes":[{"width":128,"height":128},{"width":160,"height":112},{"width":96,"height":176}],
	"samplers":["ddim","euler"],"starts":true,"words":{"things":["boat","star"],"colours":["red","blue"]},
	"examples":["a red boat","a blue star","a blue boat"],
	"defaults":{"width":128,"height":128,"steps":8,"guidance":4.5,"sampler":"ddim"}}`

// build builds a house without bot or bench.
func build(t *testing.T, o sandbox.Options) *house {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	h := &house{t: t, ctx: ctx, brush: &brush{}, clock: &clock{}, log: &logged{}, wrap: func(l bot.Line) bot.Line { return l }}
	const often = 20 * time.Millisecond
	h.pace = bot.Pace{Relay: often, Reap: often, Tray: often, Places: often / 2, Offer: often, Expire: often}
	o.Now = h.clock.now
	h.box = sandboxtest.Start(t, o)
	// The documentation says string, and wins over the OpenAPI description, which says integer.
	h.box.Rules().Allow("default_member_permissions")
	h.home = h.box.Home()
	var err error
	if h.ledger, err = store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"), store.Options{Now: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.ledger.Close() })
	h.fresh()
	return h
}

// open builds a house with everything running in it.
func open(t *testing.T) *house {
	t.Helper()
	h := build(t, sandbox.Options{})
	h.start()
	h.bench()
	h.ready()
	return h
}

// fresh gives the house an empty queue.
func (h *house) fresh() {
	h.line = queue.Embedded(queue.Options{})
	line := h.line
	h.t.Cleanup(func() { _ = line.Close() })
	h.announce()
}

func (h *house) announce() {
	h.t.Helper()
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Hash: modelHash}}
	err := h.line.Announce(h.ctx, queue.Renderer{Slot: "easel", Device: "test", Lanes: queue.Lanes(picture.Lanes(modelHash)...), Models: []queue.Model{
		{Name: "postcards", Hash: modelHash, Lane: spec.Lane(), Card: json.RawMessage(card)},
	}}, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
}

// start runs a bot; the returned function stops it as a signal would.
func (h *house) start() (stop func()) {
	h.t.Helper()
	b := h.bot()
	before := strings.Count(h.log.String(), sessionReady)
	stop = h.live(b.Run)
	h.poll("the gateway", func() bool { return strings.Count(h.log.String(), sessionReady) > before })
	return stop
}

// bot makes a bot that is not started.
func (h *house) bot() *bot.Bot {
	h.t.Helper()
	u, err := url.Parse(h.box.URL())
	if err != nil {
		h.t.Fatal(err)
	}
	var ledger bot.Ledger = h.ledger
	if h.ledgerFor != nil {
		ledger = h.ledgerFor(ledger)
	}
	b, err := bot.New(bot.Parts{
		Ledger: ledger, Line: h.wrap(h.line),
		Discord: reply.NewClient(reply.Options{Base: h.box.API(), Token: h.box.Token(), Now: h.clock.now}),
		Options: bot.Options{
			Token: h.box.Token(), Base: h.box.API(), CDN: append(h.cdn, u.Host), Now: h.clock.now, Log: slog.New(slog.NewTextHandler(h.log, nil)),
			Pace: h.pace, ForgetAfter: h.forgetAfter, Shared: h.shared, Wildcards: h.wildcards,
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// sessionReady is what the bot logs when it hears interactions. What happens before that is lost, as on Discord.
const sessionReady = "gateway session is ready"

// bench runs a renderer.
func (h *house) bench() (stop func()) { return h.benchWith(h.brush) }

func (h *house) benchWith(p work.Painter) (stop func()) {
	return h.live(work.Bench{
		Queue: h.line, Paint: p,
		Post: reply.NewPoster(reply.NewClient(reply.Options{Base: h.box.API(), Now: h.clock.now}), h.line),
		Options: work.Options{
			Slot: "easel", Lanes: func() []queue.Lane { return queue.Lanes(picture.Lanes(modelHash)...) }, Poll: 20 * time.Millisecond,
			Beat: 50 * time.Millisecond, Grace: 100 * time.Millisecond, Lease: h.line.Lease(),
		},
	}.Run)
}

func (h *house) live(run func(context.Context) error) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				h.t.Errorf("run ended with %v, want nil", err)
			}
		})
	}
	h.t.Cleanup(stop)
	return stop
}

// ready waits until the bot's commands are offered, the line is begun and the bot knows what can be painted.
func (h *house) ready() {
	h.t.Helper()
	h.wait("commands", func() bool {
		cs, err := h.box.CommandsFor(h.home.Moderator.ID, h.home.Channel.ID)
		return err == nil && len(cs) == len(command.All())
	})
	h.poll("the line to be begun", func() bool { _, empty, err := h.line.Epoch(h.ctx); return err == nil && !empty })
	h.poll("the offer to be known", func() bool {
		text, err := h.ledger.Meta(h.ctx, "offer")
		return err == nil && text != ""
	})
}

// wait waits for something that the sandbox's changes bring.
func (h *house) wait(what string, ready func() bool) {
	h.t.Helper()
	if err := h.box.Wait(h.ctx, ready); err != nil {
		h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, err, h.log)
	}
}

// poll waits for something that nobody tells of.
func (h *house) poll(what string, ready func() bool) {
	h.t.Helper()
	for !ready() {
		select {
		case <-h.ctx.Done():
			h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, h.ctx.Err(), h.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
