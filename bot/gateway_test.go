package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/gateway"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// startImpatientCluster starts a cluster with a bot that notices within a moment when the gateway misbehaves.
func startImpatientCluster(t *testing.T) *cluster {
	t.Helper()
	h := newCluster(t, sandbox.Options{Heartbeat: 50 * time.Millisecond})
	h.intervals.GatewayIdle, h.intervals.GatewayOpen = 800*time.Millisecond, 2*time.Second
	h.startBot()
	h.waitReady()
	return h
}

// waitResponsive waits until the bot answers.
func (h *cluster) waitResponsive() {
	h.t.Helper()
	h.pollUntil("an answer", func() bool {
		i := h.command("queue")
		ctx, cancel := context.WithTimeout(h.ctx, time.Second)
		defer cancel()
		_, err := h.sandbox.WaitAnswer(ctx, i.ID)
		return err == nil
	})
}

func TestGatewayTrouble(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		trouble func(*cluster)
	}{
		{"a broken connection", func(h *cluster) { h.sandbox.Gateway.Drop() }},
		{"a request to reconnect", func(h *cluster) { h.sandbox.Gateway.Reconnect() }},
		{"a session that became invalid", func(h *cluster) { h.sandbox.Gateway.Invalidate(false) }},
		{"a session that was forgotten", func(h *cluster) { h.sandbox.Gateway.Forget(); h.sandbox.Gateway.Drop() }},
		{"a resume that is greeted with op 7, which locks discordgo up", func(h *cluster) {
			h.sandbox.Gateway.GreetResume(7)
			h.sandbox.Gateway.Drop()
		}},
		{"a resume that is greeted with op 11, which locks discordgo up", func(h *cluster) {
			h.sandbox.Gateway.GreetResume(11)
			h.sandbox.Gateway.Drop()
		}},
		{"a close that ends the session", func(h *cluster) { h.sandbox.Gateway.HangUp(4009, "session timed out") }},
		{"a connection that says nothing more", func(h *cluster) {
			h.sandbox.Gateway.Silence(true)
			before := strings.Count(h.log.String(), "gateway")
			time.AfterFunc(1500*time.Millisecond, func() { h.sandbox.Gateway.Silence(false) })
			_ = before
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := startImpatientCluster(t)
			h.sandbox.Rules().Allow("unanswered") // what is asked while the bot is away is lost
			c.trouble(h)
			h.waitResponsive()
		})
	}
}

func TestRepeatedEventsPaintOnce(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Gateway.Duplicate(3)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(i, 4)
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	if n := len(h.renderer.specs()); n != 1 {
		t.Errorf("paintings: got %d, want 1", n)
	}
}

func TestUnknownEventsAreIgnored(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Gateway.Send("SOMETHING_NEW", map[string]any{"id": 1})
	h.sandbox.Gateway.Send("INTERACTION_CREATE", map[string]any{"id": []int{1}, "type": "x"})
	h.waitResponsive()
}

func TestWrongTokenEndsTheBot(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("")
	b, err := bot.New(bot.Parts{
		Store: h.db, Queue: h.queue, Discord: rest.NewClient(rest.Options{Base: h.sandbox.API(), Token: "wrong"}),
		Options: bot.Options{Token: "wrong", Base: h.sandbox.API()},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(h.ctx); !errors.Is(err, gateway.ErrRefused) {
		t.Errorf("run: got %v, want ErrRefused", err)
	}
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	_, err := bot.New(bot.Parts{})
	for _, want := range []string{"no store", "no queue", "no Discord client", "no token"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("new: got %v, want %q in it", err, want)
		}
	}
}
