//go:build cgo

package main

import (
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// later is a clock that can be put forward: only Discord's, for whom a quarter of an hour passes at once.
type later struct{ by atomic.Int64 }

func (l *later) now() time.Time { return time.Now().Add(time.Duration(l.by.Load())) }

func (l *later) pass(d time.Duration) { l.by.Add(int64(d)) }

// lateTown is a town in which time can pass.
func lateTown(t *testing.T) (*wishes, *later) {
	clock := &later{}
	ws := newWishes(newTown(t, plan{now: clock.now, keep: keepAlways, gated: true}), 6)
	return ws, clock
}

// TestLatePictures lets the tokens of interactions run out, and kills who carries the pictures on.
func TestLatePictures(t *testing.T) {
	t.Parallel()
	t.Run("the bot is away for more than a quarter of an hour", func(t *testing.T) {
		t.Parallel()
		ws, clock := lateTown(t)
		bot := ws.bot()
		hand := ws.renderer()
		ws.ready(1)
		hand.kill()
		one := ws.make(ws.one(), "a red boat", quick)
		ws.says(one.Interaction, "Waiting")
		ws.until("it is in line", func() bool { return ws.gate("bot").count("enqueue") > 0 })
		bot.kill()
		clock.pass(20 * time.Minute)
		ws.renderer()
		ws.until("it is painted", func() bool { return ws.trayed() > 0 })
		ws.bot()
		ws.ended(one, shown)
	})
	t.Run("and Redis loses the tray meanwhile", func(t *testing.T) {
		t.Parallel()
		ws, clock := lateTown(t)
		bot := ws.bot()
		ws.renderer()
		ws.ready(1)
		one := ws.painting(20)
		clock.pass(20 * time.Minute)
		ws.until("it is painted", func() bool { return ws.trayed() > 0 || ws.everywhere()[one.ID+"-0"] > 0 })
		bot.kill()
		ws.redis.wipe(t)
		ws.bot()
		ws.ended(one, shown)
	})
	t.Run("a tray that comes back from an older copy is not delivered again", func(t *testing.T) {
		t.Parallel()
		ws, clock := lateTown(t)
		bot := ws.bot()
		ws.renderer()
		ws.ready(1)
		one := ws.painting(20)
		clock.pass(20 * time.Minute)
		bot.kill()
		ws.until("it lies in the tray", func() bool { return ws.trayed() > 0 })
		before := ws.redis.copy(t)
		ws.bot()
		ws.until("it is delivered", func() bool { return ws.everywhere()[one.ID+"-0"] > 0 })
		ws.gate("bot").clear()
		ws.redis.rollback(t, before)
		ws.until("the copy is thrown away", func() bool { return ws.gate("bot").count("trayack") > 0 })
		two := ws.make(ws.one(), "a red boat", quick)
		ws.shows(two.Interaction)
		ws.ended(one, shown)
	})
	t.Run("the bot dies between the post and the note of it", func(t *testing.T) {
		t.Parallel()
		ws, clock := lateTown(t)
		bot := ws.bot()
		ws.renderer()
		ws.ready(1)
		one := ws.painting(20)
		met, letGo := ws.hold(sandbox.Fault{Method: "POST", Path: posts, Body: finished, Times: 1, Drop: true})
		clock.pass(20 * time.Minute)
		ws.await("the post", met)
		bot.kill()
		letGo()
		ws.bot()
		ws.ended(one, shown)
	})
}

// TestWhatEndedStaysEndedWhenRedisIsLost cancels and deletes, and then Redis forgets, or remembers how it was before.
func TestWhatEndedStaysEndedWhenRedisIsLost(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(ws *wishes, before string){
		"wiped":    func(ws *wishes, _ string) { ws.redis.wipe(ws.t) },
		"set back": func(ws *wishes, before string) { ws.redis.rollback(ws.t, before) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws := newWishes(newTown(t, plan{keep: keepAlways}), 6)
			ws.bot()
			hand := ws.renderer()
			ws.ready(1)
			done := ws.make(ws.one(), "a red boat", quick)
			ws.shows(done.Interaction)
			painted := ws.painting(40)
			waits, deleted := ws.make(ws.one(), "a red boat", quick), ws.make(ws.one(), "a red boat", quick)
			ws.says(waits.Interaction, "Waiting")
			ws.says(deleted.Interaction, "Waiting")
			before := ws.redis.copy(t)
			hand.kill()
			for _, w := range []*wish{waits, painted} {
				ws.cancel(w)
				ws.says(w.Interaction, "Cancelled")
			}
			ws.remove(deleted)
			lose(ws, before)
			ws.renderer()
			after := ws.make(ws.one(), "a red boat", quick)
			ws.shows(after.Interaction)
			ws.ended(done, shown)
			ws.ended(painted, cancelled)
			ws.ended(waits, cancelled)
			ws.ended(deleted, removed)
		})
	}
}

// trayed is how many pictures were laid into the tray.
func (ws *wishes) trayed() int { return ws.gate("renderer").count("trayput") }

// ended proves how a wish ended, and that nothing else is wrong.
func (ws *wishes) ended(w *wish, want string) {
	ws.t.Helper()
	ws.judge()
	if got := ws.end(w, ws.everywhere()); got != want {
		m, _ := ws.message(w)
		ws.t.Errorf("job %s-0 ended %q, want %q; it says %q", w.ID, got, want, m.Content)
	}
}
