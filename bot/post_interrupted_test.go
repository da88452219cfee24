package bot_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// noPostRecordStore is a database that cannot note where a message arrived.
type noPostRecordStore struct {
	bot.Store
	down atomic.Bool
}

func (m *noPostRecordStore) MarkSent(ctx context.Context, job, channel, message string) error {
	if m.down.Load() {
		return errors.New("the disk is full")
	}
	return m.Store.MarkSent(ctx, job, channel, message)
}

// interruptDelivery has a late delivery posted as a new message and not noted, and then the bot stopped. A version
// before this one always posted a new message, so it left such a note too.
func interruptDelivery(t *testing.T) (*cluster, *noPostRecordStore, sandbox.Interaction) {
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("forbidden")
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{UndeliveredLease: 20 * time.Millisecond})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	m := &noPostRecordStore{}
	h.wrapStore = func(l bot.Store) bot.Store { m.Store = l; return m }
	m.down.Store(true)
	stop := h.startBot()
	h.startRenderer()
	h.waitReady()
	allowEdits := h.refuseEdits()
	i := h.imagineLate()
	h.pollUntil("the post that is not noted", func() bool { return strings.Contains(h.log.String(), "the disk is full") })
	stop()
	m.down.Store(false)
	allowEdits()
	return h, m, i
}

func TestInterruptedDeliveryPostsOnce(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]time.Duration{
		"Discord still knows its nonce":    0,
		"its nonce is forgotten: it looks": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, i := interruptDelivery(t)
			h.clock.advance(away)
			for n := range 120 { // others talk meanwhile
				_ = n
				must(h.sandbox.Say(h.defaults.Member.ID, h.defaults.Channel.ID, "hello"))
			}
			h.startBot()
			e := h.waitDone(i)
			if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
				t.Errorf("messages with pictures: got %d, want one", n)
			}
			if m, there := h.sandbox.VisibleMessage(h.defaults.Member.ID, e.Message); !there || len(m.Files) != 4 {
				t.Errorf("SQL knows message %q: %s, want the one with the pictures", e.Message, describe(m))
			}
		})
	}
	t.Run("if it cannot look, it posts nothing more", func(t *testing.T) {
		t.Parallel()
		h, _, i := interruptDelivery(t)
		h.clock.advance(time.Hour)
		h.refuseRequests(http.MethodGet, `^/channels/\d+/messages$`, 50013)
		h.startBot()
		h.waitDone(i)
		if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
			t.Errorf("messages with pictures: got %d, want the one that was posted", n)
		}
		h.waitText(h.command("inbox"), "They may be posted already")
	})
}

// TestPostedBesideWaitingMessageIsFinished has a version before this one post pictures and die.
func TestPostedBesideWaitingMessageIsFinished(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	old := h.waitText(i, "#1 in the queue")
	j, here := h.job(i), h.defaults.Channel.ID
	discord := rest.NewClient(rest.Options{Base: h.sandbox.API(), Token: h.sandbox.Token()})
	posted := message.Message{Files: []message.File{{Name: "a.png", Data: []byte("picture")}}}
	m, err := discord.PostMessage(h.ctx, here, posted)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(h.db.MarkSending(h.ctx, j.ID, here, ""), h.db.MarkSent(h.ctx, j.ID, here, m.ID)); err != nil {
		t.Fatal(err)
	}
	h.putUndelivered(j)
	if e := h.waitDone(i); e.Message != m.ID || h.countPictureMessages(here) != 1 {
		t.Errorf("message: got %s, with pictures: %d; want %s alone", e.Message, h.countPictureMessages(here), m.ID)
	}
	if now, there := h.sandbox.VisibleMessage(h.defaults.Member.ID, old.ID); there {
		t.Errorf("the waiting message is still there: %s", describe(now))
	}
}

// TestUnansweredEditIsNotPostedElsewhere loses the answer to an edit, and then refuses every other: the pictures may
// be in the message.
func TestUnansweredEditIsNotPostedElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		readable, restart bool
		delivered         string
	}{
		"it is seen in the message":                {true, false, rest.DeliveredFound},
		"if it cannot look, it is in the inbox":    {false, false, rest.DeliveredInbox},
		"so does a bot that was started meanwhile": {false, true, rest.DeliveredInbox},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.sandbox.Rules().Allow("forbidden")
			_ = h.queue.Close()
			h.queue = queue.Embedded(queue.Options{UndeliveredLease: 20 * time.Millisecond})
			t.Cleanup(func() { _ = h.queue.Close() })
			h.announce()
			stop := h.startBot()
			h.startRenderer()
			h.waitReady()
			edits := regexp.MustCompile(`^/channels/\d+/messages/`)
			repair := h.sandbox.Fail(sandbox.Fault{Method: http.MethodPatch, Path: edits, Times: -1, Drop: true})
			i := h.imagineLate()
			h.pollUntil("the delivery to be put off", func() bool {
				return strings.Contains(h.log.String(),
					"are not delivered yet")
			})
			if c.restart {
				stop()
			}
			h.refuseEdits()
			if !c.readable {
				h.refuseRequests(http.MethodGet, edits.String(), 50001)
			}
			repair()
			if c.restart {
				h.startBot()
			}
			if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"`+c.delivered+`"`) {
				t.Errorf("outcome: got %s, want %s", e.Outcome, c.delivered)
			}
			if in, dm := h.countPictureMessages(h.defaults.Channel.ID),
				h.countPictureMessages(must(h.sandbox.DM(h.defaults.Member.ID)).ID); in != 1 || dm != 0 {
				t.Errorf("messages with pictures: got %d in the channel and %d direct ones, want the edited one alone", in, dm)
			}
		})
	}
}
