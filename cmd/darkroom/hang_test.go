//go:build cgo

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive tells whether a process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ends waits until a process has ended by itself.
func (w *town) ends(p *process) {
	w.t.Helper()
	w.await(p.name+" ended", p.done)
}

func TestARendererThatHangsStartsItselfAnew(t *testing.T) {
	t.Parallel()
	const want = "could not be painted"
	t.Run("alone: the second time is the last, and its owner is told", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{hang: time.Second}), 2)
		ws.bot()
		p := ws.renderer()
		ws.ready(1)
		poison := ws.make(ws.people[0], "a boat with a "+deafWord+" captain", quick)
		behind := ws.make(ws.people[1], "a red boat", quick)
		ws.says(poison.Interaction, want)
		ws.shows(behind.Interaction)
		ws.judge()
		if n := strings.Count(p.log.String(), "starts anew"); n != 2 || !p.alive() {
			t.Errorf("started anew %d times and alive %v, want twice, in the same process", n, p.alive())
		}
	})
	t.Run("with everything in one process: the first time is the last", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{hang: time.Second}), 2)
		p := ws.start("up", "up", "--data", ws.data)
		ws.online()
		poison := ws.make(ws.people[0], "a boat with a "+deafWord+" captain", quick)
		ws.says(poison.Interaction, want)
		ws.until("the process starts anew", func() bool { return strings.Contains(p.log.String(), "starts anew") })
		ws.online()
		after := ws.make(ws.people[1], "a red boat", quick)
		ws.shows(after.Interaction)
		if n := ws.everywhere()[poison.ID+"-0"]; n != 0 || !p.alive() {
			t.Errorf("%d results of what hung, alive %v; want none, and the process alive", n, p.alive())
		}
	})
	t.Run("a cancel it does not hear is its deadline", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{hang: time.Hour}), 2)
		ws.bot()
		p := ws.renderer()
		ws.ready(1)
		poison := ws.make(ws.people[0], "a boat with a "+deafWord+" captain", quick)
		ws.says(poison.Interaction, "Painting")
		ws.cancel(poison)
		ws.says(poison.Interaction, "Cancelled")
		after := ws.make(ws.people[1], "a red boat", quick)
		ws.shows(after.Interaction)
		ws.judge()
		if n := strings.Count(p.log.String(), "starts anew"); n != 1 {
			t.Errorf("started anew %d times, want once", n)
		}
	})
}

func TestTwoCrashesMakeAJobDead(t *testing.T) {
	t.Parallel()
	ws := newWishes(newTown(t, plan{}), 2)
	ws.bot()
	p := ws.renderer()
	ws.ready(1)
	poison := ws.make(ws.people[0], "a "+fatalWord+" boat", quick)
	ws.ends(p)
	second := ws.renderer()
	ws.ends(second)
	ws.says(poison.Interaction, "could not be painted")
	ws.renderer()
	after := ws.make(ws.people[1], "a red boat", quick)
	ws.shows(after.Interaction)
	if v := ws.judge(); v.ends[sorry] != 1 {
		t.Errorf("got %v, want one apology", v)
	}
}

func TestATerminatedRendererDrains(t *testing.T) {
	t.Parallel()
	t.Run("what is soon ready is finished", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{}), 2)
		ws.bot()
		p := ws.renderer()
		ws.ready(1)
		one := ws.painting(20) // two seconds, of five
		waits := ws.make(ws.people[1], "a red boat", quick)
		ws.says(waits.Interaction, "")
		p.signal(syscall.SIGTERM)
		ws.ends(p)
		ws.shows(one.Interaction)
		if n := strings.Count(p.log.String(), "leased"); n != 1 || p.cmd.ProcessState.ExitCode() != exitDone {
			t.Errorf("%d leases and exit code %d, want one, and %d", n, p.cmd.ProcessState.ExitCode(), exitDone)
		}
		ws.renderer()
		ws.judge()
	})
	t.Run("a long one is given back, and another renderer has it at once", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{grace: time.Second, usual: true}), 2)
		ws.bot()
		p := ws.renderer()
		ws.ready(1)
		one := ws.painting(40)
		ws.renderer()
		ws.ready(2)
		p.signal(syscall.SIGTERM)
		ws.ends(p)
		if !strings.Contains(p.log.String(), "given back") {
			t.Error("it was not given back")
		}
		ws.shows(one.Interaction) // long before the lease would have run out
		ws.judge()
	})
	t.Run("a second signal ends it at once", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{}), 2)
		ws.bot()
		p := ws.renderer()
		ws.ready(1)
		one := ws.painting(40)
		p.signal(syscall.SIGTERM)
		ws.until("it is stopping", func() bool { return strings.Contains(p.log.String(), "stopping") })
		p.signal(syscall.SIGTERM)
		ws.ends(p)
		if strings.Contains(p.log.String(), "given back") || p.cmd.ProcessState.ExitCode() == exitDone {
			t.Errorf("exit code %d, want it killed by the signal", p.cmd.ProcessState.ExitCode())
		}
		ws.renderer()
		ws.shows(one.Interaction)
		ws.judge()
	})
	t.Run("the bot finishes what it was told, and the next one goes on", func(t *testing.T) {
		t.Parallel()
		ws := newWishes(newTown(t, plan{}), 2)
		b := ws.bot()
		ws.renderer()
		ws.ready(1)
		met, letGo := ws.hold(faultOfCallback())
		one := ws.make(ws.people[0], "a red boat", quick)
		ws.await("the acknowledgement", met)
		b.signal(syscall.SIGTERM)
		letGo()
		ws.ends(b)
		if known, _ := ws.Asked(one.ID); known.Original == "" {
			t.Error("what was in hand was not acknowledged")
		}
		ws.bot()
		ws.shows(one.Interaction)
		ws.judge()
	})
}
