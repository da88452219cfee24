//go:build cgo

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWithEverythingInOneProcessTwoCrashesMakeAJobDead(t *testing.T) {
	t.Parallel()
	ws := newWishes(newTown(t, plan{}), 2)
	up := func() *process { return ws.start("up", "up", "--data", ws.data) }
	p := up()
	ws.online()
	poison := ws.make(ws.people[0], "a "+fatalWord+" boat", quick)
	ws.ends(p)
	second := up()
	ws.ends(second)
	if !strings.Contains(second.log.String(), "leased") {
		t.Error("it was not tried a second time")
	}
	third := up()
	ws.says(poison.Interaction, "could not be painted")
	ws.until("the third is online", func() bool { return strings.Contains(third.log.String(), "gateway session is ready") })
	after := ws.make(ws.people[1], "a red boat", quick)
	ws.shows(after.Interaction)
	if n := ws.everywhere()[poison.ID+"-0"]; n != 0 || !third.alive() {
		t.Errorf("%d results of what crashed, alive %v; want none, and the process alive", n, third.alive())
	}
}

func TestAStopInOrderCountsAsNoCrash(t *testing.T) {
	t.Parallel()
	ws := newWishes(newTown(t, plan{grace: time.Second}), 1)
	up := func() *process { return ws.start("up", "up", "--data", ws.data) }
	p := up()
	ws.online()
	one := ws.painting(40) // four seconds: given back each time
	for range 2 {
		p.signal(syscall.SIGTERM)
		ws.ends(p)
		p = up()
		leased := func() bool { return strings.Contains(p.log.String(), "leased") }
		ws.until("it is painted again", leased)
	}
	ws.shows(one.Interaction)
}
