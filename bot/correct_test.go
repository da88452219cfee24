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

func TestSlowPositionEditKeepsPictures(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	first, second := h.imagineQueued(sandbox.With("prompt", "a red boat")), h.imagineQueued(
		sandbox.With("prompt", "a blue star"),
	)
	h.waitText(second, "#2 in the queue")
	for _, step := range []func(context.Context, string) (bool, error){h.db.MarkLeased, h.db.MarkRequeued} {
		// a renderer had it and gave it back, with a preview in the message
		if _, err := step(h.ctx, second.ID+"-0"); err != nil {
			t.Fatal(err)
		}
	}
	hold := h.holdPositionEdit(first, "a blue star")
	h.startRenderer()
	m := h.waitPictures(second, 4)
	close(hold)
	h.pollUntil("the store to say done", func() bool { return h.job(second).State == store.Done })
	for range 20 {
		if now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID); len(now.Files) != 4 {
			t.Fatalf("got %s, want the four pictures to stay", describe(now))
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.waitPictures(second, 4)
}

func TestLateDeliveryWaitsWhileEditIsUnanswered(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "Generating")
	if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, m.ID); err != nil {
		t.Fatal(err)
	}
	h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodPatch, Path: regexp.MustCompile(`^/channels/\d+/messages/` + m.ID + `$`), Times: -1,
		Status: http.StatusBadGateway,
	})
	h.clock.advance(16 * time.Minute)
	release()
	h.pollUntil("the delivery to be put off", func() bool {
		return strings.Contains(h.log.String(), "are not delivered yet")
	})
	for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, h.defaults.Channel.ID) {
		if len(m.Files) > 0 {
			t.Errorf("got %s, want nothing posted", describe(m))
		}
	}
}

func TestWaitingMessageOfPicturesPostedElsewhereGoes(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Rules().Allow("forbidden")
	h.refuseEdits()
	h.refuseRequests(http.MethodPost, "^/channels/"+h.defaults.Channel.ID+"/messages$", 50013)
	h.sandbox.Fail(sandbox.Fault{Method: http.MethodDelete, Times: 4, Status: http.StatusBadGateway})
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	old := h.waitText(i, "Generating")
	h.clock.advance(16 * time.Minute)
	release()
	h.waitFor("the waiting message to go", func() bool {
		_, there := h.sandbox.VisibleMessage(h.defaults.Member.ID, old.ID)
		return !there
	})
	h.waitDone(i)
	if n := h.countPictureMessages(must(h.sandbox.DM(h.defaults.Member.ID)).ID); n != 1 {
		t.Errorf("direct messages with pictures: got %d, want one", n)
	}
}

// TestSlowPositionEditAfterLatePicturesIsCorrected has an edit of a position arrive after late pictures.
func TestSlowPositionEditAfterLatePicturesIsCorrected(t *testing.T) {
	t.Parallel()
	for name, endFirst := range map[string]bool{"before the end is written down": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			db := &secondBotStore{release: make(chan struct{})}
			h.wrapStore = func(s bot.Store) bot.Store { db.Store = s; return db }
			h.startBot()
			h.waitReady()
			first, next := h.imagineQueued(sandbox.With("prompt", "a red boat")),
				h.imagineQueued(sandbox.With("prompt", "a blue star"))
			m := h.waitText(next, "#2 in the queue")
			hold := h.holdPositionEdit(first, "a blue star")
			h.putUndelivered(h.job(next))
			h.waitPictures(next, 1)
			if endFirst {
				close(db.release)
				h.waitDone(next)
			}
			close(hold)
			if !endFirst {
				h.waitFor("the slow edit", func() bool {
					now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
					return hasCancelButton(now)
				})
				close(db.release)
				h.waitDone(next)
			}
			h.waitFor("the pictures with their buttons", func() bool {
				now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
				return len(now.Files) == 1 && !hasCancelButton(now)
			})
		})
	}
}

func TestCorrectionIsRetriedAfterOutage(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	repair := h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodGet, Path: regexp.MustCompile("/messages/"), Times: -1, Status: http.StatusBadGateway,
	})
	if said, err := h.queue.Cancel(h.ctx, i.ID+"-0", h.defaults.Moderator.ID); err != nil || said == queue.CancelUnknown {
		t.Fatalf("Cancel = %v, %v", said, err)
	}
	h.pollUntil("the end not to be shown", func() bool {
		return strings.Contains(h.log.String(), "a message could not be corrected")
	})
	repair()
	h.waitText(i, "Cancelled")
}

func TestUnacknowledgedJobRunsAfterTokenExpired(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db := &noAcknowledgeStore{}
	h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
	db.down.Store(true)
	stop := h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitText(i, "Waiting")
	h.pollUntil("its message to be known", func() bool { return h.job(i).Message != "" })
	stop()
	db.down.Store(false)
	h.clock.advance(20 * time.Minute)
	h.startBot()
	h.pollUntil("it to be acknowledged", func() bool { return h.job(i).State == store.Waiting })
	h.startRenderer()
	_, err := h.sandbox.WaitMessage(h.ctx, h.defaults.Member.ID, h.defaults.Channel.ID, func(m sandbox.Message) bool {
		return len(m.Files) == 4
	})
	if err != nil {
		t.Fatalf("%v\nlog:\n%s", err, h.log)
	}
}

// holdPositionEdit cancels the first job, and holds the edit that tells the next one, of this prompt, its new position
// until hold is closed.
func (h *cluster) holdPositionEdit(first sandbox.Interaction, next string) (hold chan struct{}) {
	h.t.Helper()
	hold, met := make(chan struct{}), make(chan struct{}, 1)
	h.sandbox.Fail(
		sandbox.Fault{
			Method: http.MethodPatch, Body: regexp.MustCompile(next + ".*#1 in the queue"), Hold: hold, Matched: met,
		},
	)
	h.waitText(h.command("cancel", sandbox.With("job", first.ID+"-0")), "Cancelled")
	select {
	case <-met:
	case <-h.ctx.Done():
		h.t.Fatalf("the position of the second job was not edited\nlog:\n%s", h.log)
	}
	return hold
}
