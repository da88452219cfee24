//go:build cgo

package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// wantDeaths waits until the renderer's process died so often, and checks that each death was logged once and that
// the process which supervises it still runs.
func (cl *cluster) wantDeaths(p *process, want int) {
	cl.t.Helper()
	const death = "renderer process died"
	cl.until(fmt.Sprint(want, " deaths"), func() bool { return p.count(death) >= want })
	if n := p.count(death); n != want || !p.isRunning() {
		cl.t.Errorf(
			"the renderer's process died %d times, and its supervisor runs: %v; want %d and true", n, p.isRunning(), want,
		)
	}
}

// count counts a text in the log.
func (p *process) count(text string) int { return strings.Count(p.log.String(), text) }

// isRunning tells whether a process has not ended.
func (p *process) isRunning() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// waitExit waits until a process has ended.
func (cl *cluster) waitExit(p *process) {
	cl.t.Helper()
	cl.waitSignal(p.name+" ended", p.done)
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
		rs.wantDeaths(p, 2)
	})
	t.Run("under up: the second time is the last, and the bot stays online", func(t *testing.T) {
		t.Parallel()
		rs := newRequests(newCluster(t, clusterOptions{hang: time.Second}), 2)
		p := rs.up()
		rs.waitOnline()
		poison := rs.submit(rs.people[0], "a boat with a "+hangWord+" captain", quickSteps)
		behind := rs.submit(rs.people[1], "a red boat", quickSteps)
		rs.waitText(poison.Interaction, want)
		rs.waitResult(behind.Interaction)
		if n := rs.allResults()[poison.ID+"-0"]; n != 0 {
			t.Errorf("%d results of what hung, want none", n)
		}
		rs.wantDeaths(p, 2)
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
		rs.wantDeaths(p, 1)
	})
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
