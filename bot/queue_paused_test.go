package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/store"
)

func TestQueueShowsPauses(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	lanes := picture.Lanes(modelHash) // one for each version of a Spec
	for _, p := range []store.Pause{
		{Kind: "pool", Reason: "the fan is loud"},
		{Kind: "server", Name: h.defaults.Guild.ID, Reason: "it is night"},
		{Kind: "server", Name: "1", Reason: "elsewhere"},
		{Kind: "lane", Name: lanes[0], Reason: "it is ill"},
		{Kind: "lane", Name: "v1:gone"},
	} {
		if err := h.db.Pause(h.ctx, p); err != nil {
			t.Fatal(err)
		}
	}
	h.startBot()
	h.waitReady()
	h.pollUntil("the line to be stopped", func() bool {
		pauses, err := h.queue.Pauses(h.ctx)
		return err == nil && isLanePaused(pauses, lanes[0])
	})
	m := h.waitText(h.command("queue"), "Paused")
	for _, want := range []string{
		"everything: the fan is loud", "this server: it is night", "the model postcards: it is ill",
	} {
		if n := strings.Count(m.Text(), want); n != 1 {
			t.Errorf("%q: got it %d times, want once in:\n%s", want, n, m.Text())
		}
	}
	if n := strings.Count(m.Text(), "Paused"); n != 3 {
		t.Errorf("pauses told: got %d, want 3:\n%s", n, m.Text())
	}
}

func isLanePaused(pauses []queue.Paused, lane string) bool {
	for _, p := range pauses {
		if p.Scope.Lane == lane {
			return true
		}
	}
	return false
}
