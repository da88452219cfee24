//go:build cgo

package main

import (
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
)

// slow is a number of steps that takes long enough to be killed in; quick is one that does not.
const (
	slow  = 60
	quick = 3
)

// These tests kill -9 real processes at chosen moments. Every acknowledged job must end in exactly one visible result,
// a deleted picture must stay deleted and a cancelled one must never be posted.

func TestKillRendererInMidPicture(t *testing.T) {
	t.Parallel()
	w := newTown(t, plan{models: true})
	w.bot()
	first := w.renderer()
	w.ready(1)
	asked := w.imagine(slow)
	w.says(asked, "Painting")
	first.kill()
	w.renderer()
	w.shows(asked)
	w.settled()
	w.oneEach(asked)
}

func TestKillRendererBetweenSealAndPost(t *testing.T) {
	t.Parallel()
	t.Run("the post arrived: the next one finds it", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		first := w.renderer()
		w.ready(1)
		met, letGo := w.hold(sandbox.Fault{Method: "PATCH", Path: answers, Body: finished, Times: 1})
		asked := w.imagine(quick)
		w.await("the post", met)
		first.kill()
		letGo()
		posted := w.shows(asked)
		w.renderer()
		w.settled()
		w.oneEach(asked)
		if again := w.shows(asked); again.Attachments[0].ID != posted.Attachments[0].ID {
			t.Error("the pictures were posted again, want the first ones found")
		}
	})
	t.Run("the post was lost: it is painted again", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		first := w.renderer()
		w.ready(1)
		met, letGo := w.hold(sandbox.Fault{Method: "PATCH", Path: answers, Body: finished, Times: 1, Status: 503})
		asked := w.imagine(quick)
		w.await("the post", met)
		first.kill()
		letGo()
		w.renderer()
		w.shows(asked)
		w.settled()
		w.oneEach(asked)
	})
	t.Run("the message was deleted meanwhile: it stays deleted", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		first := w.renderer()
		w.ready(1)
		met, letGo := w.hold(sandbox.Fault{Method: "PATCH", Path: answers, Body: finished, Times: 1, Status: 503})
		asked := w.imagine(quick)
		w.await("the post", met)
		first.kill()
		letGo()
		i, _ := w.Asked(asked.ID)
		if err := w.DeleteMessage(w.home.Moderator.ID, i.Original); err != nil {
			t.Fatal(err)
		}
		w.renderer()
		w.settled()
		w.oneEach()
	})
}

func TestKillBotBetweenAcceptAndAcknowledge(t *testing.T) {
	t.Parallel()
	t.Run("Discord never heard: nothing is painted", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.Rules().Allow("unanswered")
		first := w.bot()
		w.renderer()
		w.ready(1)
		met, letGo := w.hold(sandbox.Fault{Method: "POST", Path: callbacks, Times: 1, Status: 503})
		lost := w.imagine(quick)
		w.await("the acknowledgement", met)
		first.kill()
		letGo()
		w.bot()
		w.ready(1)
		next := w.imagine(quick)
		w.shows(next)
		w.settled()
		w.oneEach(next)
		if m, _ := w.Asked(lost.ID); m.Original != "" {
			t.Errorf("the lost interaction was answered after all: %+v", m)
		}
	})
	t.Run("Discord heard: it is painted", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		first := w.bot()
		w.renderer()
		w.ready(1)
		met, letGo := w.hold(sandbox.Fault{Method: "POST", Path: callbacks, Times: 1})
		asked := w.imagine(quick)
		w.await("the acknowledgement", met)
		first.kill()
		letGo()
		w.bot()
		w.shows(asked)
		w.settled()
		w.oneEach(asked)
	})
}

func TestKillBotAfterAcknowledge(t *testing.T) {
	t.Parallel()
	w := newTown(t, plan{})
	first := w.bot()
	renderer := w.renderer()
	w.ready(1)
	renderer.kill()
	asked := w.imagine(quick)
	w.says(asked, "Waiting")
	first.kill()
	w.renderer()
	w.bot()
	w.shows(asked)
	w.settled()
	w.oneEach(asked)
}

func TestKillRedisWithItsData(t *testing.T) {
	t.Parallel()
	t.Run("while jobs wait", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		renderer := w.renderer()
		w.ready(1)
		renderer.kill()
		var asked []sandbox.Interaction
		for range 3 {
			i := w.imagine(quick)
			w.says(i, "Waiting")
			asked = append(asked, i)
		}
		w.redis.wipe(t)
		w.renderer()
		for _, i := range asked {
			w.shows(i)
		}
		w.settled()
		w.oneEach(asked...)
	})
	t.Run("while one is painted", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		w.renderer()
		w.ready(1)
		asked := w.imagine(slow)
		w.says(asked, "Painting")
		w.redis.wipe(t)
		w.shows(asked)
		w.settled()
		w.oneEach(asked)
	})
	t.Run("it is down at /imagine", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, plan{})
		w.bot()
		w.renderer()
		w.ready(1)
		before := w.imagine(quick)
		w.shows(before)
		w.redis.kill()
		asked := w.imagine(quick)
		w.says(asked, "Waiting")
		w.redis.wipe(t)
		w.shows(asked)
		w.settled()
		w.oneEach(before, asked)
	})
}

func TestCancelledIsNeverPosted(t *testing.T) {
	t.Parallel()
	for name, killed := range map[string]bool{"its renderer stops": false, "its renderer was killed": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, plan{})
			w.bot()
			first := w.renderer()
			w.ready(1)
			asked := w.imagine(slow)
			m := w.says(asked, "Painting")
			if killed {
				first.kill()
			}
			if _, err := w.Click(w.home.Member.ID, m.ID, w.button(m, button.Cancel)); err != nil {
				t.Fatal(err)
			}
			w.says(asked, "Cancelled")
			if killed {
				w.renderer()
			}
			w.settled()
			w.says(asked, "Cancelled")
			w.oneEach()
		})
	}
}
