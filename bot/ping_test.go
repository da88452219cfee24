package bot_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// wantPings has the member be pinged.
func (h *cluster) wantPings() {
	h.t.Helper()
	_, err := h.db.ChangePreferences(h.ctx, h.defaults.Member.ID, func(p *store.Preferences) { p.Ping = true })
	if err != nil {
		h.t.Fatal(err)
	}
}

// slowImagine asks for pictures that take so long.
func (h *cluster) slowImagine(took time.Duration, options ...sandbox.Option) sandbox.Interaction {
	h.t.Helper()
	release := h.renderer.pause()
	i := h.command("imagine", append(options, sandbox.With("prompt", "a red boat"))...)
	h.waitText(i, "Generating")
	h.clock.advance(took)
	release()
	return i
}

// pings are the messages that only ping.
func (h *cluster) pings() (all []sandbox.Message) {
	for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, h.defaults.Channel.ID) {
		if strings.HasSuffix(m.Text(), "Your images are ready.") || strings.HasSuffix(m.Text(), "Your request failed.") {
			all = append(all, m)
		}
	}
	return all
}

// waitPingEnd waits until it is decided about the ping of a job.
func (h *cluster) waitPingEnd(i sandbox.Interaction) store.PostState {
	h.t.Helper()
	var state store.PostState
	h.pollUntil("the ping to be decided about", func() bool {
		p, err := h.db.Post(h.ctx, i.ID+"-0", store.PingPost)
		state = p.State
		return err == nil && (state == store.PostMade || state == store.PostDropped)
	})
	return state
}

func TestPing(t *testing.T) {
	t.Parallel()
	t.Run("one reply to the result", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.wantPings()
		i := h.slowImagine(30 * time.Second)
		grid := h.waitPictures(i, 4)
		if state := h.waitPingEnd(i); state != store.PostMade {
			t.Fatalf("got %s, want it to be made", state)
		}
		all := h.pings()
		if len(all) != 1 {
			t.Fatalf("got %d pings, want one", len(all))
		}
		p := all[0]
		if p.Reference == nil || p.Reference.MessageID != grid.ID || len(p.Pings) != 1 || p.Pings[0] != h.defaults.Member.ID {
			t.Errorf("got a reply to %+v that pings %v, want one to %s that pings its owner", p.Reference, p.Pings, grid.ID)
		}
	})
	t.Run("a failure too", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		h.startBot()
		h.waitReady()
		h.wantPings()
		i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
		h.clock.advance(time.Minute)
		h.startRendererWith(failing)
		m := h.waitText(i, "out of paint")
		h.waitPingEnd(i)
		all := h.pings()
		if len(all) != 1 || all[0].Reference.MessageID != m.ID || !strings.Contains(all[0].Text(), "failed") {
			t.Errorf("got %d pings, want one that tells of a failure", len(all))
		}
	})
	t.Run("none without the wish, after a short time, or of a private request", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		before := h.slowImagine(30 * time.Second)
		h.waitPictures(before, 4)
		h.waitDone(before)
		if p, err := h.db.Post(h.ctx, before.ID+"-0", store.PingPost); err != nil || p != (store.Post{}) {
			t.Errorf("without the wish: got %+v, %v, want nothing", p, err)
		}
		h.wantPings()
		short := h.command("imagine", sandbox.With("prompt", "a red boat"))
		h.waitPictures(short, 4)
		if state := h.waitPingEnd(short); state != store.PostDropped {
			t.Errorf("after a short time: got %s, want it to be dropped", state)
		}
		private := h.slowImagine(30*time.Second, sandbox.With("private", true))
		h.waitPictures(private, 4)
		h.waitDone(private)
		if p, err := h.db.Post(h.ctx, private.ID+"-0", store.PingPost); err != nil || p != (store.Post{}) {
			t.Errorf("of a private request: got %+v, %v, want nothing", p, err)
		}
		if all := h.pings(); len(all) > 0 {
			t.Errorf("got %d pings, want none", len(all))
		}
	})
	t.Run("none if the message is gone", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("refused")
		h.wantPings()
		held := h.refuseRequestsLater(`^/channels/\d+/messages$`)
		i := h.slowImagine(30 * time.Second)
		grid := h.waitPictures(i, 4)
		h.waitDone(i)
		if err := h.sandbox.DeleteMessage(h.defaults.Moderator.ID, grid.ID); err != nil {
			t.Fatal(err)
		}
		held()
		h.pollUntil("the next try", func() bool {
			h.clock.advance(100 * time.Millisecond)
			p, err := h.db.Post(h.ctx, i.ID+"-0", store.PingPost)
			return err == nil && p.State == store.PostDropped
		})
		if all := h.pings(); len(all) > 0 {
			t.Errorf("got %d pings, want none", len(all))
		}
	})
	t.Run("none beside late images that ping by themselves", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.sandbox.Rules().Allow("forbidden")
		h.wantPings()
		h.refuseEdits()
		i := h.slowImagine(16 * time.Minute)
		h.waitDone(i)
		if state := h.waitPingEnd(i); state != store.PostDropped {
			t.Errorf("got %s, want it to be dropped", state)
		}
	})
	for name, later := range map[string]time.Duration{"soon": 0, "after Discord forgot the nonce": time.Hour} {
		t.Run("a bot that dies while it pings does not ping again, "+name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			stop := h.startBot()
			h.startRenderer()
			h.waitReady()
			h.wantPings()
			posts := regexp.MustCompile(`^/channels/\d+/messages$`)
			repair := h.sandbox.Fail(sandbox.Fault{Method: http.MethodPost, Path: posts, Times: -1, Drop: true})
			i := h.slowImagine(30 * time.Second)
			h.waitFor("the ping", func() bool { return len(h.pings()) == 1 })
			stop()
			repair()
			h.clock.advance(later)
			h.startBot()
			h.waitPingEnd(i)
			if all := h.pings(); len(all) != 1 {
				t.Errorf("got %d pings, want one", len(all))
			}
		})
	}
}

// refuseRequestsLater has the proxy in front of Discord answer posts until the returned function is called.
func (h *cluster) refuseRequestsLater(path string) (stop func()) {
	h.t.Helper()
	return h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodPost, Path: regexp.MustCompile(path), Times: -1, Status: http.StatusForbidden, HTML: true,
	})
}
