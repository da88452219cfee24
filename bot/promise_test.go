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

// dying is a ledger whose bot dies, for all it can tell, between Discord's taking an answer and the next line.
type dying struct {
	bot.Ledger
	down atomic.Bool
}

var errDying = errors.New("the bot died here")

func (d *dying) Answered(ctx context.Context, id, message string) (bool, error) {
	if d.down.Load() {
		return false, errDying
	}
	return d.Ledger.Answered(ctx, id, message)
}

func (d *dying) Acknowledged(ctx context.Context, id string) (bool, error) {
	if d.down.Load() {
		return false, errDying
	}
	return d.Ledger.Acknowledged(ctx, id)
}

// TestAPromiseWhoseMessageNobodyNoted: the bot dies at that moment and comes back when the token is dead.
func TestAPromiseWhoseMessageNobodyNoted(t *testing.T) {
	t.Parallel()
	promised := func(t *testing.T) (*house, sandbox.Interaction, sandbox.Message) {
		h := build(t, sandbox.Options{})
		d := &dying{}
		h.ledgerFor = func(l bot.Ledger) bot.Ledger { d.Ledger = l; return d }
		d.down.Store(true)
		stop := h.start()
		h.ready()
		i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
		m := h.says(i, "in line")
		stop()
		if e := h.entry(i); e.State != store.Accepted || e.Message != "" {
			t.Fatalf("before the bot is back: got %s and message %q, want neither noted", e.State, e.Message)
		}
		d.down.Store(false)
		h.clock.forward(20 * time.Minute)
		return h, i, m
	}
	t.Run("is found in the channel and kept", func(t *testing.T) {
		t.Parallel()
		h, i, m := promised(t)
		h.start()
		h.poll("it to be acknowledged", func() bool { e := h.entry(i); return e.State == store.Waiting && e.Message == m.ID })
		h.bench()
		_, err := h.box.WaitMessage(h.ctx, h.home.Member.ID, h.home.Channel.ID, func(m sandbox.Message) bool { return len(m.Attachments) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
	})
	t.Run("is none when the message was deleted", func(t *testing.T) {
		t.Parallel()
		h, i, m := promised(t)
		if err := h.box.DeleteMessage(h.home.Moderator.ID, m.ID); err != nil {
			t.Fatal(err)
		}
		h.start()
		h.poll("it to expire", func() bool { return h.entry(i).State == store.Expired })
	})
	for name, fault := range map[string]sandbox.Fault{
		"is neither kept nor broken while Discord does not answer": {Status: http.StatusBadGateway},
		"nor while the bot may not look":                           {Status: http.StatusForbidden, Code: 50001, Message: "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, i, m := promised(t)
			h.box.Rules().Allow("forbidden")
			met := make(chan struct{}, 1)
			fault.Method, fault.Path, fault.Times, fault.Met = http.MethodGet, regexp.MustCompile("^/channels/.*/messages$"), -1, met
			mend := h.box.Fail(fault)
			h.start()
			select {
			case <-met:
			case <-h.ctx.Done():
				t.Fatal("nobody looked for the message")
			}
			if s := h.entry(i).State; s != store.Accepted {
				t.Errorf("state: got %s, want it undecided", s)
			}
			mend()
			h.clock.forward(25 * time.Minute) // who is turned away asks again when twice the time has passed
			h.poll("it to be acknowledged", func() bool { e := h.entry(i); return e.State == store.Waiting && e.Message == m.ID })
		})
	}
}
