//go:build cgo

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// scene leads one process to a script of the queue.
type scene struct {
	role   string // whose call it is: the name of its process
	script string
	play   func(*stage)
}

// scenes are all scripts that matter to a job, each with a way to come by it. Arm is called when the next call of the
// script is the one that is meant.
func scenes() []scene {
	plain := func(s *stage) { s.arm(); s.make(s.one(), "a red boat", quick) }
	all := []scene{
		{"renderer", "announce", func(s *stage) { s.make(s.one(), "a red boat", slow); s.arm() }},
		{"renderer", "reserve", plain},
		{"renderer", "beat", plain},
		{"renderer", "seal", plain},
		{"renderer", "done", plain},
		{"renderer", "reap", func(s *stage) { s.make(s.one(), "a red boat", slow); s.arm() }},
		{"renderer", "adopt", func(s *stage) { s.painting(30); s.arm(); s.redis.wipe(s.t) }},
		{"renderer", "fail", func(s *stage) { s.arm(); s.make(s.one(), "a boat with a "+deafWord+" captain", quick) }},
		{"renderer", "release", func(s *stage) { s.painting(40); s.arm(); s.interrupt() }},
		{"renderer", "input", func(s *stage) { s.arm(); s.make(s.one(), "a red boat", quick, s.picture()) }},
		{"renderer", "trayput", func(s *stage) { s.expire(); plain(s) }},
		{"bot", "enqueue", plain},
		{"bot", "cancel", func(s *stage) { w := s.painting(30); s.arm(); s.cancel(w) }},
		{"bot", "lend", func(s *stage) { s.arm(); s.make(s.one(), "a red boat", quick, s.picture()) }},
		{"bot", "reap", func(s *stage) { s.make(s.one(), "a red boat", slow); s.arm() }},
		{"bot", "epoch", func(s *stage) { s.make(s.one(), "a red boat", slow); s.arm() }},
		{"bot", "begin", func(s *stage) { s.painting(20); s.arm(); s.redis.wipe(s.t) }},
		{"bot", "traytake", func(s *stage) {
			s.expire()
			s.make(s.one(), "a red boat", quick)
			s.until("it lies in the tray", func() bool { return s.trayed() > 0 })
			s.arm()
		}},
		{"bot", "trayack", func(s *stage) { s.expire(); plain(s) }},
	}
	return all
}

// victims are what may die at a boundary.
var victims = []string{"the caller", "Redis", "Redis, set back to before"} //nolint:gochecknoglobals // a constant

// TestKillAtScriptBoundaries kills a process before Redis hears of a script, and after it has run but before the caller
// knows; or Redis itself in these moments, which may then have forgotten what it did since the scene began. The long form
// tries every script, side and victim, the short one each script once.
func TestKillAtScriptBoundaries(t *testing.T) {
	t.Parallel()
	s := seed(t)
	for part := range 2 { // two towns share the scenes
		t.Run(fmt.Sprint("town ", part), func(t *testing.T) {
			t.Parallel()
			dice := rand.New(rand.NewPCG(s, uint64(part)))
			st := newStage(t, s)
			for i, sc := range scenes() {
				if i%2 == part {
					st.sides(sc, dice)
				}
			}
			st.close(part)
		})
	}
}

// sides tries every side and victim of a scene, or one that is drawn.
func (s *stage) sides(sc scene, dice *rand.Rand) {
	side, victim := dice.IntN(2), dice.IntN(len(victims))
	for after := range 2 {
		for v := range victims {
			if soaking() || after == side && v == victim {
				s.try(sc, after == 1, v)
			}
		}
	}
}

// stage is a town with gates, where scenes are played.
type stage struct {
	*wishes
	procs  map[string]*process
	trap   *trap
	gate   *gate
	calm   []func() // to be done when the scene is over
	before string   // a copy of Redis's data
	fact   fact
}

func newStage(t testing.TB, seed uint64) *stage {
	w := newTown(t, plan{gated: true, hang: time.Second, grace: time.Second, keep: keepAlways})
	s := &stage{wishes: newWishes(w, 20), procs: map[string]*process{}}
	s.fact = fact{Fault: "kill -9 before and after each script of the queue, of its caller or of Redis", Where: "separate processes", Seed: seed}
	s.procs["bot"], s.procs["renderer"] = w.bot(), w.renderer()
	s.ready(1)
	return s
}

// arm sets the trap.
func (s *stage) arm() {
	s.before = s.redis.copy(s.t)
	s.gate.set(s.trap)
}

// interrupt asks the renderer to stop.
func (s *stage) interrupt() { s.procs["renderer"].signal(os.Interrupt) }

// expire lets the tokens of answers be worth nothing for the rest of the scene.
func (s *stage) expire() {
	s.calm = append(s.calm, s.Fail(sandbox.Fault{Path: answers, Times: -1, Status: 401, Code: 50027}))
}

// picture is a start picture.
func (s *stage) picture() sandbox.Option {
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 64, 64+len(s.all)))); err != nil {
		s.t.Fatal(err)
	}
	return sandbox.WithFile("init_image", "start.png", b.Bytes())
}

// try plays a scene until its trap springs: on a busy machine a lease may run out before the script is called.
func (s *stage) try(sc scene, after bool, victim int) {
	s.t.Helper()
	name := fmt.Sprintf("%s of %s, after %v, victim %s", sc.script, sc.role, after, victims[victim])
	for range 4 {
		if s.act(name, sc, after, victim) {
			return
		}
	}
	s.t.Fatalf("%s: it was never called", name)
}

// sprungWithin is how long a scene may take.
const sprungWithin = 20 * time.Second

// act plays a scene with a trap at one side of its script, and judges how all that was asked for ends. It tells whether
// the trap has sprung.
func (s *stage) act(name string, sc scene, after bool, victim int) bool {
	s.t.Helper()
	s.gate = s.wishes.gate(sc.role)
	s.wishes.gate("bot").clear()
	s.wishes.gate("renderer").clear()
	s.trap = &trap{script: sc.script, after: after, nth: 1, sprung: make(chan struct{}), spring: func() {
		if victim == 0 {
			s.procs[sc.role].kill()
			return
		}
		s.redis.kill()
	}}
	sc.play(s)
	sprung := true
	select {
	case <-s.trap.sprung:
	case <-time.After(sprungWithin):
		s.gate.clear()
		select { // it may have sprung in this moment
		case <-s.trap.sprung:
		default:
			sprung = false
		}
	}
	began := time.Now()
	s.revive(sc.role, victim, sprung)
	for _, calm := range s.calm {
		defer calm()
	}
	s.calm = nil
	v := s.judge()
	if v.lost+v.double > 0 || s.t.Failed() {
		s.t.Fatalf("%s: %v", name, v)
	}
	if sprung {
		s.fact.Tries++
		s.fact.took(time.Since(began))
	}
	return sprung
}

// revive brings back what died.
func (s *stage) revive(role string, victim int, died bool) {
	switch {
	case !died:
	case victim == 2 && s.before != "":
		s.redis.rollback(s.t, s.before)
	case victim != 0:
		s.redis.start(s.t)
	}
	for name, p := range s.procs {
		select {
		case <-p.done:
		case <-time.After(200 * time.Millisecond): // one that was interrupted ends when it has put its things in order
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

// close sums up.
func (s *stage) close(part int) {
	v := s.judge()
	s.fact.add(v)
	s.fact.Note = fmt.Sprintf("%d asked: %v", len(s.all), v)
	s.fact.Where += fmt.Sprintf(", town %d", part+1)
	s.fact.write(s.t)
}
