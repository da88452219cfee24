package bot_test

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// crashingStore makes the bot die, as far as SQL can know, right after Discord took an answer.
type crashingStore struct {
	bot.Store
	down atomic.Bool
}

var errCrashed = errors.New("the bot died here")

func (d *crashingStore) SetMessage(ctx context.Context, id, message string) (bool, error) {
	if d.down.Load() {
		return false, errCrashed
	}
	return d.Store.SetMessage(ctx, id, message)
}

func (d *crashingStore) Acknowledge(ctx context.Context, id, message string) (bool, error) {
	if d.down.Load() {
		return false, errCrashed
	}
	return d.Store.Acknowledge(ctx, id, message)
}

// TestUnrecordedAcknowledgement: the bot dies at that moment and comes back when the token is dead.
func TestUnrecordedAcknowledgement(t *testing.T) {
	t.Parallel()
	shownThenCrashed := func(t *testing.T) (*cluster, sandbox.Interaction, sandbox.Message) {
		h := newCluster(t, sandbox.Options{})
		d := &crashingStore{}
		h.wrapStore = func(l bot.Store) bot.Store { d.Store = l; return d }
		d.down.Store(true)
		stop := h.startBot()
		h.waitReady()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitText(i, "in the queue")
		stop()
		if e := h.job(i); e.State != store.Accepted || e.Message != "" {
			t.Fatalf("before the bot is back: got %s and message %q, want neither noted", e.State, e.Message)
		}
		d.down.Store(false)
		h.clock.advance(20 * time.Minute)
		return h, i, m
	}
	t.Run("is found in the channel and kept", func(t *testing.T) {
		t.Parallel()
		h, i, m := shownThenCrashed(t)
		h.startBot()
		h.pollUntil("it to be acknowledged", func() bool {
			e := h.job(i)
			return e.State == store.Waiting && e.Message == m.ID
		})
		h.startRenderer()
		_, err := h.sandbox.WaitMessage(h.ctx, h.defaults.Member.ID, h.defaults.Channel.ID, func(m sandbox.Message) bool {
			return len(m.Files) == 4
		})
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
	})
	t.Run("is none when the message was deleted", func(t *testing.T) {
		t.Parallel()
		h, i, m := shownThenCrashed(t)
		if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		h.startBot()
		h.pollUntil("it to expire", func() bool { return h.job(i).State == store.Expired })
	})
	for name, fault := range map[string]sandbox.Fault{
		"is neither kept nor broken while Discord does not answer": {Status: http.StatusBadGateway},
		"nor while the bot may not look": {
			Status: http.StatusForbidden, Code: 50001, Message: "closed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, i, m := shownThenCrashed(t)
			h.sandbox.Rules().Allow("forbidden")
			met := make(chan struct{}, 1)
			fault.Method, fault.Path = http.MethodGet, regexp.MustCompile("^/channels/.*/messages$")
			fault.Times, fault.Matched = -1, met
			repair := h.sandbox.Fail(fault)
			h.startBot()
			select {
			case <-met:
			case <-h.ctx.Done():
				t.Fatal("nobody looked for the message")
			}
			if s := h.job(i).State; s != store.Accepted {
				t.Errorf("state: got %s, want it undecided", s)
			}
			repair()
			h.clock.advance(25 * time.Minute) // who is turned away asks again when twice the time has passed
			h.pollUntil("it to be acknowledged", func() bool {
				e := h.job(i)
				return e.State == store.Waiting && e.Message == m.ID
			})
		})
	}
}
