package bot_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
)

// TestDirectMessagesAreAnswered: whoever writes to the bot learns what it understands, once in a minute.
func TestDirectMessagesAreAnswered(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	direct := must(h.sandbox.DM(me)).ID
	say := func(channel, text string) {
		t.Helper()
		if _, err := h.sandbox.Say(me, channel, text); err != nil {
			t.Fatal(err)
		}
	}
	hints := func(channel string) (all []sandbox.Message) {
		for _, m := range h.sandbox.VisibleMessages(me, channel) {
			if m.Author.Bot && strings.Contains(m.Text(), "I read slash commands only") {
				all = append(all, m)
			}
		}
		return all
	}
	say(h.defaults.Channel.ID, "hello?")
	say(direct, "hello?")
	h.waitFor("an answer", func() bool { return len(hints(direct)) == 1 })
	say(direct, "are you there?")
	hint := hints(direct)[0]
	i := h.click(me, hint.ID, "1:example:0:0:"+modelHash[:16])
	h.waitPictures(i, 4)
	if s := h.spec(i); s.Prompt != "a red boat" {
		t.Errorf("generated %q, want the example", s.Prompt)
	}
	if want := "1:words:" + modelHash[:16] + ":0"; !slices.Contains(buttons(hint.Components), want) {
		t.Errorf("%s has no button that shows what can be painted", describe(hint))
	}
	if n := len(hints(direct)); n != 1 {
		t.Errorf("%d answers within a minute, want 1", n)
	}
	h.clock.advance(time.Minute)
	say(direct, "hello again")
	h.waitFor("another answer", func() bool { return len(hints(direct)) == 2 })
	if n := len(hints(h.defaults.Channel.ID)); n != 0 {
		t.Errorf("%d answers in a server's channel, want none", n)
	}
}
