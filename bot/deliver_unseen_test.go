package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

func TestMaybePostedUnseenGoesToInbox(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		look          bool
		direct, inbox int
	}{
		"a renderer may have posted it before": {true, 0, 1},
		"no renderer had it before":            {false, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startCluster(t)
			h.sandbox.Rules().Allow("forbidden")
			me, here := h.defaults.Member.ID, h.defaults.Channel.ID
			defer h.renderer.pause()()
			i := h.command("imagine", sandbox.With("prompt", "a red boat"))
			h.waitText(i, "Generating")
			h.sandbox.SetBotPermissions(here, 0)
			e := h.job(i)
			d := queue.Undelivered{
				Job: e.ID, Address: e.Address, MaybePosted: c.look,
				Files: []queue.Attachment{{Name: "a.png", Bytes: []byte("picture")}},
			}
			if err := h.queue.PutUndelivered(h.ctx, d); err != nil {
				t.Fatal(err)
			}
			e = h.waitDone(i)
			if n := h.countPictureMessages(must(h.sandbox.DM(me)).ID); n != c.direct {
				t.Errorf("direct messages with pictures: got %d, want %d; outcome %s", n, c.direct, e.Outcome)
			}
			if got := strings.Count(string(e.Outcome), `"inbox"`); got != c.inbox {
				t.Errorf("outcome: got %s, want in the inbox: %d", e.Outcome, c.inbox)
			}
		})
	}
}
