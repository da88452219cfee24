package bot_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// finishes matches the moment that a waiting message foretells.
var finishes = regexp.MustCompile(`finished <t:(\d+):R>`)

func TestWaitingMessagesForetellTheirEnd(t *testing.T) {
	t.Parallel()
	h := open(t)
	release := h.brush.stay()
	defer release()
	first := h.ask("imagine", sandbox.With("prompt", "a boat"))
	h.says(first, "Painting")
	h.poll("the ledger to say running", func() bool { return h.entry(first).State == store.Running })
	asked := h.clock.now()
	cost := time.Duration(h.entry(first).Cost) * time.Millisecond
	for n := 1; n <= 2; n++ {
		i := h.queued(sandbox.With("prompt", "a boat"))
		m := h.says(i, fmt.Sprintf("#%d in line, finished", n))
		told := finishes.FindStringSubmatch(m.Content)
		if told == nil {
			t.Fatalf("got %q, want a moment", m.Content)
		}
		at := time.Unix(must(strconv.ParseInt(told[1], 10, 64)), 0)
		// The one that is painted is 37 % through, and a moment is told in whole seconds.
		if in, least, most := at.Sub(asked), time.Duration(n)*cost-time.Second, time.Duration(n+1)*cost+5*time.Second; in < least || in > most {
			t.Errorf("#%d: told to be finished in %v, want between %v and %v", n, in, least, most)
		}
	}
	h.says(h.ask("queue"), "#1 in line, finished")
}

func TestAPlaceThatMovesBackSaysWhy(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	h.queued(sandbox.With("prompt", "a boat"))
	second := h.queued(sandbox.With("prompt", "a star"))
	h.says(second, "#2 in line")
	h.poll("it to say why newcomers came before it", func() bool { // another person, who had nothing yet
		i := h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1))
		h.answer(i, "an answer", nil)
		m, _ := h.box.MessageSeen(h.home.Member.ID, h.entry(second).Message)
		return strings.Contains(m.Content, ": others who have had less of the time came in between")
	})
}

func TestAPausedServerWaitsAsAWhole(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	stop := h.start()
	h.ready()
	limits := func(options ...sandbox.Option) {
		t.Helper()
		h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "limits set", options...), "from now on")
	}
	i := h.queued(sandbox.With("prompt", "a red boat"))
	limits(sandbox.With("paused", true), sandbox.With("reason", "it is night"))
	h.says(i, "painting is paused: it is night")
	h.says(h.ask("queue"), "#1 in line, paused")
	h.bench()
	dm := must(h.box.DM(h.home.Member.ID))
	h.painted(h.askAs(h.home.Member.ID, dm.ID, "imagine", sandbox.With("prompt", "a blue star")), 4)
	paused := func() bool {
		all, err := h.line.Pauses(h.ctx)
		return err == nil && len(all) == 1 && all[0].Scope == queue.Scope{Server: h.home.Guild.ID} && all[0].Reason == "it is night"
	}
	if e := h.entry(i); e.State != store.Waiting || !paused() {
		t.Errorf("the job of the paused server: %s, paused in the queue: %v; want it waiting", e.State, paused())
	}
	stop()
	_ = h.line.Close()
	h.fresh()
	h.start()
	h.poll("the emptied queue to be paused again", paused)
	h.poll("the job to be in it", func() bool { return h.entry(i).Epoch == 2 })
	limits(sandbox.With("paused", false))
	h.bench()
	h.painted(i, 4)
}

func TestAPauseThatTheQueueDidNotHearIsToldLater(t *testing.T) {
	t.Parallel()
	h, cut := severable(t)
	h.ready()
	cut.down.Store(true)
	h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "limits set", sandbox.With("paused", true)), "The queue does not answer")
	cut.down.Store(false)
	h.poll("the queue to be told", func() bool { all, err := h.line.Pauses(h.ctx); return err == nil && len(all) == 1 })
}

func TestRolesHaveWeights(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	const role, other = "777000000000000001", "777000000000000002"
	limits := func(role string, weight int) sandbox.Interaction {
		return h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "limits role", sandbox.With("role", role), sandbox.With("weight", weight))
	}
	h.says(limits(role, 5), "from 10 to 1000")
	h.says(limits(role, 200), "Weight of <@&"+role+">: 200 %")
	h.says(limits(other, 50), "Weight of <@&"+other+">: 50 %")
	h.says(limits(h.home.Guild.ID, 80), "Weight of @everyone: 80 %")
	for _, c := range []struct {
		roles []string
		want  int
	}{{nil, 80}, {[]string{other}, 80}, {[]string{other, role}, 200}} {
		h.box.SetMemberRoles(h.home.Member.ID, c.roles...)
		i := h.queued(sandbox.With("prompt", "a boat"))
		if got := h.entry(i).Weight; got != c.want {
			t.Errorf("weight with roles %q: got %d, want %d", c.roles, got, c.want)
		}
	}
	dm := must(h.box.DM(h.home.Member.ID))
	i := h.askAs(h.home.Member.ID, dm.ID, "imagine", sandbox.With("prompt", "a boat"))
	h.answer(i, "an answer", nil)
	if got := h.entry(i).Weight; got != 0 {
		t.Errorf("weight in direct messages: got %d, want none", got)
	}
	if m := h.says(limits(role, 0), "Weight of @everyone"); strings.Contains(m.Content, role) {
		t.Errorf("got %s, want the weight gone", describe(m))
	}
}
