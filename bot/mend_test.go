package bot_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestASlowEditOfThePlaceLeavesThePicturesAlone(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	first, second := h.queued(sandbox.With("prompt", "a red boat")), h.queued(sandbox.With("prompt", "a blue star"))
	h.says(second, "#2 in line")
	for _, step := range []func(context.Context, string) (bool, error){h.ledger.Leased, h.ledger.Returned} {
		if _, err := step(h.ctx, second.ID+"-0"); err != nil { // a renderer had it and gave it back, with a preview in the message
			t.Fatal(err)
		}
	}
	hold := h.slowPlace(first)
	h.bench()
	m := h.painted(second, 4)
	close(hold)
	h.poll("the ledger to say done", func() bool { return h.entry(second).State == store.Done })
	for range 20 {
		if now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID); len(now.Attachments) != 4 {
			t.Fatalf("got %s, want the four pictures to stay", describe(now))
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.painted(second, 4)
}

func TestALateDeliveryWaitsUntilItsMessageCanBeSeen(t *testing.T) {
	t.Parallel()
	h := open(t)
	release := h.brush.stay()
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "Painting")
	if err := h.box.DeleteMessage(h.home.Moderator.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	h.box.Fail(sandbox.Fault{
		Method: http.MethodGet, Path: regexp.MustCompile(`^/channels/\d+/messages/` + m.ID + `$`), Times: -1, Status: http.StatusBadGateway,
	})
	h.clock.forward(16 * time.Minute)
	release()
	h.poll("the delivery to be put off", func() bool { return strings.Contains(h.log.String(), "still in the tray") })
	for _, m := range h.box.Messages(h.home.Member.ID, h.home.Channel.ID) {
		if len(m.Attachments) > 0 {
			t.Errorf("got %s, want nothing posted", describe(m))
		}
	}
}

func TestALateDeliveryElsewhereLeavesNoWaitingMessage(t *testing.T) {
	t.Parallel()
	closed := func(h *house, path string, code int) {
		h.box.Fail(sandbox.Fault{
			Method: http.MethodPost, Path: regexp.MustCompile(path), Times: -1, Status: http.StatusForbidden, Code: code, Message: "closed",
		})
	}
	late := func(h *house) (sandbox.Interaction, sandbox.Message) {
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "Painting")
		closed(h, "^/channels/"+h.home.Channel.ID+"/messages$", 50013)
		h.clock.forward(16 * time.Minute)
		release()
		return i, m
	}
	t.Run("it goes when the pictures are in direct messages, although that fails at first", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		h.box.Fail(sandbox.Fault{Method: http.MethodDelete, Times: 4, Status: http.StatusBadGateway})
		i, old := late(h)
		h.wait("the waiting message to go", func() bool { _, there := h.box.MessageSeen(h.home.Member.ID, old.ID); return !there })
		h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
		n := 0
		for _, m := range h.box.Messages(h.home.Member.ID, must(h.box.DM(h.home.Member.ID)).ID) {
			if len(m.Attachments) == 4 {
				n++
			}
		}
		if n != 1 {
			t.Errorf("direct messages with pictures: got %d, want one", n)
		}
	})
	t.Run("they come into the waiting message when those are closed too", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		closed(h, "^/users/@me/channels$", 50007)
		i, old := late(h)
		h.wait("the pictures", func() bool {
			now, _ := h.box.MessageSeen(h.home.Member.ID, old.ID)
			return len(now.Attachments) == 4 && !living(now)
		})
		h.poll("the ledger to say done", func() bool { e := h.entry(i); return e.State == store.Done && e.Message == old.ID })
	})
}

func TestAnEndIsToldWhenDiscordIsWellAgain(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a red boat"))
	mend := h.box.Fail(sandbox.Fault{
		Method: http.MethodGet, Path: regexp.MustCompile("/messages/"), Times: -1, Status: http.StatusBadGateway,
	})
	if said, err := h.line.Cancel(h.ctx, i.ID+"-0", h.home.Moderator.ID); err != nil || said == queue.Unknown {
		t.Fatalf("Cancel = %v, %v", said, err)
	}
	h.poll("the end not to be told", func() bool { return strings.Contains(h.log.String(), "a message could not be corrected") })
	mend()
	h.says(i, "Cancelled")
}

func TestAPromiseIsKeptAlthoughItsTokenDied(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	forgets := &forgetful{}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { forgets.Ledger = l; return forgets }
	forgets.down.Store(true)
	stop := h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.says(i, "Waiting")
	h.poll("its message to be known", func() bool { return h.entry(i).Message != "" })
	stop()
	forgets.down.Store(false)
	h.clock.forward(20 * time.Minute)
	h.start()
	h.poll("it to be acknowledged", func() bool { return h.entry(i).State == store.Waiting })
	h.bench()
	_, err := h.box.WaitMessage(h.ctx, h.home.Member.ID, h.home.Channel.ID, func(m sandbox.Message) bool { return len(m.Attachments) == 4 })
	if err != nil {
		t.Fatalf("%v\nlog:\n%s", err, h.log)
	}
}

// slowPlace cancels the first job, and holds the edit that tells the next one its new place until hold is closed.
func (h *house) slowPlace(first sandbox.Interaction) (hold chan struct{}) {
	h.t.Helper()
	hold, met := make(chan struct{}), make(chan struct{}, 1)
	h.box.Fail(sandbox.Fault{Method: http.MethodPatch, Body: regexp.MustCompile("#1 in line"), Hold: hold, Met: met})
	h.says(h.ask("cancel", sandbox.With("job", first.ID+"-0")), "Cancelled")
	select {
	case <-met:
	case <-h.ctx.Done():
		h.t.Fatal("the place of the second job was not edited")
	}
	return hold
}
