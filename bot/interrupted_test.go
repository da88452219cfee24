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

// mute is a ledger that cannot note where a message arrived.
type mute struct {
	bot.Ledger
	down atomic.Bool
}

func (m *mute) Sent(ctx context.Context, job, channel, message string) error {
	if m.down.Load() {
		return errors.New("the disk is full")
	}
	return m.Ledger.Sent(ctx, job, channel, message)
}

// interrupted has a late delivery posted and not noted, and then the bot stopped.
func interrupted(t *testing.T) (*house, *mute, sandbox.Interaction) {
	h := build(t, sandbox.Options{})
	h.box.Rules().Allow("forbidden")
	_ = h.line.Close()
	h.line = queue.Embedded(queue.Options{TrayLease: 20 * time.Millisecond})
	t.Cleanup(func() { _ = h.line.Close() })
	h.announce()
	m := &mute{}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { m.Ledger = l; return m }
	m.down.Store(true)
	stop := h.start()
	h.bench()
	h.ready()
	i := h.late()
	h.poll("the post that is not noted", func() bool { return strings.Contains(h.log.String(), "the disk is full") })
	stop()
	m.down.Store(false)
	return h, m, i
}

func TestADeliveryThatWasInterruptedIsMadeOnce(t *testing.T) {
	t.Parallel()
	for name, away := range map[string]time.Duration{
		"Discord still knows its nonce":    0,
		"its nonce is forgotten: it looks": time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, _, i := interrupted(t)
			h.clock.forward(away)
			for n := range 120 { // others talk meanwhile
				_ = n
				must(h.box.Say(h.home.Member.ID, h.home.Channel.ID, "hello"))
			}
			h.start()
			e := h.done(i)
			if n := h.shown(h.home.Channel.ID); n != 1 {
				t.Errorf("messages with pictures: got %d, want one", n)
			}
			if m, there := h.box.MessageSeen(h.home.Member.ID, e.Message); !there || len(m.Attachments) != 4 {
				t.Errorf("the ledger knows message %q: %s, want the one with the pictures", e.Message, describe(m))
			}
		})
	}
	t.Run("if it cannot look, it posts nothing more", func(t *testing.T) {
		t.Parallel()
		h, _, i := interrupted(t)
		h.clock.forward(time.Hour)
		h.refuse(http.MethodGet, `^/channels/\d+/messages$`, 50013)
		h.start()
		h.done(i)
		if n := h.shown(h.home.Channel.ID); n != 1 {
			t.Errorf("messages with pictures: got %d, want the one that was posted", n)
		}
		h.says(h.ask("inbox"), "I may have posted them already")
	})
}
