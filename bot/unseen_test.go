package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

func TestWhatMayHaveBeenPostedUnseenGoesIntoTheInboxAlone(t *testing.T) {
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
			h := open(t)
			h.box.Rules().Allow("forbidden")
			me, here := h.home.Member.ID, h.home.Channel.ID
			defer h.brush.stay()()
			i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
			h.says(i, "Painting")
			h.box.SetBotPermissions(here, 0)
			e := h.entry(i)
			d := queue.Delivery{Job: e.ID, Reply: e.Reply, Look: c.look, Files: []queue.Attachment{{Name: "a.png", Bytes: []byte("picture")}}}
			if err := h.line.PutTray(h.ctx, d); err != nil {
				t.Fatal(err)
			}
			e = h.done(i)
			if n := h.shown(must(h.box.DM(me)).ID); n != c.direct {
				t.Errorf("direct messages with pictures: got %d, want %d; outcome %s", n, c.direct, e.Outcome)
			}
			if got := strings.Count(string(e.Outcome), `"inbox"`); got != c.inbox {
				t.Errorf("outcome: got %s, want in the inbox: %d", e.Outcome, c.inbox)
			}
		})
	}
}
