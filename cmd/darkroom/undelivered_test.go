//go:build cgo

package main

import (
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// movableClock is a clock that can be moved: only Discord's, so that a quarter of an hour passes at once.
type movableClock struct{ ahead atomic.Int64 }

func (l *movableClock) now() time.Time { return time.Now().Add(time.Duration(l.ahead.Load())) }

func (l *movableClock) advance(d time.Duration) { l.ahead.Add(int64(d)) }

// newClusterWithClock makes a cluster whose Discord has that clock.
func newClusterWithClock(t *testing.T) (*requests, *movableClock) {
	clock := &movableClock{}
	rs := newRequests(newCluster(t, clusterOptions{now: clock.now, persistence: syncAlways, withProxies: true}), 6)
	return rs, clock
}

// TestLateResults lets the tokens of interactions expire, and kills the process that delivers the images.
func TestLateResults(t *testing.T) {
	t.Parallel()
	t.Run("the bot is away for more than a quarter of an hour", func(t *testing.T) {
		t.Parallel()
		rs, clock := newClusterWithClock(t)
		bot := rs.bot()
		renderer := rs.renderer()
		rs.waitReady(1)
		renderer.kill()
		one := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
		rs.waitText(one.Interaction, "Waiting")
		rs.until("it is in line", func() bool { return rs.proxy("bot").count("enqueue") > 0 })
		bot.kill()
		clock.advance(20 * time.Minute)
		rs.renderer()
		rs.until("it is painted", func() bool { return rs.undeliveredCount() > 0 })
		rs.bot()
		rs.wantEnd(one, shown)
	})
	t.Run("and Redis loses the tray meanwhile", func(t *testing.T) {
		t.Parallel()
		rs, clock := newClusterWithClock(t)
		bot := rs.bot()
		rs.renderer()
		rs.waitReady(1)
		one := rs.submitSlow(20)
		clock.advance(20 * time.Minute)
		rs.until("it is painted", func() bool { return rs.undeliveredCount() > 0 || rs.allResults()[one.ID+"-0"] > 0 })
		bot.kill()
		rs.redis.wipe(t)
		rs.bot()
		rs.wantEnd(one, shown)
	})
	t.Run("a tray that comes back from an older copy is not delivered again", func(t *testing.T) {
		t.Parallel()
		rs, clock := newClusterWithClock(t)
		bot := rs.bot()
		rs.renderer()
		rs.waitReady(1)
		one := rs.submitSlow(20)
		clock.advance(20 * time.Minute)
		bot.kill()
		rs.until("it lies in the tray", func() bool { return rs.undeliveredCount() > 0 })
		before := rs.redis.copy(t)
		rs.bot()
		rs.until("it is delivered", func() bool { return rs.allResults()[one.ID+"-0"] > 0 })
		rs.proxy("bot").reset()
		rs.redis.rollback(t, before)
		rs.until("the copy is thrown away", func() bool { return rs.proxy("bot").count("ackundelivered") > 0 })
		two := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
		rs.waitResult(two.Interaction)
		rs.wantEnd(one, shown)
	})
	for name, refuseEdits := range map[string]bool{"an edit": false, "a new post": true} {
		t.Run("the bot dies between "+name+" and the note of it", func(t *testing.T) {
			t.Parallel()
			rs, clock := newClusterWithClock(t)
			if refuseEdits {
				rs.Rules().Allow("forbidden")
				rs.Fail(sandbox.Fault{Method: "PATCH", Path: editPath, Times: -1, Status: 403, Code: 50083})
			}
			bot := rs.bot()
			rs.renderer()
			rs.waitReady(1)
			one := rs.submitSlow(20)
			lost := sandbox.Fault{Method: "PATCH", Path: editPath, Body: finishedBody, Times: 1, Drop: true}
			if refuseEdits {
				lost.Method, lost.Path = "POST", postPath
			}
			arrived, release := rs.holdRequests(lost)
			clock.advance(20 * time.Minute)
			rs.waitSignal("the pictures", arrived)
			bot.kill()
			release()
			rs.bot()
			rs.wantEnd(one, shown)
		})
	}
}

// TestEndedJobsStayEndedWhenRedisIsLost cancels and deletes, and then Redis forgets, or remembers how it was before.
func TestEndedJobsStayEndedWhenRedisIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(rs *requests, before string){
		"wiped":    func(rs *requests, _ string) { rs.redis.wipe(rs.t) },
		"set back": func(rs *requests, before string) { rs.redis.rollback(rs.t, before) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := newRequests(newCluster(t, clusterOptions{persistence: syncAlways}), 6)
			rs.bot()
			renderer := rs.renderer()
			rs.waitReady(1)
			done := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
			rs.waitResult(done.Interaction)
			painted := rs.submitSlow(40)
			waits := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
			deleted := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
			rs.waitText(waits.Interaction, "Waiting")
			rs.waitText(deleted.Interaction, "Waiting")
			before := rs.redis.copy(t)
			renderer.kill()
			for _, w := range []*userRequest{waits, painted} {
				rs.cancel(w)
				rs.waitText(w.Interaction, "Cancelled")
			}
			rs.remove(deleted)
			lose(rs, before)
			rs.renderer()
			after := rs.submit(rs.idlePerson(), "a red boat", quickSteps)
			rs.waitResult(after.Interaction)
			rs.wantEnd(done, shown)
			rs.wantEnd(painted, cancelled)
			rs.wantEnd(waits, cancelled)
			rs.wantEnd(deleted, removed)
		})
	}
}

// undeliveredCount is how many results became undelivered.
func (rs *requests) undeliveredCount() int { return rs.proxy("renderer").count("putundelivered") }

// wantEnd checks how a request ended, and that nothing else is wrong.
func (rs *requests) wantEnd(w *userRequest, want string) {
	rs.t.Helper()
	rs.judge()
	if got := rs.endOf(w, rs.allResults()); got != want {
		m, _ := rs.message(w)
		rs.t.Errorf("job %s-0 ended %q, want %q; it says %q", w.ID, got, want, m.Text())
	}
}
