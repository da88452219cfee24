package bot_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// late asks for pictures that are finished after their token died.
func (h *house) late(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	release := h.brush.stay()
	i := h.ask("imagine", append(options, sandbox.With("prompt", "a red boat"))...)
	h.says(i, "Painting")
	h.clock.forward(16 * time.Minute)
	release()
	return i
}

// refuse has Discord refuse requests until the returned function is called.
func (h *house) refuse(method, path string, code int) (stop func()) {
	h.t.Helper()
	return h.box.Fail(sandbox.Fault{
		Method: method, Path: regexp.MustCompile(path), Times: -1, Status: http.StatusForbidden, Code: code, Message: "closed",
	})
}

// closeDirect closes everybody's direct messages.
func (h *house) closeDirect() { h.refuse(http.MethodPost, "^/users/@me/channels$", 50007) }

func (h *house) done(i sandbox.Interaction) store.Entry {
	h.t.Helper()
	h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
	return h.entry(i)
}

// shown counts the messages with pictures that a person sees in a channel.
func (h *house) shown(channel string) (n int) {
	for _, m := range h.box.Messages(h.home.Member.ID, channel) {
		if len(m.Attachments) > 0 {
			n++
		}
	}
	return n
}

func TestWhatCanBePostedNowhereWaitsInTheInbox(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Rules().Allow("forbidden")
	me, here := h.home.Member.ID, h.home.Channel.ID
	h.closeDirect()
	release := h.brush.stay()
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 5))
	h.says(i, "Painting")
	h.box.SetBotPermissions(here, 0)
	h.clock.forward(16 * time.Minute)
	release()
	if e := h.done(i); !strings.Contains(string(e.Outcome), `"inbox"`) {
		t.Fatalf("outcome: got %s, want it in the inbox", e.Outcome)
	}
	if n := h.shown(here) + h.shown(must(h.box.DM(me)).ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
	h.box.SetBotPermissions(here, 1<<10|1<<11|1<<15|1<<16)
	h.says(h.askAs(h.home.Moderator.ID, here, "inbox"), "Your inbox is empty")
	j := h.ask("imagine", sandbox.With("prompt", "a blue star"))
	h.painted(j, 4)
	h.note(me, here, "it waits in /inbox")
	list := h.says(h.ask("inbox"), "a red boat")
	if list.Viewer != me {
		t.Errorf("the inbox is seen by others: %s", describe(list))
	}
	show := "1:show:" + i.ID + "-0:0:inbox"
	paintings := len(h.brush.specs())
	m := h.painted(h.click(me, list.ID, show), 4)
	if m.Viewer != me || len(h.brush.specs()) != paintings {
		t.Errorf("got %s after %d more paintings, want the kept pictures, privately", describe(m), len(h.brush.specs())-paintings)
	}
	h.poll("it to be noted as shown", func() bool { return must(h.ledger.Delivery(h.ctx, i.ID+"-0")).State == store.Shown })
	h.says(h.ask("inbox"), "(shown)")
	t.Run("when they are no longer kept they are painted again", func(t *testing.T) {
		if err := h.ledger.PruneDeliveries(h.ctx, -time.Minute, -time.Minute); err != nil {
			t.Fatal(err)
		}
		again := h.click(me, list.ID, show)
		if m := h.painted(again, 4); m.Viewer != me || h.spec(again).Seed != 5 {
			t.Errorf("got %s with seed %d, want the same pictures, privately", describe(m), h.spec(again).Seed)
		}
	})
}

func TestPrivatePicturesThatAreLateNeverGoIntoAChannel(t *testing.T) {
	t.Parallel()
	private := func(h *house) sandbox.Interaction {
		first := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		h.painted(first, 4)
		e := h.done(first)
		e.ID = "900-0"
		if err := h.ledger.Accept(h.ctx, []store.Entry{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ledger.FinishOwing(h.ctx, e.ID, e.Outcome, store.Delivery{State: store.Inbox}, nil); err != nil {
			t.Fatal(err)
		}
		list := h.says(h.ask("inbox"), "a red boat")
		release := h.brush.stay()
		i := h.click(h.home.Member.ID, list.ID, "1:show:900-0:0:inbox") // painted again, seen by its owner alone
		if m := h.says(i, "Painting"); m.Viewer != h.home.Member.ID {
			t.Fatalf("got %s, want a private message", describe(m))
		}
		h.clock.forward(16 * time.Minute)
		release()
		return i
	}
	t.Run("they go into direct messages", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		i := private(h)
		h.done(i)
		if in, dm := h.shown(h.home.Channel.ID), h.shown(must(h.box.DM(h.home.Member.ID)).ID); in != 1 || dm != 1 {
			t.Errorf("messages with pictures: got %d in the channel and %d direct ones, want the first and the late one", in, dm)
		}
	})
	t.Run("else into the inbox", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		h.closeDirect()
		i := private(h)
		h.done(i)
		if in := h.shown(h.home.Channel.ID); in != 1 {
			t.Errorf("messages with pictures in the channel: got %d, want the first alone", in)
		}
		h.says(h.ask("inbox"), "a red boat")
	})
}

func TestPicturesOfADeletedPlaceAreNotPosted(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Rules().Allow("forbidden")
	me := h.home.Member.ID
	release := h.brush.stay()
	i := h.askAs(me, h.home.Thread.ID, "imagine", sandbox.With("prompt", "a red boat"))
	h.says(i, "Painting")
	if err := h.box.DeleteChannel(h.home.Thread.ID); err != nil {
		t.Fatal(err)
	}
	h.clock.forward(16 * time.Minute)
	release()
	if e := h.done(i); !strings.Contains(string(e.Outcome), `"removed"`) {
		t.Errorf("outcome: got %s, want removed", e.Outcome)
	}
	if n := h.shown(h.home.Channel.ID) + h.shown(must(h.box.DM(me)).ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
}

func TestATokenThatDiesBetweenSealAndPost(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Fail(sandbox.Fault{
		Method: http.MethodPatch, Path: regexp.MustCompile("^/webhooks/"), Body: regexp.MustCompile("single"), Times: -1,
		Status: http.StatusUnauthorized, Code: 50027, Message: "Invalid Webhook Token",
	})
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.answer(i, "an answer", nil)
	e := h.done(i)
	if n := h.shown(h.home.Channel.ID); n != 1 || !strings.Contains(string(e.Outcome), `"posted"`) {
		t.Errorf("got %d messages with pictures and %s, want one that was posted", n, e.Outcome)
	}
}

func TestABotThatWasAwayForLong(t *testing.T) {
	t.Parallel()
	away := func(t *testing.T, o queue.Options) (*house, sandbox.Interaction, sandbox.Message) {
		h := build(t, sandbox.Options{})
		_ = h.line.Close()
		h.line = queue.Embedded(o)
		t.Cleanup(func() { _ = h.line.Close() })
		h.announce()
		stop := h.start()
		h.bench()
		h.ready()
		release := h.brush.stay()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "Painting")
		h.poll("the ledger to say running", func() bool { return h.entry(i).State == store.Running })
		stop()
		h.clock.forward(20 * time.Minute)
		release()
		h.poll("it to be painted", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
		h.clock.forward(5 * time.Hour)
		return h, i, m
	}
	t.Run("brings what was painted meanwhile", func(t *testing.T) {
		t.Parallel()
		h, i, old := away(t, queue.Options{})
		h.start()
		h.done(i)
		if _, there := h.box.MessageSeen(h.home.Member.ID, old.ID); there || h.shown(h.home.Channel.ID) != 1 {
			t.Errorf("waiting message there: %v, messages with pictures: %d; want the new one alone", there, h.shown(h.home.Channel.ID))
		}
	})
	t.Run("paints again what a wiped Redis lost, once", func(t *testing.T) {
		t.Parallel()
		h, i, _ := away(t, queue.Options{})
		_ = h.line.Close()
		h.fresh()
		h.start()
		h.bench()
		h.done(i)
		if n := h.shown(h.home.Channel.ID); n != 1 || len(h.brush.specs()) != 2 {
			t.Errorf("messages with pictures: got %d after %d paintings, want one after two", n, len(h.brush.specs()))
		}
	})
	t.Run("offers to paint again what the tray had no room for", func(t *testing.T) {
		t.Parallel()
		h, i, old := away(t, queue.Options{TrayBytes: 1})
		h.start()
		h.done(i)
		h.wait("the offer", func() bool {
			now, _ := h.box.MessageSeen(h.home.Member.ID, old.ID)
			return strings.Contains(now.Content, "too late")
		})
	})
}
