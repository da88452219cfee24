//go:build cgo

package main

import (
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
)

// slowSteps takes long enough for a kill in the middle; quickSteps does not.
const (
	slowSteps  = 60
	quickSteps = 3
)

// These tests kill -9 real processes at chosen moments. Every acknowledged job must end in exactly one visible
// result, a deleted picture must stay deleted and a cancelled one must never be posted.

func TestKillRendererInMidPicture(t *testing.T) {
	t.Parallel()
	cl := newCluster(t, clusterOptions{realModels: true})
	cl.bot()
	first := cl.renderer()
	cl.waitReady(1)
	asked := cl.imagine(slowSteps)
	cl.waitText(asked, "Generating")
	first.kill()
	cl.renderer()
	cl.waitResult(asked)
	cl.waitQueueEmpty()
	cl.wantOneResultEach(asked)
}

func TestKillRendererBetweenSealAndPost(t *testing.T) {
	t.Parallel()
	t.Run("the post arrived: the next one finds it", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		first := cl.renderer()
		cl.waitReady(1)
		arrived, release := cl.holdRequests(sandbox.Fault{Method: "PATCH", Path: answerPath, Body: finishedBody, Times: 1})
		asked := cl.imagine(quickSteps)
		cl.waitSignal("the post", arrived)
		first.kill()
		release()
		posted := cl.waitResult(asked)
		cl.renderer()
		cl.waitQueueEmpty()
		cl.wantOneResultEach(asked)
		if again := cl.waitResult(asked); again.Files[0].ID != posted.Files[0].ID {
			t.Error("the pictures were posted again, want the first ones found")
		}
	})
	t.Run("the post was lost: it is painted again", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		first := cl.renderer()
		cl.waitReady(1)
		arrived, release := cl.holdRequests(sandbox.Fault{
			Method: "PATCH", Path: answerPath, Body: finishedBody, Times: 1, Status: 503,
		})
		asked := cl.imagine(quickSteps)
		cl.waitSignal("the post", arrived)
		first.kill()
		release()
		cl.renderer()
		cl.waitResult(asked)
		cl.waitQueueEmpty()
		cl.wantOneResultEach(asked)
	})
	t.Run("the message was deleted meanwhile: it stays deleted", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		first := cl.renderer()
		cl.waitReady(1)
		arrived, release := cl.holdRequests(sandbox.Fault{
			Method: "PATCH", Path: answerPath, Body: finishedBody, Times: 1, Status: 503,
		})
		asked := cl.imagine(quickSteps)
		cl.waitSignal("the post", arrived)
		first.kill()
		release()
		i, _ := cl.FindInteraction(asked.ID)
		if err := cl.DeleteMessage(cl.home.Moderator.ID, i.Original); err != nil {
			t.Fatal(err)
		}
		cl.renderer()
		cl.waitQueueEmpty()
		cl.wantOneResultEach()
	})
}

func TestKillBotBetweenAcceptAndAcknowledge(t *testing.T) {
	t.Parallel()
	t.Run("Discord never heard: nothing is painted", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.Rules().Allow("unanswered")
		first := cl.bot()
		cl.renderer()
		cl.waitReady(1)
		arrived, release := cl.holdRequests(sandbox.Fault{Method: "POST", Path: callbackPath, Times: 1, Status: 503})
		lost := cl.imagine(quickSteps)
		cl.waitSignal("the acknowledgement", arrived)
		first.kill()
		release()
		cl.bot()
		cl.waitReady(1)
		next := cl.imagine(quickSteps)
		cl.waitResult(next)
		cl.waitQueueEmpty()
		cl.wantOneResultEach(next)
		if m, _ := cl.FindInteraction(lost.ID); m.Original != "" {
			t.Errorf("the lost interaction was answered after all: %+v", m)
		}
	})
	t.Run("Discord heard: it is painted", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		first := cl.bot()
		cl.renderer()
		cl.waitReady(1)
		arrived, release := cl.holdRequests(sandbox.Fault{Method: "POST", Path: callbackPath, Times: 1})
		asked := cl.imagine(quickSteps)
		cl.waitSignal("the acknowledgement", arrived)
		first.kill()
		release()
		cl.bot()
		cl.waitResult(asked)
		cl.waitQueueEmpty()
		cl.wantOneResultEach(asked)
	})
}

func TestKillBotAfterAcknowledge(t *testing.T) {
	t.Parallel()
	cl := newCluster(t, clusterOptions{})
	first := cl.bot()
	renderer := cl.renderer()
	cl.waitReady(1)
	renderer.kill()
	asked := cl.imagine(quickSteps)
	cl.waitText(asked, "Waiting")
	first.kill()
	cl.renderer()
	cl.bot()
	cl.waitResult(asked)
	cl.waitQueueEmpty()
	cl.wantOneResultEach(asked)
}

func TestKillRedisWithItsData(t *testing.T) {
	t.Parallel()
	t.Run("while jobs wait", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		renderer := cl.renderer()
		cl.waitReady(1)
		renderer.kill()
		var asked []sandbox.Interaction
		for range 3 {
			i := cl.imagine(quickSteps)
			cl.waitText(i, "Waiting")
			asked = append(asked, i)
		}
		cl.redis.wipe(t)
		cl.renderer()
		for _, i := range asked {
			cl.waitResult(i)
		}
		cl.waitQueueEmpty()
		cl.wantOneResultEach(asked...)
	})
	t.Run("while one is painted", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		cl.renderer()
		cl.waitReady(1)
		asked := cl.imagine(slowSteps)
		cl.waitText(asked, "Generating")
		cl.redis.wipe(t)
		cl.waitResult(asked)
		cl.waitQueueEmpty()
		cl.wantOneResultEach(asked)
	})
	t.Run("it is down at /imagine", func(t *testing.T) {
		t.Parallel()
		cl := newCluster(t, clusterOptions{})
		cl.bot()
		cl.renderer()
		cl.waitReady(1)
		before := cl.imagine(quickSteps)
		cl.waitResult(before)
		cl.redis.kill()
		asked := cl.imagine(quickSteps)
		cl.waitText(asked, "Waiting")
		cl.redis.wipe(t)
		cl.waitResult(asked)
		cl.waitQueueEmpty()
		cl.wantOneResultEach(before, asked)
	})
}

func TestCancelledIsNeverPosted(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"its renderer stops": false, "its renderer was killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := newCluster(t, clusterOptions{})
			cl.bot()
			first := cl.renderer()
			cl.waitReady(1)
			asked := cl.imagine(slowSteps)
			m := cl.waitText(asked, "Generating")
			if killed {
				first.kill()
			}
			if _, err := cl.Click(cl.home.Member.ID, m.ID, cl.button(m, button.Cancel)); err != nil {
				t.Fatal(err)
			}
			cl.waitText(asked, "Cancelled")
			if killed {
				cl.renderer()
			}
			cl.waitQueueEmpty()
			cl.waitText(asked, "Cancelled")
			cl.wantOneResultEach()
		})
	}
}
