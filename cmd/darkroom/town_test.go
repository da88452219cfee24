//go:build cgo

package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
)

// childEnv makes the test binary behave as the program itself, so that tests can start and kill real processes: as it is,
// or with a brush in place of the models.
const (
	childEnv  = "DARKROOM_TEST_CHILD"
	asItIs    = "program"
	withBrush = "brush"
)

func TestMain(m *testing.M) {
	w := world{args: os.Args[1:], getenv: os.Getenv, stdout: os.Stdout, stderr: os.Stderr}
	switch os.Getenv(childEnv) {
	case asItIs:
		os.Exit(live(w))
	case withBrush:
		w.crafts = crafts{atelier: openBrush}
		os.Exit(live(w))
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's own
	os.Exit(m.Run())
}

// patience is how long a town may take for anything. It is no measurement: machines are slow when they are shared.
const patience = 90 * time.Second

// plan is how a town is built. The zero value is the usual one.
type plan struct {
	keep   string           // how Redis writes down; each second
	models bool             // the renderers paint with the demo model, not with a brush
	now    func() time.Time // the sandbox's clock
	usual  bool             // leases of the usual length, not short ones
	hang   time.Duration    // how long a painting may stand still
	grace  time.Duration    // how long one may go on after a stop
	gated  bool             // a gate stands between each process and Redis
	wired  bool             // so does a network that can be spoilt
}

// town is a whole darkroom of separate processes around a sandbox: what is killed here is killed for good.
type town struct {
	*sandbox.Sandbox
	plan
	t     testing.TB
	home  sandbox.Home
	redis *server
	data  string

	mu    sync.Mutex
	procs []*process
	gates map[string]*gate // by the name of the process
	wires map[string]*wire
}

// process is a child. Its log is shown when the test fails.
type process struct {
	name string
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{}
}

func newTown(t testing.TB, p plan) *town {
	t.Helper()
	p.keep = cmp.Or(p.keep, keepSeconds)
	redis := newServer(t, p.keep)
	s := sandboxtest.Start(t, sandbox.Options{Now: p.now})
	// Discord's pages ask for a string of bits, its OpenAPI description for a number; where they differ the pages count.
	s.Rules().Allow("default_member_permissions")
	w := &town{Sandbox: s, plan: p, t: t, home: s.Home(), data: t.TempDir(), redis: redis, gates: map[string]*gate{}, wires: map[string]*wire{}}
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.procs {
			p.kill()
			if t.Failed() {
				t.Logf("log of %s:\n%s", p.name, tail(p.log.String(), 60))
			}
		}
	})
	return w
}

// gate is where a process of that name passes to reach Redis.
func (w *town) gate(name string) *gate {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gates[name] == nil {
		w.gates[name] = newGate(w.t, w.redis.address())
	}
	return w.gates[name]
}

// wire is what a process of that name reaches Redis through.
func (w *town) wire(name string) *wire {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.wires[name] == nil {
		w.wires[name] = newWire(w.t, name, w.redis.address())
	}
	return w.wires[name]
}

// door is the address at which a process of that name reaches Redis.
func (w *town) door(name string) string {
	if w.gated {
		return w.gate(name).ln.Addr().String()
	}
	if w.wired {
		return w.wire(name).Listen
	}
	return w.redis.address()
}

// start runs a subcommand of the program as a process of its own.
func (w *town) start(name string, args ...string) *process {
	w.t.Helper()
	p := &process{name: name, done: make(chan struct{})}
	args = append(args, "--discord-api", w.API(), "--hang", cmp.Or(w.hang, 2*time.Minute).String())
	if args[0] != "up" {
		args = append(args, "--redis-url", "redis://"+w.door(name)+"/0")
	}
	if !w.usual {
		args = append(args, "--lease", "1500ms", "--beat", "300ms")
	}
	args = append(args, "--grace", cmp.Or(w.grace, 5*time.Second).String())
	kind := withBrush
	if w.models {
		kind = asItIs
	}
	p.cmd = exec.Command(os.Args[0], args...)
	p.cmd.Env = append(os.Environ(), childEnv+"="+kind, "DISCORD_TOKEN="+w.Token())
	if w.models {
		p.cmd.Env = append(p.cmd.Env, "ONNXRUNTIME_LIB="+library(w.t))
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		w.t.Fatalf("start %s: %v", name, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }() // how it ended is seen in its log
	w.mu.Lock()
	w.procs = append(w.procs, p)
	w.mu.Unlock()
	return p
}

// bot starts a bot, once the gateway has noticed the end of one that was killed: ready would take the dead one's session
// for the new one's, and what is asked then is lost, as on Discord.
func (w *town) bot() *process {
	w.t.Helper()
	if err := w.Wait(w.ctx(), func() bool { return !w.Gateway.Online() }); err != nil {
		w.t.Fatalf("a bot is still online: %v", err)
	}
	return w.start("bot", "bot", "--data", w.data)
}

func (w *town) renderer() *process { return w.start("renderer", "renderer", "--threads", "1") }

// line is the queue as it stands, reached without a detour.
func (w *town) line() *queue.Queue {
	q, err := queue.Dial("redis://"+w.redis.address()+"/0", queue.Options{Pool: "main"})
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

// library is ONNX Runtime as `make runtime` leaves it.
func library(t testing.TB) string {
	t.Helper()
	if lib := os.Getenv("ONNXRUNTIME_LIB"); lib != "" {
		return lib
	}
	found, _ := filepath.Glob("../../bin/lib/libonnxruntime*")
	if len(found) == 0 {
		t.Skip("no ONNX Runtime in bin/lib: run make runtime")
	}
	path, err := filepath.Abs(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// signal asks a process for something.
func (p *process) signal(s os.Signal) { _ = p.cmd.Process.Signal(s) }

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

func (w *town) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

// until waits for something that has no signal of its own.
func (w *town) until(what string, so func() bool) {
	w.t.Helper()
	for ctx := w.ctx(); !so(); time.Sleep(20 * time.Millisecond) {
		if ctx.Err() != nil {
			w.t.Fatalf("%s: never", what)
		}
	}
}

// online waits until the bot is at the gateway with its commands.
func (w *town) online() {
	w.t.Helper()
	if err := w.Wait(w.ctx(), func() bool { return w.Gateway.Online() && len(w.Registered("")) > 0 }); err != nil {
		w.t.Fatalf("the bot did not come online: %v", err)
	}
}

// ready waits until the bot is at the gateway with its commands, and a renderer, if one is meant to run, has announced
// itself.
func (w *town) ready(renderers int) {
	w.t.Helper()
	w.online()
	ctx := w.ctx()
	q := w.line()
	defer q.Close()
	for {
		if list, err := q.Renderers(ctx); err == nil && len(list) >= renderers {
			return
		}
		if ctx.Err() != nil {
			w.t.Fatal("no renderer announced itself")
		}
		time.Sleep(50 * time.Millisecond) // announcements have no signal of their own
	}
}
