package sim

import (
	"context"
	"encoding/json"
	"errors"
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
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/rules"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
	"darkroom/store"
)

// startTime is when every simulation starts. A bubble starts in 2000, before Discord's first id.
var startTime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// queueOptions keeps few events. A process that was down misses some, and miniredis is slow with many.
var queueOptions = queue.Options{MaxEvents: 100}

// discordHost is the address of the sandbox.
const discordHost = "sandbox.local"

// cluster is one bot, some renderers, a Redis, a database and a sandbox in one bubble.
type cluster struct {
	*sandbox.Sandbox
	t           *testing.T
	seed        uint64
	network     *network
	redis       *redisServer
	dbPath      string // path of the database
	stepTime    func(picture.Spec) time.Duration
	failureRate float64
	onRender    func(job string, over bool) // called when a renderer starts a job, and when it is over
	models      []string                    // content hashes
	shelves     *shelves                    // the add-ons of the renderers
	log         *slog.Logger

	wg sync.WaitGroup // the goroutines that must end before the bubble can end

	mu        sync.Mutex
	bot       *process
	renderers map[string]*process
	started   int // processes, for their names
	botStarts int
}

// process is one process that can be killed.
type process struct {
	name   string
	gate   *gate
	stop   context.CancelFunc
	onKill []func() // closes what a killed process must not use any more
	done   chan struct{}
}

// kill is kill -9: nothing that the process still tries arrives anywhere.
func (p *process) kill() {
	p.gate.close()
	for _, f := range p.onKill {
		f()
	}
	time.AfterFunc(2*closeSpacing, p.stop) // discordgo still closes its session; see pacedConn
}

// newCluster opens a sandbox and a Redis, without a bot and without renderers.
func newCluster(t *testing.T, seed uint64, dir string) *cluster {
	time.Sleep(time.Until(startTime))
	c := &cluster{
		t:         t,
		seed:      seed,
		dbPath:    filepath.Join(dir, fmt.Sprintf("%d.db", seed)),
		renderers: map[string]*process{},
		network:   &network{hosts: map[string]host{}, seed: seed << 20, delay: 2 * time.Millisecond},
		redis:     newRedis(t, seed),
		models:    []string{strings.Repeat("ab", 32)},
		shelves:   newShelves(),
		log:       slog.New(slog.DiscardHandler),
	}
	c.stepTime = func(s picture.Spec) time.Duration { return time.Duration(s.Count) * 100 * time.Millisecond }
	c.onRender = func(string, bool) {}
	ln := newListener()
	limits := sandbox.RealLimits()
	s, err := sandbox.New(sandbox.Options{Listener: ln, Host: discordHost, Rules: rules.NewChecker(), Limits: &limits})
	if err != nil {
		t.Fatalf("open sandbox: %v", err)
	}
	c.Sandbox = s
	c.network.hosts["redis"], c.network.hosts[discordHost+":80"] = c.redis, ln
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, nil) }()
	t.Cleanup(func() {
		c.close()
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serve sandbox: %v", err)
		}
		c.redis.stop()
		if err := s.Close(); err != nil {
			t.Errorf("close sandbox: %v", err)
		}
		time.Sleep(2 * time.Minute) // for goroutines that sleep: the time of a bubble ends with this goroutine
	})
	return c
}

// close kills all processes and waits until their goroutines have ended.
func (c *cluster) close() {
	c.mu.Lock()
	if c.bot != nil {
		c.bot.kill()
	}
	for _, p := range c.renderers {
		p.kill()
	}
	c.mu.Unlock()
	c.wg.Wait()
}

// process starts a process that runs these functions until it is stopped.
func (c *cluster) process(name string, g *gate, onKill []func(), runs ...func(context.Context) error) *process {
	ctx, stop := context.WithCancel(context.Background())
	p := &process{name: name, gate: g, stop: stop, onKill: onKill, done: make(chan struct{})}
	var own sync.WaitGroup
	for _, run := range runs {
		own.Go(func() {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				c.t.Errorf("%s ended with %v", name, err)
			}
		})
	}
	c.wg.Go(func() { own.Wait(); close(p.done) })
	return p
}

// name returns a name that no process had before.
func (c *cluster) name(kind string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started++
	return fmt.Sprintf("%s-%d", kind, c.started)
}

// httpClient returns an HTTP client whose connections go through a gate.
func httpClient(g *gate, limit time.Duration) *http.Client {
	return &http.Client{
		Timeout:   limit,
		Transport: &http.Transport{DialContext: g.dial, MaxIdleConnsPerHost: 8, IdleConnTimeout: 20 * time.Second},
	}
}

// startBot starts a bot. An earlier one must be killed first.
func (c *cluster) startBot() *process {
	c.t.Helper()
	g := c.network.gate()
	name := c.name("bot")
	db, err := store.Open(context.Background(), "sqlite:"+c.dbPath, store.Options{})
	if err != nil {
		c.t.Fatalf("open store: %v", err)
	}
	q := c.redis.openQueue(g, queueOptions)
	b, err := bot.New(bot.Parts{
		Store: db, Queue: q,
		Discord: rest.NewClient(rest.Options{Base: c.API(), Token: c.Token(), HTTP: httpClient(g, time.Minute)}),
		Options: bot.Options{
			Token:   c.Token(),
			Base:    c.API(),
			CDN:     []string{discordHost},
			HTTP:    httpClient(g, 20*time.Second),
			Dial:    g.dialGateway,
			Log:     c.log.With("process", name),
			Workers: 8,
			Plain:   c.nextForm(),
		},
	})
	if err != nil {
		c.t.Fatalf("new bot: %v", err)
	}
	p := c.process(name, g, []func(){func() { _ = db.Close() }, func() { _ = q.Close() }}, b.Run)
	c.mu.Lock()
	c.bot = p
	c.mu.Unlock()
	return p
}

// nextForm changes --cards with every start of a bot, while messages of the other form are in flight. It begins with
// cards.
func (c *cluster) nextForm() (plain bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.botStarts++
	return c.botStarts%2 == 0
}

// startRenderer starts a renderer in a slot. An earlier one there must be killed first.
func (c *cluster) startRenderer(slot string) *process {
	g := c.network.gate()
	name := c.name(slot)
	q := c.redis.openQueue(g, queueOptions)
	fake := &fakeRenderer{
		stepTime:    c.stepTime,
		failureRate: c.failureRate,
		onRender:    c.onRender,
		addon: func(hash string) error {
			err := c.shelves.find(slot, hash)
			if errors.Is(err, errNever) {
				c.t.Errorf("a job came to %s, but %v", name, err)
			}
			return err
		},
		rng: rand.New(rand.NewPCG(c.seed, uint64(len(name)+c.started))),
	}
	w := worker.Worker{
		Queue: q, Renderer: fake,
		Poster: rest.NewPoster(rest.NewClient(rest.Options{Base: c.API(), HTTP: httpClient(g, time.Minute)}), q),
		Options: worker.Options{
			Slot: name, Lanes: c.lanes, Addons: func() queue.Addons { return c.announcement(name, slot).AddonSet() },
			Lease: q.LeaseDuration(), Log: c.log.With("process", name),
		},
	}
	p := c.process(name, g, []func(){func() { _ = q.Close() }}, w.Run,
		func(ctx context.Context) error { return c.announce(ctx, q, name, slot) })
	c.mu.Lock()
	c.renderers[slot] = p
	c.mu.Unlock()
	return p
}

func (c *cluster) lanes() (all []queue.Lane) {
	for _, hash := range c.models {
		all = append(all, queue.Lanes(picture.Lanes(hash)...)...)
	}
	return all
}

const card = `{"sizes":[{"width":512,"height":512}],"samplers":["ddim","euler"],"starts":true,
	"defaults":{"width":512,"height":512,"steps":8,"guidance":4.5,"sampler":"ddim"}}`

// announcement is what a renderer says that it has now.
func (c *cluster) announcement(name, slot string) queue.Renderer {
	r := queue.Renderer{Slot: name, Device: "sim", Lanes: c.lanes(), Addons: c.shelves.of(slot)}
	for i, hash := range c.models {
		r.Models = append(r.Models, queue.Model{
			Name: fmt.Sprint("model", i), Hash: hash, Lane: picture.Lanes(hash)[0], Card: json.RawMessage(card)})
	}
	return r
}

// announce announces a renderer and what it has, as often as a real renderer does.
func (c *cluster) announce(ctx context.Context, q *queue.Queue, name, slot string) error {
	for ctx.Err() == nil {
		_ = q.Announce(ctx, c.announcement(name, slot), 15*time.Second) // on an error, the loop tries again soon
		select {
		case <-ctx.Done():
		case <-time.After(3 * time.Second):
		}
	}
	return nil
}

// ready waits until the bot is online and its commands are registered.
func (c *cluster) ready() {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := c.Wait(ctx, func() bool { return c.Gateway.Online() && len(c.Registered("")) > 0 }); err != nil {
		c.t.Fatalf("the bot did not come online: %v", err)
	}
}
