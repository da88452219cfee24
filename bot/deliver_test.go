package bot_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// imagineLate asks for pictures that are finished after their token expired.
func (h *cluster) imagineLate(options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	release := h.renderer.pause()
	i := h.command("imagine", append(options, sandbox.With("prompt", "a red boat"))...)
	h.waitText(i, "Generating")
	h.clock.advance(16 * time.Minute)
	release()
	return i
}

// refuseRequests has Discord refuse requests until the returned function is called.
func (h *cluster) refuseRequests(method, path string, code int) (stop func()) {
	h.t.Helper()
	return h.sandbox.Fail(sandbox.Fault{
		Method: method, Path: regexp.MustCompile(path), Times: -1, Status: http.StatusForbidden, Code: code,
		Message: "closed",
	})
}

// refuseEdits refuses to have messages edited by the bot's token, as in an archived thread.
func (h *cluster) refuseEdits() (stop func()) {
	return h.refuseRequests(http.MethodPatch, `^/channels/\d+/messages/`, 50083)
}

// putUndelivered leaves a picture of a job for the bot to deliver.
func (h *cluster) putUndelivered(j store.Job) {
	h.t.Helper()
	d := queue.Undelivered{
		Job: j.ID, Address: j.Address, Files: []queue.Attachment{{Name: "a.png", Bytes: []byte("picture")}},
		Outcome: queue.Outcome{Files: []queue.File{{Name: "a.png"}}},
	}
	if err := h.queue.PutUndelivered(h.ctx, d); err != nil {
		h.t.Fatal(err)
	}
}

// closeDMs closes everybody's direct messages.
func (h *cluster) closeDMs() { h.refuseRequests(http.MethodPost, "^/users/@me/channels$", 50007) }

func (h *cluster) waitDone(i sandbox.Interaction) store.Job {
	h.t.Helper()
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	return h.job(i)
}

// countPictureMessages counts the messages with pictures that a person sees in a channel.
func (h *cluster) countPictureMessages(channel string) (n int) {
	for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, channel) {
		if len(m.Files) > 0 {
			n++
		}
	}
	return n
}

func TestUndeliverablePicturesGoToInbox(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Rules().Allow("forbidden")
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	h.closeDMs()
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 5), sandbox.With("draft", true))
	h.waitText(i, "Generating")
	h.sandbox.SetBotPermissions(here, 0)
	h.clock.advance(16 * time.Minute)
	release()
	if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"inbox"`) {
		t.Fatalf("outcome: got %s, want it in the inbox", e.Outcome)
	}
	if n := h.countPictureMessages(here) + h.countPictureMessages(must(h.sandbox.DM(me)).ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
	h.sandbox.SetBotPermissions(here, 1<<10|1<<11|1<<15|1<<16)
	h.waitText(h.commandAs(h.defaults.Moderator.ID, here, "inbox"), "Your inbox is empty")
	j := h.command("imagine", sandbox.With("prompt", "a blue star"))
	h.waitPictures(j, 4)
	h.waitNote(me, here, "could not be posted. Open it with /inbox")
	list := h.waitText(h.command("inbox"), "a red boat")
	if list.Viewer != me {
		t.Errorf("the inbox is seen by others: %s", describe(list))
	}
	show := "1:show:" + i.ID + "-0:0:inbox"
	paintings := len(h.renderer.specs())
	m := h.waitPictures(h.click(me, list.ID, show), 4)
	if m.Viewer != me || len(h.renderer.specs()) != paintings {
		t.Errorf(
			"got %s after %d more paintings, want the kept pictures, privately", describe(m), len(h.renderer.specs())-paintings,
		)
	}
	if !slices.Contains(buttons(m.Components), "1:finish:"+i.ID+"-0:0") {
		t.Errorf("got %s, want a draft that can be finished", describe(m))
	}
	h.pollUntil("it to be noted as shown", func() bool {
		return must(h.db.Delivery(h.ctx, i.ID+"-0")).State == store.InboxShown
	})
	h.waitText(h.command("inbox"), "(shown)")
	t.Run("when they are no longer kept they are painted again", func(t *testing.T) {
		if err := h.db.PruneDeliveries(h.ctx, -time.Minute, -time.Minute); err != nil {
			t.Fatal(err)
		}
		again := h.click(me, list.ID, show)
		if m := h.waitPictures(again, 4); m.Viewer != me || h.spec(again).Seed != 5 {
			t.Errorf("got %s with seed %d, want the same pictures, privately", describe(m), h.spec(again).Seed)
		}
	})
}

func TestLatePrivatePicturesStayPrivate(t *testing.T) {
	t.Parallel()
	private := func(h *cluster) sandbox.Interaction {
		first := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitPictures(first, 4)
		e := h.waitDone(first)
		e.ID = "900-0"
		if err := h.db.Accept(h.ctx, []store.Job{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.db.FinishWithDelivery(h.ctx, e.ID, e.Outcome, store.Delivery{State: store.Inbox}, nil); err != nil {
			t.Fatal(err)
		}
		list := h.waitText(h.command("inbox"), "a red boat")
		release := h.renderer.pause()
		i := h.click(h.defaults.Member.ID, list.ID, "1:show:900-0:0:inbox") // painted again, seen by its owner alone
		if m := h.waitText(i, "Generating"); m.Viewer != h.defaults.Member.ID {
			t.Fatalf("got %s, want a private message", describe(m))
		}
		h.clock.advance(16 * time.Minute)
		release()
		return i
	}
	t.Run("they go into direct messages", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		i := private(h)
		h.waitDone(i)
		if in, dm := h.countPictureMessages(h.defaults.Channel.ID), h.countPictureMessages(
			must(h.sandbox.DM(h.defaults.Member.ID)).ID,
		); in != 1 || dm != 1 {
			t.Errorf("messages with pictures: got %d in the channel and %d direct ones, want the first and the late one", in, dm)
		}
	})
	t.Run("else into the inbox", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.closeDMs()
		i := private(h)
		h.waitDone(i)
		if in := h.countPictureMessages(h.defaults.Channel.ID); in != 1 {
			t.Errorf("messages with pictures in the channel: got %d, want the first alone", in)
		}
		h.waitText(h.command("inbox"), "a red boat")
	})
}

func TestPicturesOfDeletedChannelAreNotPosted(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Rules().Allow("forbidden")
	me := h.defaults.Member.ID
	release := h.renderer.pause()
	i := h.commandAs(me, h.defaults.Thread.ID, "imagine", sandbox.With("prompt", "a red boat"))
	h.waitText(i, "Generating")
	if err := h.sandbox.DeleteChannel(h.defaults.Thread.ID); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(16 * time.Minute)
	release()
	if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"removed"`) {
		t.Errorf("outcome: got %s, want removed", e.Outcome)
	}
	if n := h.countPictureMessages(h.defaults.Channel.ID) + h.countPictureMessages(must(h.sandbox.DM(me)).ID); n != 0 {
		t.Errorf("messages with pictures: got %d, want none", n)
	}
}

func TestTokenExpiresBetweenSealAndPost(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodPatch, Path: regexp.MustCompile("^/webhooks/"), Body: regexp.MustCompile("single"), Times: -1,
		Status: http.StatusUnauthorized, Code: 50027, Message: "Invalid Webhook Token",
	})
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitAnswer(i, "an answer", nil)
	e := h.waitDone(i)
	if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 || !strings.Contains(string(e.Outcome), `"posted"`) {
		t.Errorf("got %d messages with pictures and %s, want one that was posted", n, e.Outcome)
	}
}

func TestBotDownForLong(t *testing.T) {
	t.Parallel()
	botWasDown := func(t *testing.T, o queue.Options) (*cluster, sandbox.Interaction, sandbox.Message) {
		h := newCluster(t, sandbox.Options{})
		_ = h.queue.Close()
		h.queue = queue.Embedded(o)
		t.Cleanup(func() { _ = h.queue.Close() })
		h.announce()
		stop := h.startBot()
		h.startRenderer()
		h.waitReady()
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitText(i, "Generating")
		h.pollUntil("the store to say running", func() bool { return h.job(i).State == store.Running })
		stop()
		h.clock.advance(20 * time.Minute)
		release()
		h.pollUntil("it to be painted", func() bool {
			s, err := h.queue.Snapshot(h.ctx)
			return err == nil && len(s.Jobs) == 0
		})
		h.clock.advance(5 * time.Hour)
		return h, i, m
	}
	t.Run("brings what was painted meanwhile", func(t *testing.T) {
		t.Parallel()
		h, i, old := botWasDown(t, queue.Options{})
		h.startBot()
		h.waitDone(i)
		m, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, old.ID)
		if n := h.countPictureMessages(h.defaults.Channel.ID); len(m.Files) != 4 || n != 1 {
			t.Errorf("waiting message: got %s, messages with pictures: %d; want them in it alone", describe(m), n)
		}
	})
	t.Run("paints again what a wiped Redis lost, once", func(t *testing.T) {
		t.Parallel()
		h, i, _ := botWasDown(t, queue.Options{})
		_ = h.queue.Close()
		h.newQueue()
		h.startBot()
		h.startRenderer()
		h.waitDone(i)
		if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 || len(h.renderer.specs()) != 2 {
			t.Errorf("messages with pictures: got %d after %d paintings, want one after two", n, len(h.renderer.specs()))
		}
	})
	t.Run("offers to paint again what there was no room for", func(t *testing.T) {
		t.Parallel()
		h, i, old := botWasDown(t, queue.Options{UndeliveredBytes: 1})
		h.startBot()
		h.waitDone(i)
		h.waitFor("the offer", func() bool {
			now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, old.ID)
			return strings.Contains(now.Text(), "too late")
		})
	})
}
