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

// finishTime matches the ETA of a waiting message.
var finishTime = regexp.MustCompile(`ETA <t:(\d+):R>`)

func TestWaitingMessagesShowETA(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	defer release()
	first := h.command("imagine", sandbox.With("prompt", "a boat"))
	h.waitText(first, "Generating")
	h.pollUntil("the store to say running", func() bool { return h.job(first).State == store.Running })
	asked := h.clock.now()
	cost := time.Duration(h.job(first).Cost) * time.Millisecond
	for n := 1; n <= 2; n++ {
		i := h.imagineQueued(sandbox.With("prompt", "a boat"))
		m := h.waitText(i, fmt.Sprintf("#%d in the queue, ETA", n))
		told := finishTime.FindStringSubmatch(m.Text())
		if told == nil {
			t.Fatalf("got %q, want a moment", m.Text())
		}
		at := time.Unix(must(strconv.ParseInt(told[1], 10, 64)), 0)
		// The one that is painted is 37 % through, and a moment is told in whole seconds.
		in := at.Sub(asked)
		least, most := time.Duration(n)*cost-time.Second, time.Duration(n+1)*cost+5*time.Second
		if in < least || in > most {
			t.Errorf("#%d: finished in %v, want between %v and %v", n, in, least, most)
		}
	}
	h.waitText(h.command("queue"), "#1 in the queue, ETA")
}

func TestPositionThatMovesBackSaysWhy(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	h.imagineQueued(sandbox.With("prompt", "a boat"))
	second := h.imagineQueued(sandbox.With("prompt", "a star"))
	h.waitText(second, "#2 in the queue")
	h.pollUntil("it to say why newcomers came before it", func() bool { // another person, who had nothing yet
		i := h.commandAs(
			h.defaults.Moderator.ID, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", "a boat"),
			sandbox.With("count", 1),
		)
		h.waitAnswer(i, "an answer", nil)
		m, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, h.job(second).Message)
		return strings.Contains(m.Text(), ": people who have used less render time go first")
	})
}

func TestPausedServer(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	limits := func(options ...sandbox.Option) {
		t.Helper()
		h.waitText(h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits set", options...), "Changed:")
	}
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	limits(sandbox.With("paused", true), sandbox.With("reason", "it is night"))
	h.waitText(i, "Paused: it is night")
	h.waitText(h.command("queue"), "#1 in the queue, paused")
	h.startRenderer()
	dm := must(h.sandbox.DM(h.defaults.Member.ID))
	h.waitPictures(h.commandAs(h.defaults.Member.ID, dm.ID, "imagine", sandbox.With("prompt", "a blue star")), 4)
	paused := func() bool {
		all, err := h.queue.Pauses(h.ctx)
		return err == nil && len(all) == 1 && all[0].Scope == queue.Scope{Server: h.defaults.Guild.ID} &&
			all[0].Reason == "it is night"
	}
	if e := h.job(i); e.State != store.Waiting || !paused() {
		t.Errorf("the job of the paused server: %s, paused in the queue: %v; want it waiting", e.State, paused())
	}
	stop()
	_ = h.queue.Close()
	h.newQueue()
	h.startBot()
	h.pollUntil("the emptied queue to be paused again", paused)
	h.pollUntil("the job to be in it", func() bool { return h.job(i).Epoch == 2 })
	limits(sandbox.With("paused", false))
	h.startRenderer()
	h.waitPictures(i, 4)
}

func TestPauseReachesQueueLater(t *testing.T) {
	t.Parallel()
	h, broken := startClusterWithBrokenQueue(t)
	h.waitReady()
	broken.down.Store(true)
	h.waitText(
		h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits set", sandbox.With("paused", true)),
		"The queue cannot be reached",
	)
	broken.down.Store(false)
	h.pollUntil("the queue to be told", func() bool {
		all, err := h.queue.Pauses(h.ctx)
		return err == nil && len(all) == 1
	})
}

func TestRoleWeights(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	const role, other = "777000000000000001", "777000000000000002"
	limits := func(role string, weight int) sandbox.Interaction {
		return h.commandAs(
			h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits role", sandbox.With("role", role),
			sandbox.With("weight", weight),
		)
	}
	h.waitText(limits(role, 5), "from 10 to 1000")
	h.waitText(limits(role, 200), "Weight of <@&"+role+">: 200%")
	h.waitText(limits(other, 50), "Weight of <@&"+other+">: 50%")
	h.waitText(limits(h.defaults.Guild.ID, 80), "Weight of @everyone: 80%")
	for _, c := range []struct {
		roles []string
		want  int
	}{{nil, 80}, {[]string{other}, 80}, {[]string{other, role}, 200}} {
		h.sandbox.SetMemberRoles(h.defaults.Member.ID, c.roles...)
		i := h.imagineQueued(sandbox.With("prompt", "a boat"))
		if got := h.job(i).Weight; got != c.want {
			t.Errorf("weight with roles %q: got %d, want %d", c.roles, got, c.want)
		}
	}
	dm := must(h.sandbox.DM(h.defaults.Member.ID))
	i := h.commandAs(h.defaults.Member.ID, dm.ID, "imagine", sandbox.With("prompt", "a boat"))
	h.waitAnswer(i, "an answer", nil)
	if got := h.job(i).Weight; got != 0 {
		t.Errorf("weight in direct messages: got %d, want none", got)
	}
	if m := h.waitText(limits(role, 0), "Weight of @everyone"); strings.Contains(m.Text(), role) {
		t.Errorf("got %s, want the weight gone", describe(m))
	}
}
