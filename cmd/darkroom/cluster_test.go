//go:build cgo

package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/sandboxtest"
	"darkroom/queue"
	"darkroom/render/logtest"
)

func TestMain(m *testing.M) {
	env := processEnvironment()
	switch kind := os.Getenv(childEnv); {
	case kind == childProgram:
		os.Exit(runProcess(env))
	case kind == childFakeModels:
		env.poolOpener = poolOpener{override: openFakeModels}
		os.Exit(runProcess(env))
	case env.isSupervised():
		panic("a test started a renderer without " + childEnv + ": this would run all tests")
	}
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxiproxy's own
	os.Exit(m.Run())
}

// testTimeout is how long a cluster may take for anything. It is long, because shared machines are slow.
const testTimeout = 90 * time.Second

// clusterOptions say how a cluster is built. The zero value is the usual one.
type clusterOptions struct {
	persistence  string           // how Redis writes to disk; every second when empty
	realModels   bool             // the renderers use the demo model, not fake models
	now          func() time.Time // the sandbox's clock
	usualLeases  bool             // leases of the usual length, not short ones
	hang         time.Duration    // how long a run may make no progress
	grace        time.Duration    // how long a run may go on after a stop
	withProxies  bool             // a proxy is between each process and Redis
	withNetworks bool             // a network that can be broken is between each process and Redis
}

// cluster is a whole darkroom of separate processes around a sandbox. What is killed here is really killed.
type cluster struct {
	*sandbox.Sandbox
	clusterOptions
	t     testing.TB
	home  sandbox.Defaults
	redis *redisServer
	data  string

	mu       sync.Mutex
	procs    []*process
	proxies  map[string]*redisProxy // by the name of the process
	networks map[string]*faultyNetwork
}

// process is a process that the test started. Its log is shown when the test fails.
type process struct {
	name string
	cmd  *exec.Cmd
	log  logtest.Buffer
	done chan struct{}
}

func newCluster(t testing.TB, p clusterOptions) *cluster {
	t.Helper()
	p.persistence = cmp.Or(p.persistence, syncEverySecond)
	redis := newRedisServer(t, p.persistence)
	s := sandboxtest.Start(t, sandbox.Options{Now: p.now})
	// Discord's pages ask for a string of bits, its OpenAPI description for a number; where they differ the pages count.
	s.Rules().Allow("default_member_permissions")
	cl := &cluster{
		Sandbox: s, clusterOptions: p, t: t, home: s.Defaults(), data: t.TempDir(), redis: redis,
		proxies: map[string]*redisProxy{}, networks: map[string]*faultyNetwork{},
	}
	t.Cleanup(func() {
		cl.mu.Lock()
		defer cl.mu.Unlock()
		for _, p := range cl.procs {
			p.kill()
			if t.Failed() {
				t.Logf("log of %s:\n%s", p.name, tail(p.log.String(), 60))
			}
		}
	})
	return cl
}

// proxy is the proxy through which a process of that name reaches Redis.
func (cl *cluster) proxy(name string) *redisProxy {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.proxies[name] == nil {
		cl.proxies[name] = newRedisProxy(cl.t, cl.redis.address())
	}
	return cl.proxies[name]
}

// network is the network through which a process of that name reaches Redis.
func (cl *cluster) network(name string) *faultyNetwork {
	cl.mu.Lock()
	defer cl.mu.Unlock()
	if cl.networks[name] == nil {
		cl.networks[name] = newFaultyNetwork(cl.t, name, cl.redis.address())
	}
	return cl.networks[name]
}

// redisAddress is the address at which a process of that name reaches Redis.
func (cl *cluster) redisAddress(name string) string {
	if cl.withProxies {
		return cl.proxy(name).ln.Addr().String()
	}
	if cl.withNetworks {
		return cl.network(name).Listen
	}
	return cl.redis.address()
}

// start starts a subcommand of the program as a separate process.
func (cl *cluster) start(name string, args ...string) *process {
	cl.t.Helper()
	args = append(args, "--discord-api", cl.API(), "--hang", cmp.Or(cl.hang, 2*time.Minute).String())
	if args[0] != "up" {
		args = append(args, "--redis-url", "redis://"+cl.redisAddress(name)+"/0")
	}
	if !cl.usualLeases {
		args = append(args, "--lease", "1500ms", "--beat", "300ms")
	}
	args = append(args, "--grace", cmp.Or(cl.grace, 5*time.Second).String())
	kind := childFakeModels
	if cl.realModels {
		kind = childProgram
	}
	return cl.startCommand(name, exec.Command(os.Args[0], args...), kind)
}

// startCommand starts a test binary as a child of a kind.
func (cl *cluster) startCommand(name string, cmd *exec.Cmd, kind string) *process {
	cl.t.Helper()
	p := &process{name: name, cmd: cmd, done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Env = append(os.Environ(), childEnv+"="+kind, "DISCORD_TOKEN="+cl.Token())
	if cl.realModels {
		p.cmd.Env = append(p.cmd.Env, "ONNXRUNTIME_LIB="+library(cl.t))
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		cl.t.Fatalf("start %s: %v", name, err)
	}
	go func() { _ = p.cmd.Wait(); close(p.done) }() // its log shows how it ended
	cl.mu.Lock()
	cl.procs = append(cl.procs, p)
	cl.mu.Unlock()
	return p
}

// bot starts a bot after the gateway noticed the end of a killed one. Else waitReady would take the session of the
// killed one for the new one's, and interactions would be lost, as on Discord.
func (cl *cluster) bot(args ...string) *process {
	cl.t.Helper()
	if err := cl.Wait(cl.ctx(), func() bool { return !cl.Gateway.Online() }); err != nil {
		cl.t.Fatalf("a bot is still online: %v", err)
	}
	return cl.start("bot", append([]string{"bot", "--data", cl.data}, args...)...)
}

// up starts everything at once.
func (cl *cluster) up() *process { return cl.start("up", "up", "--data", cl.data) }

func (cl *cluster) renderer() *process { return cl.start("renderer", "renderer", "--threads", "1") }

// dialQueue connects to the queue directly.
func (cl *cluster) dialQueue() *queue.Queue {
	q, err := queue.Dial("redis://"+cl.redis.address()+"/0", queue.Options{Pool: "main"})
	if err != nil {
		cl.t.Fatal(err)
	}
	return q
}

// library is the ONNX Runtime library that `make runtime` fetched.
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

// signal sends a signal to a process and to the renderer's process that it started, as a terminal does.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// kill kills both with SIGKILL.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

func (cl *cluster) ctx() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
	cl.t.Cleanup(cancel)
	return ctx
}

// until waits for something that nothing signals.
func (cl *cluster) until(what string, so func() bool) {
	cl.t.Helper()
	for ctx := cl.ctx(); !so(); time.Sleep(20 * time.Millisecond) {
		if ctx.Err() != nil {
			cl.t.Fatalf("%s: never", what)
		}
	}
}

// waitOnline waits until the bot is connected and its commands are registered.
func (cl *cluster) waitOnline() {
	cl.t.Helper()
	if err := cl.Wait(cl.ctx(), func() bool { return cl.Gateway.Online() && len(cl.Registered("")) > 0 }); err != nil {
		cl.t.Fatalf("the bot did not come online: %v", err)
	}
}

// waitReady waits until the bot is online and so many renderers have announced themselves.
func (cl *cluster) waitReady(renderers int) {
	cl.t.Helper()
	cl.waitOnline()
	ctx := cl.ctx()
	q := cl.dialQueue()
	defer q.Close()
	for {
		if list, err := q.Renderers(ctx); err == nil && len(list) >= renderers {
			return
		}
		if ctx.Err() != nil {
			cl.t.Fatal("no renderer announced itself")
		}
		time.Sleep(50 * time.Millisecond) // nothing signals an announcement
	}
}
