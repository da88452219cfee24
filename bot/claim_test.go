//go:build unix

package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
	"darkroom/store/postgrestest"
)

// startTwoBots starts a cluster with two bots on one PostgreSQL database and one queue. Both hear every event.
func startTwoBots(t *testing.T, server *postgrestest.Server) *cluster {
	h := newCluster(t, sandbox.Options{})
	_ = h.db.Close()
	var err error
	if h.db, err = store.Open(h.ctx, server.Database(t), store.Options{Now: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	db := h.db
	t.Cleanup(func() { _ = db.Close() })
	h.shared = true
	h.startBot()
	h.startBot()
	h.waitReady()
	return h
}

func TestSeveralBotsOnOneDatabase(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	t.Run("one request is one job, one cancel takes one back", func(t *testing.T) {
		t.Parallel()
		h := startTwoBots(t, server)
		var asked []sandbox.Interaction
		for range 3 {
			asked = append(asked, h.imagineQueued(sandbox.With("prompt", "a boat"), sandbox.With("count", 1)))
		}
		h.waitText(h.command("cancel"), "Cancelled: a boat")
		h.waitText(asked[2], "Cancelled")
		h.startRenderer()
		for _, i := range asked[:2] {
			h.waitPictures(i, 1)
			h.waitDone(i)
		}
		h.pollUntil("the queue to be empty", func() bool {
			s, err := h.queue.Snapshot(h.ctx)
			return err == nil && len(s.Jobs) == 0
		})
		if m := h.waitText(asked[2], "Cancelled"); len(m.Files) > 0 || h.job(asked[2]).State != store.Cancelled {
			t.Errorf("the one that was taken back: %s, %s", describe(m), h.job(asked[2]).State)
		}
		if n := strings.Count(h.log.String(), "the queue begins a new epoch"); n != 1 {
			t.Errorf("epochs begun: got %d, want one", n)
		}
	})
	t.Run("late pictures are posted once, and a wiped queue is begun once", func(t *testing.T) {
		t.Parallel()
		h := startTwoBots(t, server)
		stop := h.startRenderer()
		i := h.imagineLate()
		h.waitDone(i)
		if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
			t.Errorf("messages with pictures: got %d, want one", n)
		}
		stop()
		j := h.imagineQueued(sandbox.With("prompt", "a star"))
		if err := h.queue.BeginEpoch(h.ctx, 7); err != nil { // as if another database's bot had been here
			t.Fatal(err)
		}
		h.pollUntil("it to be in the queue again", func() bool { return h.job(j).Epoch == 8 })
		h.startRenderer()
		h.waitPictures(j, 4)
		if e := h.waitDone(j); e.Epoch != 8 {
			t.Errorf("epoch: got %d, want 8", e.Epoch)
		}
	})
	t.Run("a cancel and an enqueue in two bots exclude each other", func(t *testing.T) {
		t.Parallel()
		h := startTwoBots(t, server)
		h.startRenderer()
		for range 10 {
			i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1))
			m := h.waitAnswer(i, "an answer", nil)
			c, err := h.sandbox.Click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
			if err != nil {
				continue // it was painted before
			}
			if _, err := h.sandbox.WaitAnswer(h.ctx, c.ID); err != nil {
				t.Fatal(err)
			}
			h.pollUntil("its end", func() bool { return h.job(i).State.Terminal() })
			h.pollUntil("the queue to be empty", func() bool {
				s, err := h.queue.Snapshot(h.ctx)
				return err == nil && len(s.Jobs) == 0
			})
			want := h.job(i).State
			h.waitFor("the message to say how it ended", func() bool {
				now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
				return !hasCancelButton(now) && (len(now.Files) > 0) == (want == store.Done)
			})
		}
	})
}
