//go:build cgo

package main

import (
	"fmt"
	"strings"
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
