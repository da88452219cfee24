package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/queue"
	"darkroom/queue/work"
	"darkroom/render/picture"
	"darkroom/store"
)

// start2026 is when every simulation begins: bubbles begin in 2000, before Discord's first id.
var start2026 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// lineOptions keeps few events: who was away misses some, and miniredis reads through all of them at every change.
var lineOptions = queue.Options{MaxEvents: 100}

// discordHost is where our own Discord answers.
const discordHost = "sandbox.local"

// town is a whole darkroom in one bubble.
type town struct {
	*sandbox.Sandbox
	t      *testing.T
	seed   uint64
	street *street
	redis  *memory
	ledger string // path of the database
	step   func(picture.Spec) time.Duration
	chaos  float64
	tell   func(job string, over bool) // of each painting
	models []string                    // content hashes
	log    *slog.Logger

	wg sync.WaitGroup // everything that must end before the bubble can

	mu    sync.Mutex
	bot   *process
	slots map[string]*process
	born  int
}

// process is one process that can be killed.
type process struct {
	name string
	gate *gate
	stop context.CancelFunc
	die  []func() // what is closed at once when it is killed
	done chan struct{}
}

// kill is kill -9: nothing of what the process still tries arrives anywhere.
func (p *process) kill() {
	p.gate.close()
	for _, f := range p.die {
		f()
	}
	time.AfterFunc(2*closing, p.stop) // discordgo is still closing its session; see patient
}

// newTown opens a sandbox, a ledger and a Redis; nothing else runs yet.
func newTown(t *testing.T, seed uint64, dir string) *town {
	time.Sleep(time.Until(start2026))
	w := &town{t: t, seed: seed, ledger: filepath.Join(dir, fmt.Sprintf("%d.db", seed)), slots: map[string]*process{},
		street: &street{hosts: map[string]host{}, seed: seed << 20, slow: 2 * time.Millisecond},
		redis:  newMemory(t, seed), models: []string{strings.Repeat("ab", 32)}, log: slog.New(slog.DiscardHandler)}
	w.step = func(s picture.Spec) time.Duration { return time.Duration(s.Count) * 100 * time.Millisecond }
	w.tell = func(string, bool) {}
	door := newDoor()
	limits := sandbox.RealLimits()
	s, err := sandbox.New(sandbox.Options{Listener: door, Host: discordHost, Rules: rules.NewBook(), Limits: &limits})
	if err != nil {
		t.Fatalf("open sandbox: %v", err)
	}
	w.Sandbox = s
	w.street.hosts["redis"], w.street.hosts[discordHost+":80"] = w.redis, door
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	t.Cleanup(func() {
		w.close()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve sandbox: %v", err)
		}
		w.redis.stop()
		if err := s.Close(); err != nil {
			t.Errorf("close sandbox: %v", err)
		}
		time.Sleep(2 * time.Minute) // for what still sleeps: a bubble's time ends with this goroutine
	})
	return w
}

// close kills everybody and waits until the last of their goroutines is gone.
func (w *town) close() {
	w.mu.Lock()
	if w.bot != nil {
		w.bot.kill()
	}
	for _, p := range w.slots {
		p.kill()
	}
	w.mu.Unlock()
	w.wg.Wait()
}

// process makes a process that runs each of these until it is stopped.
func (w *town) process(name string, g *gate, die []func(), runs ...func(context.Context) error) *process {
	ctx, stop := context.WithCancel(context.Background())
	p := &process{name: name, gate: g, stop: stop, die: die, done: make(chan struct{})}
	var own sync.WaitGroup
	for _, run := range runs {
		own.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				w.t.Errorf("%s ended with %v", name, err)
			}
		})
	}
	w.wg.Go(func() { own.Wait(); close(p.done) })
	return p
}

func (w *town) name(kind string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.born++
	return fmt.Sprintf("%s-%d", kind, w.born)
}

// client is an HTTP client whose connections go through a gate.
func client(g *gate, limit time.Duration) *http.Client {
	return &http.Client{Timeout: limit, Transport: &http.Transport{DialContext: g.dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: 20 * time.Second}}
}

// startBot starts a bot; one that runs must be killed first.
func (w *town) startBot() *process {
	w.t.Helper()
	g := w.street.gate()
	name := w.name("bot")
	ledger, err := store.Open(context.Background(), "sqlite:"+w.ledger, store.Options{})
	if err != nil {
		w.t.Fatalf("open ledger: %v", err)
	}
	line := w.redis.queueBy(g, lineOptions)
	b, err := bot.New(bot.Parts{
		Ledger: ledger, Line: line,
		Discord: reply.NewClient(reply.Options{Base: w.API(), Token: w.Token(), HTTP: client(g, time.Minute)}),
		Options: bot.Options{Token: w.Token(), Base: w.API(), CDN: []string{discordHost}, HTTP: client(g, 20*time.Second), Dial: g.dialGateway,
			Log: w.log.With("process", name), Workers: 8},
	})
	if err != nil {
		w.t.Fatalf("make bot: %v", err)
	}
	p := w.process(name, g, []func(){func() { _ = ledger.Close() }, func() { _ = line.Close() }}, b.Run)
	w.mu.Lock()
	w.bot = p
	w.mu.Unlock()
	return p
}

// startRenderer starts a renderer under a slot's name.
func (w *town) startRenderer(slot string) *process {
	g := w.street.gate()
	name := w.name(slot)
	line := w.redis.queueBy(g, lineOptions)
	paint := &painter{step: w.step, chaos: w.chaos, tell: w.tell, dice: rand.New(rand.NewPCG(w.seed, uint64(len(name)+w.born)))}
	bench := work.Bench{
		Queue: line, Paint: paint,
		Post:    reply.NewPoster(reply.NewClient(reply.Options{Base: w.API(), HTTP: client(g, time.Minute)}), line),
		Options: work.Options{Slot: name, Lanes: w.lanes, Lease: line.Lease(), Log: w.log.With("process", name)},
	}
	p := w.process(name, g, []func(){func() { _ = line.Close() }}, bench.Run, func(ctx context.Context) error { return w.announce(ctx, line, name) })
	w.mu.Lock()
	w.slots[slot] = p
	w.mu.Unlock()
	return p
}

func (w *town) lanes() (all []queue.Lane) {
	for _, hash := range w.models {
		all = append(all, queue.Lanes(picture.Lanes(hash)...)...)
	}
	return all
}

const card = `{"sizes":[{"width":512,"height":512}],"samplers":["ddim","euler"],"starts":true,
	"defaults":{"width":512,"height":512,"steps":8,"guidance":4.5,"sampler":"ddim"}}`

// announce says what a renderer offers, at the pace of the real one.
func (w *town) announce(ctx context.Context, line *queue.Queue, slot string) error {
	r := queue.Renderer{Slot: slot, Device: "sim", Lanes: w.lanes()}
	for i, hash := range w.models {
		r.Models = append(r.Models, queue.Model{Name: fmt.Sprint("model", i), Hash: hash, Lane: picture.Lanes(hash)[0], Card: json.RawMessage(card)})
	}
	for ctx.Err() == nil {
		_ = line.Announce(ctx, r, 15*time.Second) // tried again soon
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
		}
	}
	return nil
}

// ready waits until the bot hears interactions and its commands are offered.
func (w *town) ready() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := w.Wait(ctx, func() bool { return w.Gateway.Online() && len(w.Registered("")) > 0 }); err != nil {
		w.t.Fatalf("the bot did not come online: %v", err)
	}
}
