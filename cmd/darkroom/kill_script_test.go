//go:build cgo

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// scriptCase makes one process call a script of the queue.
type scriptCase struct {
	role    string // whose call it is: the name of its process
	script  string
	trigger func(*scriptTest)
}

// scriptCases are all scripts that matter to a job, each with what makes a process call it. setTrap is called when
// the next call of the script is the one that is meant.
func scriptCases() []scriptCase {
	plain := func(s *scriptTest) { s.setTrap(); s.submit(s.idlePerson(), "a red boat", quickSteps) }
	all := []scriptCase{
		{"renderer", "announce", func(s *scriptTest) { s.submit(s.idlePerson(), "a red boat", slowSteps); s.setTrap() }},
		{"renderer", "reserve", plain},
		{"renderer", "heartbeat", plain},
		{"renderer", "seal", plain},
		{"renderer", "done", plain},
		{"renderer", "reap", func(s *scriptTest) { s.submit(s.idlePerson(), "a red boat", slowSteps); s.setTrap() }},
		{"renderer", "reclaim", func(s *scriptTest) { s.submitSlow(30); s.setTrap(); s.redis.wipe(s.t) }},
		{"renderer", "fail", func(s *scriptTest) {
			s.setTrap()
			s.submit(s.idlePerson(), "a boat with a "+hangWord+" captain", quickSteps)
		}},
		{"renderer", "release", func(s *scriptTest) { s.submitSlow(40); s.setTrap(); s.interruptRenderer() }},
		{
			"renderer",
			"input",
			func(s *scriptTest) { s.setTrap(); s.submit(s.idlePerson(), "a red boat", quickSteps, s.startPicture()) },
		},
		{"renderer", "putundelivered", func(s *scriptTest) { s.expireTokens(); plain(s) }},
		{"bot", "enqueue", plain},
		{"bot", "cancel", func(s *scriptTest) { w := s.submitSlow(30); s.setTrap(); s.cancel(w) }},
		{
			"bot",
			"putinput",
			func(s *scriptTest) { s.setTrap(); s.submit(s.idlePerson(), "a red boat", quickSteps, s.startPicture()) },
		},
		{"bot", "reap", func(s *scriptTest) { s.submit(s.idlePerson(), "a red boat", slowSteps); s.setTrap() }},
		{"bot", "epoch", func(s *scriptTest) { s.submit(s.idlePerson(), "a red boat", slowSteps); s.setTrap() }},
		{"bot", "beginepoch", func(s *scriptTest) { s.submitSlow(20); s.setTrap(); s.redis.wipe(s.t) }},
		{"bot", "takeundelivered", func(s *scriptTest) {
			s.expireTokens()
			s.submit(s.idlePerson(), "a red boat", quickSteps)
			s.until("it lies in the tray", func() bool { return s.undeliveredCount() > 0 })
			s.setTrap()
		}},
		{"bot", "ackundelivered", func(s *scriptTest) { s.expireTokens(); plain(s) }},
	}
	return all
}

// victims are what may be killed at a boundary.
var victims = []string{"the caller", "Redis", "Redis, set back to before"} //nolint:gochecknoglobals // a constant

// TestKillAtScriptBoundaries kills a process before Redis hears of a script, and after it has run but before the
// caller knows; or Redis itself in these moments, which may then have forgotten what it did since the case began. The
// long form tries every script, side and victim, the short one each script once.
func TestKillAtScriptBoundaries(t *testing.T) {
	t.Parallel()
	s := seed(t)
	for part := range 2 { // two clusters share the cases
		t.Run(fmt.Sprint("cluster ", part), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(s, uint64(part)))
			st := newScriptTest(t, s)
			for i, sc := range scriptCases() {
				if i%2 == part {
					st.tryAll(sc, rng)
				}
			}
			st.finish(part)
		})
	}
}

// tryAll tries every side and victim of a case, or a random one.
func (s *scriptTest) tryAll(sc scriptCase, rng *rand.Rand) {
	side, victim := rng.IntN(2), rng.IntN(len(victims))
	for after := range 2 {
		for v := range victims {
			if soaking() || after == side && v == victim {
				s.tryUntilSprung(sc, after == 1, v)
			}
		}
	}
}

// scriptTest is a cluster with proxies, in which the cases run.
type scriptTest struct {
	*requests
	procs    map[string]*process
	trap     *trap
	proxy    *redisProxy
	cleanups []func() // called at the end of a case
	backup   string   // a copy of Redis's data
	report   faultReport
}

func newScriptTest(t testing.TB, seed uint64) *scriptTest {
	w := newCluster(t, clusterOptions{withProxies: true, hang: time.Second, grace: time.Second, persistence: syncAlways})
	s := &scriptTest{requests: newRequests(w, 20), procs: map[string]*process{}}
	s.report = faultReport{
		Fault: "kill -9 before and after each script of the queue, of its caller or of Redis",
		Where: "separate processes",
		Seed:  seed,
	}
	s.procs["bot"], s.procs["renderer"] = w.bot(), w.renderer()
	s.waitReady(1)
	return s
}

// setTrap sets the trap, after a copy of Redis.
func (s *scriptTest) setTrap() {
	s.backup = s.redis.copy(s.t)
	s.proxy.setTrap(s.trap)
}

// interruptRenderer tells the renderer to stop.
func (s *scriptTest) interruptRenderer() { s.procs["renderer"].signal(syscall.SIGINT) }

// expireTokens makes the tokens of answers invalid for the rest of the case.
func (s *scriptTest) expireTokens() {
	s.cleanups = append(s.cleanups, s.Fail(sandbox.Fault{Path: answerPath, Times: -1, Status: 401, Code: 50027}))
}

// startPicture is an init image that no other job has.
func (s *scriptTest) startPicture() sandbox.Option {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 64, 64+len(s.all)))); err != nil {
		s.t.Fatal(err)
	}
	return sandbox.WithFile("init_image", "start.png", b.Bytes())
}

// tryUntilSprung repeats a case until its trap springs: on a busy machine a lease may run out before the script is
// called.
func (s *scriptTest) tryUntilSprung(sc scriptCase, after bool, victim int) {
	s.t.Helper()
	name := fmt.Sprintf("%s of %s, after %v, victim %s", sc.script, sc.role, after, victims[victim])
	for range 4 {
		if s.attempt(name, sc, after, victim) {
			return
		}
	}
	s.t.Fatalf("%s: it was never called", name)
}

// trapTimeout is how long a case may take.
const trapTimeout = 20 * time.Second

// attempt runs a case with a trap at one side of its script, and judges how all requests end. It tells whether the
// trap has sprung.
func (s *scriptTest) attempt(name string, sc scriptCase, after bool, victim int) bool {
	s.t.Helper()
	s.proxy = s.requests.proxy(sc.role)
	s.requests.proxy("bot").reset()
	s.requests.proxy("renderer").reset()
	s.trap = &trap{script: sc.script, after: after, nth: 1, sprung: make(chan struct{}), spring: func() {
		if victim == 0 {
			s.procs[sc.role].kill()
			return
		}
		s.redis.kill()
	}}
	sc.trigger(s)
	sprung := true
	select {
	case <-s.trap.sprung:
	case <-time.After(trapTimeout):
		s.proxy.reset()
		select { // it may have sprung in this moment
		case <-s.trap.sprung:
		default:
			sprung = false
		}
	}
	began := time.Now()
	s.restart(sc.role, victim, sprung)
	for _, cleanup := range s.cleanups {
		defer cleanup()
	}
	s.cleanups = nil
	v := s.judge()
	if v.lost+v.doubled > 0 || s.t.Failed() {
		s.t.Fatalf("%s: %v", name, v)
	}
	if sprung {
		s.report.Tries++
		s.report.recordRecovery(time.Since(began))
	}
	return sprung
}

// restart starts what was killed.
func (s *scriptTest) restart(role string, victim int, died bool) {
	switch {
	case !died:
	case victim == 2 && s.backup != "":
		s.redis.rollback(s.t, s.backup)
	case victim != 0:
		s.redis.start(s.t)
	}
	for name, p := range s.procs {
		select {
		case <-p.done:
		case <-time.After(200 * time.Millisecond): // a renderer that was told to stop ends in its own time
			if name != "renderer" || role != "renderer" {
				continue
			}
		}
		select {
		case <-p.done:
			if name == "bot" {
				s.procs[name] = s.bot()
			} else {
				s.procs[name] = s.renderer()
			}
		default:
		}
	}
}

// finish writes the report.
func (s *scriptTest) finish(part int) {
	v := s.judge()
	s.report.add(v)
	s.report.Note = fmt.Sprintf("%d asked: %v", len(s.all), v)
	s.report.Where += fmt.Sprintf(", cluster %d", part+1)
	s.report.write(s.t)
}
