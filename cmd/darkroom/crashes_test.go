//go:build cgo

package main

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTwoCrashesOfUpFailAJob(t *testing.T) {
	t.Parallel()
	rs := newRequests(newCluster(t, clusterOptions{}), 2)
	up := func() *process { return rs.start("up", "up", "--data", rs.data) }
	p := up()
	rs.waitOnline()
	poison := rs.submit(rs.people[0], "a "+crashWord+" boat", quickSteps)
	rs.waitExit(p)
	second := up()
	rs.waitExit(second)
	if !strings.Contains(second.log.String(), "job leased") {
		t.Error("it was not tried a second time")
	}
	third := up()
	rs.waitText(poison.Interaction, failedText)
	rs.until("the third is online", func() bool { return strings.Contains(third.log.String(), "gateway session is ready") })
	after := rs.submit(rs.people[1], "a red boat", quickSteps)
	rs.waitResult(after.Interaction)
	if n := rs.allResults()[poison.ID+"-0"]; n != 0 || !third.isRunning() {
		t.Errorf("%d results of what crashed, alive %v; want none, and the process alive", n, third.isRunning())
	}
}

func TestOrderlyStopIsNoCrash(t *testing.T) {
	t.Parallel()
	rs := newRequests(newCluster(t, clusterOptions{grace: time.Second}), 1)
	up := func() *process { return rs.start("up", "up", "--data", rs.data) }
	p := up()
	rs.waitOnline()
	one := rs.submitSlow(40) // four seconds: given back each time
	for range 2 {
		p.signal(syscall.SIGTERM)
		rs.waitExit(p)
		p = up()
		leased := func() bool { return strings.Contains(p.log.String(), "job leased") }
		rs.until("it is painted again", leased)
	}
	rs.waitResult(one.Interaction)
}
