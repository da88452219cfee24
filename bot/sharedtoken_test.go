package bot_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// slowStore takes its time before it tells a server's limits.
type slowStore struct{ bot.Store }

func (s slowStore) PolicyAndWeights(ctx context.Context, server string) (store.Policy, map[string]int, error) {
	select {
	case <-ctx.Done():
	case <-time.After(300 * time.Millisecond):
	}
	return s.Store.PolicyAndWeights(ctx, server)
}

// TestTwoBotsWithOneToken: a second bot, with a database and a queue of its own, gets the token of a bot that runs.
func TestTwoBotsWithOneToken(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.clock.advance(time.Hour) // the first one has answered alone for a while
	h.sandbox.Rules().Allow("responded to an interaction twice")
	second := *h // with the same Discord
	second.log, second.renderer = &logBuffer{}, &fakeRenderer{}
	second.openStore()
	second.newQueue()
	second.wrapStore = func(s bot.Store) bot.Store { return slowStore{s} } // so the first one is faster
	second.startBot()
	second.startRenderer()
	second.pollUntil("its epoch", func() bool {
		_, empty, err := second.queue.Epoch(h.ctx)
		return err == nil && !empty
	})
	second.pollUntil("its catalog", func() bool {
		text, err := second.db.Meta(h.ctx, "offer")
		return err == nil && text != ""
	})

	const told = "another program answers with this bot's token"
	i := h.command("imagine", sandbox.With("prompt", "a {red, blue} boat"), sandbox.With("count", 1))
	h.waitPictureMessages(2)
	second.pollUntil("it to notice", func() bool { return strings.Contains(second.log.String(), told) })
	for _, id := range []string{i.ID + "-0", i.ID + "-1"} {
		second.pollUntil("it to give the job up", func() bool {
			j, err := second.db.Find(h.ctx, id)
			return err == nil && j.State == store.Expired
		})
	}
	later := h.command("imagine", sandbox.With("prompt", "a blue star"))
	m := h.waitPictures(later, 4)
	h.waitText(h.more(h.defaults.Member.ID, m, "info", later.ID+"-0"), "a blue star")
	time.Sleep(500 * time.Millisecond) // longer than the second one takes
	if _, err := second.db.Find(h.ctx, later.ID+"-0"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the second bot goes on: find gave %v, want no such job", err)
	}
	if n := len(second.renderer.specs()); n != 0 {
		t.Errorf("the second one painted %d, want none", n)
	}
	if n := strings.Count(second.log.String(), told); n != 1 {
		t.Errorf("the second one said so %d times, want once:\n%s", n, second.log)
	}
	if strings.Contains(h.log.String(), told) {
		t.Errorf("the first one was disturbed:\n%s", h.log)
	}
	if got, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID); len(got.Files) != 4 {
		t.Errorf("the gallery was replaced: %s", describe(got))
	}
}
