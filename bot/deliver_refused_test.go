package bot_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/store"
)

// edits are the requests that replace a message, by either token.
var edits = regexp.MustCompile(`^/(webhooks/\d+/[^/]+|channels/\d+)/messages/`)

// endKinds are the ways in which a job is told how it ended.
var endKinds = []struct {
	name  string
	begin func(h *cluster) (i sandbox.Interaction, end func()) // end lets the job end
	text  string                                               // what the end says
}{
	{"the renderer's post", func(h *cluster) (sandbox.Interaction, func()) {
		stop, release := h.startRenderer(), h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitText(i, "Generating")
		return i, func() { release(); h.waitOutOfQueue(); stop() }
	}, "seed"},
	{"a late result", func(h *cluster) (sandbox.Interaction, func()) {
		stop, release := h.startRenderer(), h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitText(i, "Generating")
		h.clock.advance(16 * time.Minute)
		return i, func() { release(); h.waitOutOfQueue(); stop() }
	}, "seed"},
	{"an apology", func(h *cluster) (sandbox.Interaction, func()) {
		i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
		return i, func() {
			stop := h.startRendererWith(failingRenderer{worker.Final("the model is out of paint", nil)})
			h.waitOutOfQueue()
			stop()
			h.pollUntil("the store to say failed", func() bool { return h.job(i).State == store.Failed })
			h.clock.advance(31 * time.Second) // the bot has given up its own try
		}
	}, "out of paint"},
}

// startEndsCluster starts a cluster without a renderer whose undelivered results come up again at once.
func startEndsCluster(t *testing.T) *cluster {
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("forbidden")
	h.sandbox.Rules().Allow("refused")
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{UndeliveredLease: 20 * time.Millisecond})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	h.startBot()
	h.waitReady()
	return h
}

// waitOutOfQueue waits until no job is in the queue.
func (h *cluster) waitOutOfQueue() {
	h.t.Helper()
	h.pollUntil("the queue to be empty", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 0
	})
}

// waitEnd waits until a person sees in one of the places how a job ended, and returns the place: "posted" for its own
// message, "channel", "direct" or "inbox".
func (h *cluster) waitEnd(i sandbox.Interaction, own, text string) (place string) {
	h.t.Helper()
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	dm := must(h.sandbox.DM(me)).ID
	find := func(channel string) string {
		all := h.sandbox.VisibleMessages(me, channel)
		at := slices.IndexFunc(all, func(m sandbox.Message) bool {
			return strings.Contains(m.Text(), text) && slices.ContainsFunc(buttons(m.Components), func(id string) bool {
				return strings.Contains(id, i.ID+"-0")
			})
		})
		if at < 0 {
			return ""
		}
		return all[at].ID
	}
	h.pollUntil("an end that can be seen", func() bool {
		h.clock.advance(100 * time.Millisecond) // pauses between tries are short
		switch id := find(here); {
		case id == own:
			place = "posted"
		case id != "":
			place = "channel"
		case find(dm) != "":
			place = "direct"
		default:
			if d, err := h.db.Delivery(h.ctx, i.ID+"-0"); err == nil && d.State == store.Inbox {
				place = "inbox"
			}
		}
		return place != "" && h.job(i).State.Terminal()
	})
	return place
}

// TestRefusedEndIsSeen has Discord, or the proxy in front of it, refuse the last edit of a job's message. What Discord
// considered goes elsewhere; what the proxy refused passes.
func TestRefusedEndIsSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault sandbox.Fault
		want  string
	}{
		"no access":                   {sandbox.Fault{Code: 50001}, "channel"},
		"no permission":               {sandbox.Fault{Code: 50013}, "channel"},
		"thread archived":             {sandbox.Fault{Code: 50083}, "channel"},
		"thread locked":               {sandbox.Fault{Code: 160005}, "channel"},
		"blocked by moderation":       {sandbox.Fault{Code: 200000}, "channel"},
		"blocked by the link filter":  {sandbox.Fault{Code: 240000}, "channel"},
		"wrong type of channel":       {sandbox.Fault{Code: 50024}, "channel"},
		"the channel's write limit":   {sandbox.Fault{Code: 20028}, "channel"},
		"account not verified":        {sandbox.Fault{Code: 40002}, "channel"},
		"invalid form body":           {sandbox.Fault{Code: 50035}, "channel"},
		"a code that nobody knows":    {sandbox.Fault{Status: 403, Code: 999999}, "channel"},
		"400 with a page":             {sandbox.Fault{Status: 400, HTML: true}, "posted"},
		"401 with a page":             {sandbox.Fault{Status: 401, HTML: true}, "posted"},
		"403 with a page":             {sandbox.Fault{Status: 403, HTML: true}, "posted"},
		"404 with a page":             {sandbox.Fault{Status: 404, HTML: true}, "posted"},
		"408":                         {sandbox.Fault{Status: 408, HTML: true}, "posted"},
		"451 with a page":             {sandbox.Fault{Status: 451, HTML: true}, "posted"},
		"403 without a code":          {sandbox.Fault{Status: 403}, "posted"},
		"403, blocked by the network": {sandbox.Fault{Status: 403, Code: 40333}, "posted"},
		"500":                         {sandbox.Fault{Status: 500}, "posted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startEndsCluster(t)
			for _, kind := range endKinds {
				i, end := kind.begin(h)
				own, _ := h.sandbox.FindInteraction(i.ID)
				f := c.fault
				f.Method, f.Path, f.Times = http.MethodPatch, edits, 3
				if c.want != "posted" {
					f.Times = -1
				}
				repair := h.sandbox.Fail(f)
				painted := len(h.renderer.specs())
				end()
				if got := h.waitEnd(i, own.Original, kind.text); got != c.want {
					t.Errorf("%s: seen in %q, want %q; outcome %s", kind.name, got, c.want, h.job(i).Outcome)
				}
				if n := len(h.renderer.specs()) - painted; n > 1 {
					t.Errorf("%s: rendered %d times, want once", kind.name, n)
				}
				repair()
			}
		})
	}
}

// TestRefusedEndGoesOn has the places of an end refuse it one after another.
func TestRefusedEndGoesOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		closed []sandbox.Fault
		later  time.Duration // how long nothing happens
		want   string
	}{
		"the channel is closed": {
			closed: []sandbox.Fault{
				{Method: http.MethodPatch, Path: edits, Code: 50083},
				{Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Code: 160005, Times: 1},
			},
			want: "direct",
		},
		"and so are direct messages": {
			closed: []sandbox.Fault{
				{Method: http.MethodPatch, Path: edits, Code: 50083},
				{Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Code: 160005},
				{Method: http.MethodPost, Path: regexp.MustCompile(`^/users/@me/channels$`), Code: 50007},
			},
			want: "inbox",
		},
		"a proxy blocks everything for a day": {
			closed: []sandbox.Fault{{Method: http.MethodPatch, HTML: true, Status: 403}},
			later:  25 * time.Hour,
			want:   "inbox",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startEndsCluster(t)
			for _, kind := range endKinds {
				i, end := kind.begin(h)
				own, _ := h.sandbox.FindInteraction(i.ID)
				var repairs []func()
				for _, f := range c.closed {
					if f.Times == 0 {
						f.Times = -1
					}
					repairs = append(repairs, h.sandbox.Fail(f))
				}
				end()
				h.clock.advance(c.later)
				if got := h.waitEnd(i, own.Original, kind.text); got != c.want {
					t.Errorf("%s: seen in %q, want %q; outcome %s", kind.name, got, c.want, h.job(i).Outcome)
				}
				for _, repair := range repairs {
					repair()
				}
				if c.want == "inbox" && kind.name == "an apology" {
					h.waitText(h.command("inbox"), "Failed: the model is out of paint")
				} else if c.want == "inbox" {
					h.waitText(h.command("inbox"), "a red boat")
				}
			}
		})
	}
}
