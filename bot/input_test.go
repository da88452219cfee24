package bot_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/render/request"
	"darkroom/store"
)

func TestJobWithoutItsInputFails(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	broken := func() sandbox.Interaction {
		return h.command(
			"imagine", sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.png", plainPNG(30, 1)[:60]),
		)
	}
	t.Run("nothing offers to try again", func(t *testing.T) {
		i := broken()
		m := h.waitText(i, "the start image is damaged")
		if got, want := buttons(m.Components), []string{"1:delete:" + i.ID + "-0:0"}; !slices.Equal(got, want) {
			t.Errorf("buttons: got %q, want %q", got, want)
		}
		if !strings.Contains(m.Text(), "Not counted against your limits") {
			t.Errorf("got %q, want it to say that it costs nothing", m.Text())
		}
	})
	t.Run("its end is shown once Discord works again", func(t *testing.T) {
		repair := h.sandbox.Fail(
			sandbox.Fault{
				Method: http.MethodGet, Path: regexp.MustCompile("^/webhooks/"), Times: -1, Status: http.StatusBadGateway,
			},
		)
		i := broken()
		h.pollUntil("it not to be shown", func() bool {
			return strings.Contains(h.log.String(), "a message could not be corrected")
		})
		repair()
		h.waitText(i, "the start image is damaged")
	})
}

// TestLinkAtTheStartOfAPrompt starts from an image that was posted before, by its link in front of the words.
func TestLinkAtTheStartOfAPrompt(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	posted := h.waitPictures(h.command("imagine", sandbox.With("prompt", "a red boat")), 4)
	i := h.command("imagine", sandbox.With("prompt", "<"+posted.Files[0].URL+"> a blue boat --iw 2"))
	h.waitPictures(i, 4)
	if s := h.spec(i); s.Prompt != "a blue boat" || s.Init == nil {
		t.Errorf("got prompt %q and start image %v, want the link as the start image", s.Prompt, s.Init)
	}
	refused := h.command("imagine", sandbox.With("prompt", "https://example.org/a.png a blue boat"))
	h.waitText(refused, "leads to example.org")
}

func TestSlowInputsBlockNobody(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
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
	stop := h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a boat"))
	stop()
	start, err := json.Marshal(request.InitImage{File: request.Attachment{URL: slow.URL + "/a.png"}, Strength: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	like := h.job(i)
	for _, id := range []string{"901-0", "902-0", "903-0", "904-0", "905-0", "906-0"} {
		e := like
		e.ID, e.PendingInputs = id, start
		e.Address = message.Address{
			Channel: h.defaults.Channel.ID, User: e.User, Expires: time.Now(), Card: true,
		}.Encode()
		if err := h.db.Accept(h.ctx, []store.Job{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.db.Acknowledge(h.ctx, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	_ = h.queue.Close()
	h.newQueue()
	h.startBot()
	h.startRenderer()
	h.waitPictures(i, 4)
	close(release)
	h.pollUntil("the others to be in the queue too", func() bool {
		for _, id := range []string{"901-0", "906-0"} {
			if e, err := h.db.Find(h.ctx, id); err != nil || e.Epoch == 0 || len(e.Inputs) != 1 {
				return false
			}
		}
		return true
	})
}

func TestQueueShowsUndeliveredJob(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Fail(sandbox.Fault{Method: http.MethodPatch, Path: regexp.MustCompile(`^/channels/\d+/messages/`),
		Times: -1, Status: http.StatusBadGateway})
	h.imagineLate()
	h.pollUntil("the delivery to be put off", func() bool {
		return strings.Contains(h.log.String(), "are not delivered yet")
	})
	h.waitText(h.command("queue"), "a red boat — finished, being delivered")
}

// busyHost answers the first requests with 503.
type busyHost struct{ left atomic.Int32 }

// RoundTrip answers, or passes the request on.
func (b *busyHost) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.left.Add(-1) >= 0 {
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func TestStartPictureIsFetchedAgain(t *testing.T) {
	t.Parallel()
	h, busy := newCluster(t, sandbox.Options{}), &busyHost{}
	busy.left.Store(2)
	h.http = &http.Client{Transport: busy}
	h.startBot()
	h.startRenderer()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.png", plainPNG(30, 1)))
	h.waitPictures(i, 4)
	if e := h.waitDone(i); len(e.Inputs) != 1 || busy.left.Load() > 0 {
		t.Errorf("inputs: got %q, want the start picture, after two refusals", e.Inputs)
	}
}
