package bot_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/admit"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

func TestAJobThatLostItsStartPictureIsNotPaintedWithoutIt(t *testing.T) {
	t.Parallel()
	h := open(t)
	broken := func() sandbox.Interaction {
		return h.ask("imagine", sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.png", plainPNG(30, 1)[:60]))
	}
	t.Run("nothing offers to try again", func(t *testing.T) {
		i := broken()
		m := h.says(i, "the start picture is damaged")
		if got, want := buttons(m.Components), []string{"1:delete:" + i.ID + "-0:0"}; !slices.Equal(got, want) {
			t.Errorf("buttons: got %q, want %q", got, want)
		}
		if !strings.Contains(m.Content, "does not count against your limits") {
			t.Errorf("got %q, want it to say that it costs nothing", m.Content)
		}
	})
	t.Run("its end is told once Discord is well again", func(t *testing.T) {
		mend := h.box.Fail(sandbox.Fault{Method: http.MethodGet, Path: regexp.MustCompile("^/webhooks/"), Times: -1, Status: http.StatusBadGateway})
		i := broken()
		h.poll("it not to be told", func() bool { return strings.Contains(h.log.String(), "a message could not be corrected") })
		mend()
		h.says(i, "the start picture is damaged")
	})
}

func TestStartPicturesThatDoNotComeKeepNobodyWaiting(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
			_, _ = w.Write(plainPNG(24, 9))
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(slow.Close)
	h.cdn = []string{must(url.Parse(slow.URL)).Host}
	stop := h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a boat"))
	stop()
	start, err := json.Marshal(admit.Start{File: admit.Attachment{URL: slow.URL + "/a.png"}, Strength: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	like := h.entry(i)
	for _, id := range []string{"901-0", "902-0", "903-0", "904-0", "905-0", "906-0"} {
		e := like
		e.ID, e.Pending = id, start
		e.Reply = reply.To{Channel: h.home.Channel.ID, User: e.User, Expires: time.Now()}.Encode()
		if err := h.ledger.Accept(h.ctx, []store.Entry{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ledger.Acknowledged(h.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	_ = h.line.Close()
	h.fresh()
	h.start()
	h.bench()
	h.painted(i, 4)
	close(release)
	h.poll("the others to be in line too", func() bool {
		for _, id := range []string{"901-0", "906-0"} {
			if e, err := h.ledger.Find(h.ctx, id); err != nil || e.Epoch == 0 || len(e.Inputs) != 1 {
				return false
			}
		}
		return true
	})
}

func TestTheQueueKnowsWhatIsPaintedAndOnItsWay(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Fail(sandbox.Fault{Method: http.MethodGet, Path: regexp.MustCompile(`^/channels/\d+/messages/`), Times: -1, Status: http.StatusBadGateway})
	h.late()
	h.poll("the delivery to be put off", func() bool { return strings.Contains(h.log.String(), "still in the tray") })
	h.says(h.ask("queue"), "a red boat — painted, on its way")
}
