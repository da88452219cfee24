package bot_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// noPostRecordStore cannot note where a message was posted.
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

// interruptDelivery has a late delivery posted and not noted, and then the bot stopped.
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
	i := h.imagineLate()
	h.pollUntil("the post that is not noted", func() bool { return strings.Contains(h.log.String(), "the disk is full") })
	stop()
	m.down.Store(false)
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
			if m, there := h.sandbox.VisibleMessage(h.defaults.Member.ID, e.Message); !there || len(m.Attachments) != 4 {
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
