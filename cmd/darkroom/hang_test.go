//go:build cgo

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// alive tells whether a process has not ended.
func (p *process) isRunning() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// ends waits until a process has ended by itself.
func (w *cluster) waitExit(p *process) {
	w.t.Helper()
	w.waitSignal(p.name+" ended", p.done)
}

func TestHungRendererRestarts(t *testing.T) {
	t.Parallel()
	const want = failedText
	t.Run("alone: the second time is the last, and its owner is told", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{hang: time.Second}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		poison := rs.submit(rs.people[0], "a boat with a "+hangWord+" captain", quickSteps)
		behind := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitText(poison.Interaction, want)
		rs.waitResult(behind.Interaction)
		rs.judge()
		if n := strings.Count(p.log.String(), "starts anew"); n != 2 || !p.isRunning() {
			t.Errorf("started anew %d times and alive %v, want twice, in the same process", n, p.isRunning())
		}
	})
	t.Run("with everything in one process: the first time is the last", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{hang: time.Second}), 2)
		p := rs.start("up", "up", "--data", rs.data)
		rs.waitOnline()
		poison := rs.submit(rs.people[0], "a boat with a "+hangWord+" captain", quickSteps)
		rs.waitText(poison.Interaction, want)
		rs.until("the process starts anew", func() bool { return strings.Contains(p.log.String(), "starts anew") })
		rs.waitOnline()
		after := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitResult(after.Interaction)
		if n := rs.allResults()[poison.ID+"-0"]; n != 0 || !p.isRunning() {
			t.Errorf("%d results of what hung, alive %v; want none, and the process alive", n, p.isRunning())
		}
	})
	t.Run("a cancel it does not hear is its deadline", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{hang: time.Hour}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		poison := rs.submit(rs.people[0], "a boat with a "+hangWord+" captain", quickSteps)
		rs.waitText(poison.Interaction, "Generating")
		rs.cancel(poison)
		rs.waitText(poison.Interaction, "Cancelled")
		after := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitResult(after.Interaction)
		rs.judge()
		if n := strings.Count(p.log.String(), "starts anew"); n != 1 {
			t.Errorf("started anew %d times, want once", n)
		}
	})
}

func TestTwoCrashesOfARendererFailAJob(t *testing.T) {
	t.Parallel()
	rs := newRequests(newCluster(t, clusterOptions{}), 2)
	rs.bot()
	p := rs.renderer()
	rs.waitReady(1)
	poison := rs.submit(rs.people[0], "a "+crashWord+" boat", quickSteps)
	rs.waitExit(p)
	second := rs.renderer()
	rs.waitExit(second)
	rs.waitText(poison.Interaction, failedText)
	rs.renderer()
	after := rs.submit(rs.people[1], "a red boat", quickSteps)
	rs.waitResult(after.Interaction)
	if v := rs.judge(); v.ends[apologised] != 1 {
		t.Errorf("got %v, want one apology", v)
	}
}

func TestTerminatedRendererDrains(t *testing.T) {
	t.Parallel()
	t.Run("what is soon ready is finished", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		one := rs.submitSlow(20) // two seconds, of five
		waits := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitText(waits.Interaction, "")
		p.signal(syscall.SIGTERM)
		rs.waitExit(p)
		rs.waitResult(one.Interaction)
		if n := strings.Count(p.log.String(), "job leased"); n != 1 || p.cmd.ProcessState.ExitCode() != exitOK {
			t.Errorf("%d leases and exit code %d, want one, and %d", n, p.cmd.ProcessState.ExitCode(), exitOK)
		}
		rs.renderer()
		rs.judge()
	})
	t.Run("a long one is given back, and another renderer has it at once", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{grace: time.Second, usualLeases: true}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		one := rs.submitSlow(40)
		rs.renderer()
		rs.waitReady(2)
		p.signal(syscall.SIGTERM)
		rs.waitExit(p)
		if !strings.Contains(p.log.String(), "job released") {
			t.Error("it was not released")
		}
		rs.waitResult(one.Interaction) // long before the lease would have run out
		rs.judge()
	})
	t.Run("a second signal ends it at once", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{}), 2)
		rs.bot()
		p := rs.renderer()
		rs.waitReady(1)
		one := rs.submitSlow(40)
		p.signal(syscall.SIGTERM)
		rs.until("it is stopping", func() bool { return strings.Contains(p.log.String(), "stopping") })
		p.signal(syscall.SIGTERM)
		rs.waitExit(p)
		if strings.Contains(p.log.String(), "job released") || p.cmd.ProcessState.ExitCode() == exitOK {
			t.Errorf("exit code %d, want it killed by the signal", p.cmd.ProcessState.ExitCode())
		}
		rs.renderer()
		rs.waitResult(one.Interaction)
		rs.judge()
	})
	t.Run("the bot finishes what it was told, and the next one goes on", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{}), 2)
		b := rs.bot()
		rs.renderer()
		rs.waitReady(1)
		arrived, release := rs.holdRequests(callbackFault())
		one := rs.submit(rs.people[0], "a red boat", quickSteps)
		rs.waitSignal("the acknowledgement", arrived)
		b.signal(syscall.SIGTERM)
		release()
		rs.waitExit(b)
		if known, _ := rs.FindInteraction(one.ID); known.Original == "" {
			t.Error("what was in hand was not acknowledged")
		}
		rs.bot()
		rs.waitResult(one.Interaction)
		rs.judge()
	})
}
