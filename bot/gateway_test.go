package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// unruly is a house whose gateway misbehaves, with a bot that notices within a moment.
func unruly(t *testing.T) *house {
	t.Helper()
	h := build(t, sandbox.Options{Heartbeat: 50 * time.Millisecond})
	h.pace.Silence, h.pace.Patience = 800*time.Millisecond, 2*time.Second
	h.start()
	h.ready()
	return h
}

// talks tells whether the bot still answers.
func (h *house) talks() {
	h.t.Helper()
	h.poll("an answer", func() bool {
		i := h.ask("queue")
		ctx, cancel := context.WithTimeout(h.ctx, time.Second)
		defer cancel()
		_, err := h.box.WaitAnswer(ctx, i.ID)
		return err == nil
	})
}

func TestGatewayTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		trouble func(*house)
	}{
		{"a broken connection", func(h *house) { h.box.Gateway.Drop() }},
		{"a request to reconnect", func(h *house) { h.box.Gateway.Reconnect() }},
		{"a session that became invalid", func(h *house) { h.box.Gateway.Invalidate(false) }},
		{"a session that was forgotten", func(h *house) { h.box.Gateway.Forget(); h.box.Gateway.Drop() }},
		{"a resume that is greeted with op 7, which locks discordgo up", func(h *house) { h.box.Gateway.GreetResume(7); h.box.Gateway.Drop() }},
		{"a resume that is greeted with op 11, which locks discordgo up", func(h *house) { h.box.Gateway.GreetResume(11); h.box.Gateway.Drop() }},
		{"a close that ends the session", func(h *house) { h.box.Gateway.HangUp(4009, "session timed out") }},
		{"a connection that says nothing more", func(h *house) {
			h.box.Gateway.Silence(true)
			before := strings.Count(h.log.String(), "gateway")
			time.AfterFunc(1500*time.Millisecond, func() { h.box.Gateway.Silence(false) })
			_ = before
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := unruly(t)
			h.box.Rules().Allow("unanswered") // what is asked while the bot is away is lost
			c.trouble(h)
			h.talks()
		})
	}
}

func TestRepeatedEventsPaintOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Gateway.Duplicate(3)
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.painted(i, 4)
	h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
	if n := len(h.brush.specs()); n != 1 {
		t.Errorf("paintings: got %d, want 1", n)
	}
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Gateway.Send("SOMETHING_NEW", map[string]any{"id": 1})
	h.box.Gateway.Send("INTERACTION_CREATE", map[string]any{"id": []int{1}, "type": "x"})
	h.talks()
}

func TestWrongTokenEndsTheBot(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.box.Rules().Allow("")
	b, err := bot.New(bot.Parts{
		Ledger: h.ledger, Line: h.line, Discord: reply.NewClient(reply.Options{Base: h.box.API(), Token: "wrong"}),
		Options: bot.Options{Token: "wrong", Base: h.box.API()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(h.ctx); !errors.Is(err, bot.ErrRefused) {
		t.Errorf("run: got %v, want ErrRefused", err)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := bot.New(bot.Parts{})
	for _, want := range []string{"no ledger", "no line", "no Discord client", "no token"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("new: got %v, want %q in it", err, want)
		}
	}
}
