//go:build unix

package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
	"darkroom/store/postgrestest"
)

// together builds a house with two bots on one PostgreSQL database and one queue. Both hear every event.
func together(t *testing.T, server *postgrestest.Server) *house {
	h := build(t, sandbox.Options{})
	_ = h.ledger.Close()
	var err error
	if h.ledger, err = store.Open(h.ctx, server.Database(t), store.Options{Now: h.clock.now}); err != nil {
		t.Fatal(err)
	}
	ledger := h.ledger
	t.Cleanup(func() { _ = ledger.Close() })
	h.shared = true
	h.start()
	h.start()
	h.ready()
	return h
}

func TestSeveralBotsOnOneLedger(t *testing.T) {
	t.Parallel()
	server := postgrestest.Start(t)
	t.Run("one request is one job, one cancel takes one back", func(t *testing.T) {
		t.Parallel()
		h := together(t, server)
		var asked []sandbox.Interaction
		for range 3 {
			asked = append(asked, h.queued(sandbox.With("prompt", "a boat"), sandbox.With("count", 1)))
		}
		h.says(h.ask("cancel"), "Cancelled: a boat")
		h.says(asked[2], "Cancelled")
		h.bench()
		for _, i := range asked[:2] {
			h.painted(i, 1)
			h.done(i)
		}
		h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
		if m := h.says(asked[2], "Cancelled"); len(m.Attachments) > 0 || h.entry(asked[2]).State != store.Cancelled {
			t.Errorf("the one that was taken back: %s, %s", describe(m), h.entry(asked[2]).State)
		}
		if n := strings.Count(h.log.String(), "the queue begins a new epoch"); n != 1 {
			t.Errorf("epochs begun: got %d, want one", n)
		}
	})
	t.Run("late pictures are posted once, and a wiped queue is begun once", func(t *testing.T) {
		t.Parallel()
		h := together(t, server)
		stop := h.bench()
		i := h.late()
		h.done(i)
		if n := h.shown(h.home.Channel.ID); n != 1 {
			t.Errorf("messages with pictures: got %d, want one", n)
		}
		stop()
		j := h.queued(sandbox.With("prompt", "a star"))
		if err := h.line.Begin(h.ctx, 7); err != nil { // as if another database's bot had been here
			t.Fatal(err)
		}
		h.poll("it to be in line again", func() bool { return h.entry(j).Epoch == 8 })
		h.bench()
		h.painted(j, 4)
		if e := h.done(j); e.Epoch != 8 {
			t.Errorf("epoch: got %d, want 8", e.Epoch)
		}
	})
	t.Run("a cancel and an enqueue in two bots exclude each other", func(t *testing.T) {
		t.Parallel()
		h := together(t, server)
		h.bench()
		for range 10 {
			i := h.ask("imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1))
			m := h.answer(i, "an answer", nil)
			c, err := h.box.Click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
			if err != nil {
				continue // it was painted before
			}
			if _, err := h.box.WaitAnswer(h.ctx, c.ID); err != nil {
				t.Fatal(err)
			}
			h.poll("its end", func() bool { return h.entry(i).State.Terminal() })
			h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
			want := h.entry(i).State
			h.wait("the message to say how it ended", func() bool {
				now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
				return !living(now) && (len(now.Attachments) > 0) == (want == store.Done)
			})
		}
	})
}
