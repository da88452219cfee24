//go:build cgo

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
)

// childEnv makes the test binary behave as the program itself, so that tests can start and kill real processes.
const childEnv = "DARKROOM_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience is how long a town may take for anything. It is no measurement: machines are slow when they are shared.
const patience = 90 * time.Second

// town is a whole darkroom of separate processes around a sandbox: what is killed here is killed for good.
type town struct {
	*sandbox.Sandbox
	t     *testing.T
	home  sandbox.Home
	redis *server
	data  string

	mu    sync.Mutex
	procs []*process
}

// process is a child. Its log is shown when the test fails.
type process struct {
	name string
	cmd  *exec.Cmd
	log  lockedBuffer
	done chan struct{}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newTown(t *testing.T) *town {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("no redis-server on this machine: the tests of separate processes need a real one")
	}
	s := sandboxtest.Start(t, sandbox.Options{})
	// Discord's pages ask for a string of bits, its OpenAPI description for a number; where they differ the pages count.
	s.Rules().Allow("default_member_permissions")
	w := &town{Sandbox: s, t: t, home: s.Home(), data: t.TempDir(), redis: &server{dir: t.TempDir(), port: freePort(t)}}
	w.redis.start(t)
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, p := range w.procs {
			p.kill()
			if t.Failed() {
				t.Logf("log of %s:\n%s", p.name, tail(p.log.String(), 60))
			}
		}
		w.redis.kill()
	})
	return w
}

// start runs a subcommand of the program as a process of its own.
func (w *town) start(name string, args ...string) *process {
	w.t.Helper()
	p := &process{name: name, done: make(chan struct{})}
	p.cmd = exec.Command(os.Args[0], append(args,
		"--redis-url", w.redis.url(), "--discord-api", w.API(), "--lease", "1500ms", "--beat", "300ms", "--grace", "5s")...)
	p.cmd.Env = append(os.Environ(), childEnv+"=1", "DISCORD_TOKEN="+w.Token(), "ONNXRUNTIME_LIB="+library(w.t))
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

// library is ONNX Runtime as `make runtime` leaves it.
func library(t *testing.T) string {
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

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// server is a real redis-server that can be killed and lose its data.
type server struct {
	dir  string
	port int
	cmd  *exec.Cmd
}

func (r *server) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", r.port) }

func (r *server) start(t *testing.T) {
	t.Helper()
	r.cmd = exec.Command("redis-server", "--port", fmt.Sprint(r.port), "--bind", "127.0.0.1", "--dir", r.dir,
		"--appendonly", "yes", "--save", "", "--maxmemory-policy", "noeviction")
	if err := r.cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for ctx.Err() == nil {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", r.port), time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		time.Sleep(20 * time.Millisecond) // a foreign process has no other signal of being ready
	}
	t.Fatal("redis-server did not come up")
}

func (r *server) kill() {
	_ = r.cmd.Process.Kill()
	_ = r.cmd.Wait()
}

// wipe kills the server, deletes its data and starts it again.
func (r *server) wipe(t *testing.T) {
	t.Helper()
	r.kill()
	if err := os.RemoveAll(r.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r.start(t)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (w *town) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	w.t.Cleanup(cancel)
	return ctx
}

// ready waits until the bot is at the gateway with its commands, and a renderer, if one is meant to run, has announced
// itself.
func (w *town) ready(renderers int) {
	w.t.Helper()
	ctx := w.ctx()
	if err := w.Wait(ctx, func() bool { return w.Gateway.Online() && len(w.Registered("")) > 0 }); err != nil {
		w.t.Fatalf("the bot did not come online: %v", err)
	}
	q, err := queue.Dial(w.redis.url(), queue.Options{Pool: "main"})
	if err != nil {
		w.t.Fatal(err)
	}
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

// imagine asks for pictures and returns the interaction's id.
func (w *town) imagine(steps int, options ...sandbox.Option) sandbox.Interaction {
	w.t.Helper()
	options = append([]sandbox.Option{
		sandbox.With("prompt", "a red boat on a blue sea"), sandbox.With("steps", steps), sandbox.With("count", 2),
	}, options...)
	i, err := w.Command(w.home.Member.ID, w.home.Channel.ID, "imagine", options...)
	if err != nil {
		w.t.Fatalf("imagine: %v", err)
	}
	return i
}

// says waits until the answer to an interaction contains text.
func (w *town) says(i sandbox.Interaction, text string) sandbox.Message {
	w.t.Helper()
	m, err := w.WaitReply(w.ctx(), i.ID, func(m sandbox.Message) bool { return strings.Contains(m.Content, text) })
	if err != nil {
		w.t.Fatalf("the answer never said %q; it says %q", text, m.Content)
	}
	return m
}

// shows waits until the answer to an interaction carries its finished pictures.
func (w *town) shows(i sandbox.Interaction) sandbox.Message {
	w.t.Helper()
	m, err := w.WaitReply(w.ctx(), i.ID, func(m sandbox.Message) bool { return resultOf(m) != "" })
	if err != nil {
		w.t.Fatalf("the answer never showed pictures; it says %q", m.Content)
	}
	return m
}

// resultOf returns the job whose finished pictures a message shows, or "".
func resultOf(m sandbox.Message) string {
	if len(m.Attachments) == 0 {
		return ""
	}
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == button.Remix {
				return id.Job
			}
		}
	}
	return ""
}

// results counts the visible results of each job, in every place the member can see.
func (w *town) results() map[string]int {
	n := map[string]int{}
	for _, c := range w.ChannelsOf(w.home.Member.ID) {
		for _, m := range w.Messages(w.home.Member.ID, c.ID) {
			if job := resultOf(m); job != "" {
				n[job]++
			}
		}
	}
	return n
}

// oneEach fails unless each of these interactions has exactly one visible result and no other job has any.
func (w *town) oneEach(asked ...sandbox.Interaction) {
	w.t.Helper()
	got := w.results()
	for _, i := range asked {
		if n := got[i.ID+"-0"]; n != 1 {
			w.t.Errorf("job %s-0 has %d visible results, want exactly 1", i.ID, n)
		}
		delete(got, i.ID+"-0")
	}
	for job, n := range got {
		w.t.Errorf("job %s has %d visible results, want none", job, n)
	}
}

// settled waits until the line has nothing left, so that whatever would still be posted has been.
func (w *town) settled() {
	w.t.Helper()
	q, err := queue.Dial(w.redis.url(), queue.Options{Pool: "main"})
	if err != nil {
		w.t.Fatal(err)
	}
	defer q.Close()
	ctx := w.ctx()
	for {
		snap, err := q.Snapshot(ctx)
		if err == nil && snap.Waiting+snap.Running == 0 {
			return
		}
		if ctx.Err() != nil {
			w.t.Fatalf("the line never emptied: %+v, %v", snap, errors.Join(err, ctx.Err()))
		}
		time.Sleep(50 * time.Millisecond) // emptiness has no signal of its own
	}
}

var (
	answers   = regexp.MustCompile(`^/webhooks/\d+/[^/]+/messages/@original$`)
	callbacks = regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	finished  = regexp.MustCompile(`1:remix:`)
)

// hold stops the requests that f chooses until let go. met is told when one came.
func (w *town) hold(f sandbox.Fault) (met <-chan struct{}, letGo func()) {
	came, gate := make(chan struct{}, 8), make(chan struct{})
	f.Met, f.Hold = came, gate
	w.t.Cleanup(w.Fail(f))
	return came, sync.OnceFunc(func() { close(gate) })
}

// await waits for a signal.
func (w *town) await(what string, c <-chan struct{}) {
	w.t.Helper()
	select {
	case <-c:
	case <-w.ctx().Done():
		w.t.Fatalf("%s never happened", what)
	}
}

func (w *town) button(m sandbox.Message, verb button.Verb) string {
	w.t.Helper()
	for _, row := range m.Components {
		for _, c := range row.Components {
			if id, err := button.Parse(c.CustomID); err == nil && id.Verb == verb {
				return c.CustomID
			}
		}
	}
	w.t.Fatalf("message %q has no button %q", m.Content, verb)
	return ""
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
