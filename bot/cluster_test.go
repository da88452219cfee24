package bot_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/command"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/store"
)

// cluster is everything in one process: the sandbox over loopback, a real store in SQLite, an embedded queue, a
// worker with a renderer that needs no model, and the bot.
type cluster struct {
	t         *testing.T
	ctx       context.Context
	sandbox   *sandbox.Sandbox
	defaults  sandbox.Defaults
	db        *store.Store
	queue     *queue.Queue
	renderer  *fakeRenderer
	clock     *clock
	log       *logBuffer
	wrapQueue func(bot.Queue) bot.Queue // what the bot gets as its queue
	intervals bot.Intervals

	shared      bool          // other bots work on the same database
	cdn         []string      // hosts besides the sandbox that pictures may be fetched from
	forgetAfter time.Duration // a server that removed the bot is forgotten; never when 0

	wildcards dynamic.Wildcards // what __names__ stand for; none when nil
	http      *http.Client      // for pictures; the usual one when nil
	plain     bool              // new messages have the older form

	wrapStore func(bot.Store) bot.Store // what the bot gets as its store; the real one when nil
}

// modelHash is the content hash of the model that the tests pretend to have.
var modelHash = strings.Repeat("ab", 32)

const card = `{"sizes":[{"width":128,"height":128},{"width":160,"height":112},{"width":96,"height":176}],
	"samplers":["ddim","euler"],"starts":true,"words":{"things":["boat","star"],"colours":["red","blue"]},
	"examples":["a red boat","a blue star","a blue boat"],
	"defaults":{"width":128,"height":128,"steps":8,"guidance":4.5,"sampler":"ddim"}}`

// newCluster makes a cluster without bot or renderer.
func newCluster(t *testing.T, o sandbox.Options) *cluster {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	h := &cluster{
		t: t, ctx: ctx, renderer: &fakeRenderer{}, clock: &clock{}, log: &logBuffer{},
		wrapQueue: func(l bot.Queue) bot.Queue { return l },
	}
	const interval = 20 * time.Millisecond
	h.intervals = bot.Intervals{
		Relay: interval, Reap: interval, Deliver: interval, Positions: interval / 2, Catalog: interval, Expire: interval,
	}
	o.Now = h.clock.now
	h.sandbox = sandboxtest.Start(t, o)
	// The documentation says string, and wins over the OpenAPI description, which says integer.
	h.sandbox.Rules().Allow("default_member_permissions")
	h.defaults = h.sandbox.Defaults()
	h.openStore()
	h.newQueue()
	return h
}

// openStore gives the cluster an empty database.
func (h *cluster) openStore() {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), "darkroom.db")
	db, err := store.Open(h.ctx, "sqlite:"+path, store.Options{Now: h.clock.now})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = db.Close() })
	h.db = db
}

// startCluster makes a cluster with everything running in it.
func startCluster(t *testing.T) *cluster {
	t.Helper()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRenderer()
	h.waitReady()
	return h
}

// newQueue gives the cluster an empty queue.
func (h *cluster) newQueue() { h.newQueueWith(queue.Options{}) }

func (h *cluster) newQueueWith(o queue.Options) {
	h.queue = queue.Embedded(o)
	q := h.queue
	h.t.Cleanup(func() { _ = q.Close() })
	h.announce()
}

func (h *cluster) announce() { h.t.Helper(); h.announceCard(card) }

// announceCard announces a renderer whose model has this card.
func (h *cluster) announceCard(card string) {
	h.t.Helper()
	spec := picture.Spec{Version: picture.Version, Model: picture.Ref{Hash: modelHash}}
	err := h.queue.Announce(h.ctx, queue.Renderer{
		Slot: "easel", Device: "test", Lanes: queue.Lanes(picture.Lanes(modelHash)...),
		Models: []queue.Model{{Name: "postcards", Hash: modelHash, Lane: spec.Lane(), Card: json.RawMessage(card)}},
	}, time.Hour)
	if err != nil {
		h.t.Fatal(err)
	}
}

// startBot runs a bot; the returned function stops it as a signal would.
func (h *cluster) startBot() (stop func()) {
	h.t.Helper()
	b := h.newBot()
	before := strings.Count(h.log.String(), sessionReady)
	stop = h.runUntilStopped(b.Run)
	h.pollUntil("the gateway", func() bool { return strings.Count(h.log.String(), sessionReady) > before })
	return stop
}

// newBot makes a bot that is not started.
func (h *cluster) newBot() *bot.Bot {
	h.t.Helper()
	u, err := url.Parse(h.sandbox.URL())
	if err != nil {
		h.t.Fatal(err)
	}
	var db bot.Store = h.db
	if h.wrapStore != nil {
		db = h.wrapStore(db)
	}
	b, err := bot.New(bot.Parts{
		Store: db, Queue: h.wrapQueue(h.queue),
		Discord: rest.NewClient(rest.Options{Base: h.sandbox.API(), Token: h.sandbox.Token(), Now: h.clock.now}),
		Options: bot.Options{
			Token: h.sandbox.Token(), Base: h.sandbox.API(), CDN: append(h.cdn, u.Host), Now: h.clock.now,
			Log:       slog.New(slog.NewTextHandler(h.log, nil)),
			Intervals: h.intervals, ForgetAfter: h.forgetAfter, Shared: h.shared, Wildcards: h.wildcards, HTTP: h.http,
			Plain: h.plain,
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return b
}

// sessionReady is what the bot logs when it hears interactions. What happens before that is lost, as on Discord.
const sessionReady = "gateway session is ready"

// startRenderer runs a renderer.
func (h *cluster) startRenderer() (stop func()) { return h.startRendererWith(h.renderer) }

func (h *cluster) startRendererWith(p worker.Renderer) (stop func()) {
	return h.runUntilStopped(worker.Worker{
		Queue: h.queue, Renderer: p,
		Poster: rest.NewPoster(rest.NewClient(rest.Options{Base: h.sandbox.API(), Now: h.clock.now}), h.queue),
		Options: worker.Options{
			Slot: "easel", Lanes: func() []queue.Lane { return queue.Lanes(picture.Lanes(modelHash)...) },
			Poll:      20 * time.Millisecond,
			Heartbeat: 50 * time.Millisecond, Grace: 100 * time.Millisecond, Lease: h.queue.LeaseDuration(),
		},
	}.Run)
}

func (h *cluster) runUntilStopped(run func(context.Context) error) (stop func()) {
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

// waitReady waits until the bot's commands are registered, the queue has an epoch and the bot knows what can be
// painted.
func (h *cluster) waitReady() {
	h.t.Helper()
	h.waitFor("commands", func() bool {
		cs, err := h.sandbox.CommandsFor(h.defaults.Moderator.ID, h.defaults.Channel.ID)
		onMessage, merr := h.sandbox.MessageCommandsFor(h.defaults.Moderator.ID, h.defaults.Channel.ID)
		return err == nil && merr == nil && len(cs)+len(onMessage) == len(command.All())
	})
	h.pollUntil("the queue to have an epoch", func() bool {
		_, empty, err := h.queue.Epoch(h.ctx)
		return err == nil && !empty
	})
	h.pollUntil("the catalog to be known", func() bool {
		text, err := h.db.Meta(h.ctx, "offer")
		return err == nil && text != ""
	})
}

// waitFor waits for something that the sandbox's changes bring.
func (h *cluster) waitFor(what string, ready func() bool) {
	h.t.Helper()
	if err := h.sandbox.Wait(h.ctx, ready); err != nil {
		h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, err, h.log)
	}
}

// pollUntil waits for something that no event announces.
func (h *cluster) pollUntil(what string, ready func() bool) {
	h.t.Helper()
	for !ready() {
		select {
		case <-h.ctx.Done():
			h.t.Fatalf("waiting for %s: %v\nlog:\n%s", what, h.ctx.Err(), h.log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
