//go:build cgo

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTakeover kills a renderer in mid-picture and measures how long it takes until another one has its job. The long
// form does so at the usual settings, where it must not take more than 35 seconds.
func TestTakeover(t *testing.T) {
	t.Parallel()
	tries, p, most := 1, plan{}, time.Duration(0)
	if soaking() {
		tries, p, most = 3, plan{usual: true}, 35*time.Second
	}
	ws := newWishes(newTown(t, p), 12)
	f := fact{Fault: "kill -9 of a renderer in mid-picture, until another one has its job", Where: "separate processes, short leases"}
	if p.usual {
		f.Where = "separate processes, usual settings"
	}
	ws.bot()
	first := ws.renderer()
	ws.ready(1)
	for range tries {
		one := ws.painting(40)
		next := ws.renderer()
		ws.ready(2)
		first.kill()
		began := time.Now()
		ws.until("another renderer has it", func() bool { return strings.Contains(next.log.String(), one.ID) })
		f.took(time.Since(began))
		ws.shows(one.Interaction)
		first = next
		f.Tries++
	}
	f.add(ws.judge())
	f.Note = fmt.Sprintf("lease %v", map[bool]string{true: "30 s", false: "1.5 s"}[p.usual])
	f.write(t)
	if took := time.Duration(f.Recovery) * time.Millisecond; most > 0 && took > most {
		t.Errorf("taken over after %v, want at most %v", took, most)
	}
}

// TestARendererThatWasFrozen stops a renderer in mid-picture, as a suspended machine does, lets another one post the
// pictures, and wakes it again: what it was about to say must not be seen.
func TestARendererThatWasFrozen(t *testing.T) {
	t.Parallel()
	tries := 1
	if soaking() {
		tries = 20
	}
	ws := newWishes(newTown(t, plan{}), 12)
	f := fact{Fault: "a renderer frozen in mid-picture, woken after another one posted", Where: "separate processes"}
	ws.bot()
	frozen := ws.renderer()
	ws.ready(1)
	for range tries {
		one := ws.painting(40)
		time.Sleep(time.Duration(f.Tries%10) * 40 * time.Millisecond) // another moment each time
		frozen.signal(syscall.SIGSTOP)
		next := ws.renderer()
		ws.until("it has ended", func() bool { return ws.end(one, ws.everywhere()) != open })
		before := ws.end(one, ws.everywhere()) // an apology, if the machine was too busy for short leases
		frozen.signal(syscall.SIGCONT)
		began := time.Now()
		two := ws.make(ws.one(), "a "+slowWord+" boat", 20) // while the other wakes up
		ws.until("the next has ended", func() bool { return ws.end(two, ws.everywhere()) != open })
		f.took(time.Since(began))
		if end := ws.end(one, ws.everywhere()); end != before {
			m, _ := ws.message(one)
			f.Lost++
			t.Errorf("%q after %d tries, and %q before it woke; the message says %q", end, f.Tries, before, m.Content)
		}
		frozen.kill()
		frozen = next
		f.Tries++
	}
	f.add(ws.judge())
	f.write(t)
}
