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
	tries, p, most := 1, clusterOptions{}, time.Duration(0)
	if soaking() {
		tries, p, most = 3, clusterOptions{usualLeases: true}, 35*time.Second
	}
	rs := newRequests(newCluster(t, p), 12)
	f := faultReport{
		Fault: "kill -9 of a renderer in mid-picture, until another one has its job",
		Where: "separate processes, short leases",
	}
	if p.usualLeases {
		f.Where = "separate processes, usual settings"
	}
	rs.bot()
	first := rs.renderer()
	rs.waitReady(1)
	for range tries {
		one := rs.submitSlow(40)
		next := rs.renderer()
		rs.waitReady(2)
		first.kill()
		began := time.Now()
		rs.until("another renderer has it", func() bool { return strings.Contains(next.log.String(), one.ID) })
		f.recordRecovery(time.Since(began))
		rs.waitResult(one.Interaction)
		first = next
		f.Tries++
	}
	f.add(rs.judge())
	f.Note = fmt.Sprintf("lease %v", map[bool]string{true: "30 s", false: "1.5 s"}[p.usualLeases])
	f.write(t)
	if took := time.Duration(f.Recovery) * time.Millisecond; most > 0 && took > most {
		t.Errorf("taken over after %v, want at most %v", took, most)
	}
}

// TestFrozenRenderer stops a renderer in mid-picture, as a suspended machine does, lets another one post the
// pictures, and wakes it again: what it was about to say must not be seen.
func TestFrozenRenderer(t *testing.T) {
	t.Parallel()
	tries := 1
	if soaking() {
		tries = 20
	}
	rs := newRequests(newCluster(t, clusterOptions{}), 12)
	f := faultReport{
		Fault: "a renderer frozen in mid-picture, woken after another one posted", Where: "separate processes",
	}
	rs.bot()
	frozen := rs.renderer()
	rs.waitReady(1)
	for range tries {
		one := rs.submitSlow(40)
		time.Sleep(time.Duration(f.Tries%10) * 40 * time.Millisecond) // another moment each time
		frozen.signal(syscall.SIGSTOP)
		next := rs.renderer()
		rs.until("it has ended", func() bool { return rs.endOf(one, rs.allResults()) != unfinished })
		before := rs.endOf(one, rs.allResults()) // an apology, if the machine was too busy for short leases
		frozen.signal(syscall.SIGCONT)
		began := time.Now()
		two := rs.submit(rs.idlePerson(), "a "+slowWord+" boat", 20) // while the other wakes up
		rs.until("the next has ended", func() bool { return rs.endOf(two, rs.allResults()) != unfinished })
		f.recordRecovery(time.Since(began))
		if end := rs.endOf(one, rs.allResults()); end != before {
			m, _ := rs.message(one)
			f.Lost++
			t.Errorf("%q after %d tries, and %q before it woke; the message says %q", end, f.Tries, before, m.Text())
		}
		frozen.kill()
		frozen = next
		f.Tries++
	}
	f.add(rs.judge())
	f.write(t)
}
