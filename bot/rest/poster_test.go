package rest_test

import (
	"context"
	"errors"
	"image"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/rest"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render/picture"
)

// fakeUndelivered keeps what is put into it, or refuses with err.
type fakeUndelivered struct {
	results []queue.Undelivered
	err     error
}

func (s *fakeUndelivered) PutUndelivered(_ context.Context, d queue.Undelivered) error {
	if s.err == nil {
		s.results = append(s.results, d)
	}
	return s.err
}

func (s *fakeUndelivered) IsUndelivered(_ context.Context, job string) (bool, error) {
	return slices.ContainsFunc(s.results, func(d queue.Undelivered) bool { return d.Job == job }), s.err
}

func job(t *testing.T, to message.Address) queue.Job {
	t.Helper()
	spec := picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111, Prompt: "a red boat", Width: 128,
		Height: 128,
		Count:  2, Steps: 4, Sampler: "ddim", Seed: 7,
	}
	b, err := spec.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return queue.Job{ID: "1-0", Spec: b, Address: to.Encode()}
}

var result = worker.Result{Images: []worker.Image{
	{Name: "1-0-1.png", Data: []byte("one"), File: queue.File{Name: "1-0-1.png", Seed: 7, Width: 128, Height: 128}},
	{Name: "1-0-2.png", Data: []byte("two"), File: queue.File{Name: "1-0-2.png", Seed: 8, Width: 128, Height: 128}},
}}

func freshAddress() message.Address {
	fresh := address
	fresh.Expires = time.Now().Add(14 * time.Minute)
	return fresh
}

func expiredAddress() message.Address {
	stale := address
	stale.Expires = time.Now().Add(-time.Minute)
	return stale
}

func TestPost(t *testing.T) {
	t.Parallel()
	t.Run("shows the pictures with their buttons in the one message", func(t *testing.T) {
		t.Parallel()
		s, c := startServer(t, respondWith(200, `{"id":"9","channel_id":"5"}`))
		out, err := rest.NewPoster(c, &fakeUndelivered{}).Post(context.Background(), job(t, freshAddress()), result)
		if err != nil || out.Delivered != "posted" || out.Message != "9" || len(out.Files) != 2 {
			t.Fatalf("Post = %+v, %v", out, err)
		}
		body, files := payload(t, s.requests()[0])
		if files["files[1]=1-0-2.png"] != "two" || !strings.Contains(body["content"].(string), "a red boat") {
			t.Errorf("posted %v with files %v", body, files)
		}
	})
	for name, c := range map[string]struct {
		to        message.Address
		answer    func(http.ResponseWriter)
		full      error
		delivered string
		final     bool
	}{
		"a deleted message stays deleted": {
			to: freshAddress(), answer: respondWith(404, `{"code":10008}`), delivered: "removed",
		},
		"a token that Discord calls expired: undelivered": {
			to: freshAddress(), answer: respondWith(401, `{"code":50027}`), delivered: "tray",
		},
		"a token that is known to be expired: undelivered": {to: expiredAddress(), delivered: "tray"},
		"a channel that is closed to the bot: undelivered": {
			to: freshAddress(), answer: respondWith(403, `{"code":50013}`), delivered: "tray",
		},
		"no room: the bot will offer them":   {to: expiredAddress(), full: queue.ErrUndeliveredFull, delivered: "stranded"},
		"files that are too large are final": {to: freshAddress(), answer: respondWith(413, `{"code":40005}`), final: true},
		"a body that Discord refuses: undelivered": {
			to: freshAddress(), answer: respondWith(400, `{"code":50035}`), delivered: "tray",
		},
		"a proxy that blocks: undelivered": {to: freshAddress(), answer: respondWith(403, `<html>`), delivered: "tray"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := c.answer
			if answer == nil {
				answer = func(http.ResponseWriter) { t.Error("a request was sent, want none") }
			}
			_, client := startServer(t, answer)
			undelivered := &fakeUndelivered{err: c.full}
			out, err := rest.NewPoster(client, undelivered).Post(context.Background(), job(t, c.to), result)
			var final *worker.FinalError
			if errors.As(err, &final) != c.final || out.Delivered != c.delivered {
				t.Fatalf("Post = %+v, %v; want %q, final %v", out, err, c.delivered, c.final)
			}
			if c.delivered == "tray" &&
				(len(undelivered.results) != 1 || string(undelivered.results[0].Files[1].Bytes) != "two") {
				t.Errorf("undelivered: got %+v", undelivered.results)
			}
		})
	}
}

func TestUnreadableJobsAreFinal(t *testing.T) {
	t.Parallel()
	_, c := startServer(t, func(http.ResponseWriter) { t.Error("a request was sent, want none") })
	j := job(t, freshAddress())
	j.Address = []byte(`[]`)
	var final *worker.FinalError
	if _, _, err := rest.NewPoster(c, &fakeUndelivered{}).FindPosted(context.Background(), j); !errors.As(err, &final) {
		t.Errorf("Look: %v, want a final error", err)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	s, c := startServer(t, respondWith(200, `{}`))
	p := rest.NewPoster(c, &fakeUndelivered{})
	asked := 0
	preview := func() image.Image { asked++; return image.NewNRGBA(image.Rect(0, 0, 2, 2)) }
	for percent := range 5 {
		if err := p.Progress(context.Background(), job(t, freshAddress()), 20*percent, preview); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.requests()); n != 5 || asked != 5 {
		t.Errorf("%d edits and %d previews, want 5 and 5: the worker decides how often", n, asked)
	}
	if body, _ := payload(t, s.requests()[4]); !strings.Contains(body["content"].(string), "80%") {
		t.Errorf("the last edit says %q, want the newest state", body["content"])
	}
	if body, files := payload(t, s.requests()[0]); len(files) != 1 || len(body["attachments"].([]any)) != 1 {
		t.Errorf("progress carries files %v and attachments %v, want the preview alone", files, body["attachments"])
	}
}

func TestFindPosted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		found  bool
		how    string
	}{
		"its pictures are there": {
			200,
			`{"id":"9","attachments":[{"id":"1","filename":"a.png"}],` +
				`"components":[{"components":[{"custom_id":"1:remix:1-0:0"}]}]}`,
			true,
			"found",
		},
		"it was deleted": {404, `{"code":10008}`, true, "removed"},
		"only a preview is": {
			200,
			`{"id":"9","attachments":[{"id":"1"}],"components":[{"components":[{"custom_id":"1:cancel:1-0:0"}]}]}`,
			false,
			"",
		},
		"another job's are": {
			200,
			`{"id":"9","attachments":[{"id":"1"}],"components":[{"components":[{"custom_id":"1:remix:2-0:0"}]}]}`,
			false,
			"",
		},
		"the token is old": {401, `{"code":50027}`, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := startServer(t, respondWith(c.status, c.body))
			found, out, err := rest.NewPoster(client, &fakeUndelivered{}).FindPosted(
				context.Background(), job(t, freshAddress()),
			)
			if err != nil || found != c.found || out.Delivered != c.how {
				t.Errorf("Look = %v, %+v, %v; want %v, %q", found, out, err, c.found, c.how)
			}
		})
	}
}

func TestPostTrustsNoTokenShortlyBeforeItsEnd(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]string{
		10 * time.Second: rest.DeliveredLater,
		30 * time.Second: rest.DeliveredPosted,
	} {
		t.Run(left.String(), func(t *testing.T) {
			t.Parallel()
			_, c := startServer(t, respondWith(200, `{"id":"9"}`))
			to := address
			to.Expires = time.Now().Add(left)
			out, err := rest.NewPoster(c, &fakeUndelivered{}).Post(t.Context(), job(t, to), result)
			if err != nil || out.Delivered != want {
				t.Errorf("got %q, %v, want %q", out.Delivered, err, want)
			}
		})
	}
}

// A place that answers 500 keeps the renderer for one request with its repetitions. Then the result is left to the bot,
// which may use the token; a token that was refused it may not use.
func TestPostLeavesWhatAPlaceDoesNotTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer   func(http.ResponseWriter)
		requests int
		token    string
		maybe    bool
	}{
		"500":               {respondWith(500, ``), 5, address.Token, true},
		"a proxy's 403":     {respondWith(403, `<html>`), 1, address.Token, true},
		"thread archived":   {respondWith(400, `{"code":50083}`), 1, "", false},
		"an expired token":  {respondWith(401, `{"code":50027}`), 1, "", false},
		"a 401 of no token": {respondWith(401, `<html>`), 1, address.Token, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, client := startServer(t, c.answer)
			undelivered := &fakeUndelivered{}
			out, err := rest.NewPoster(client, undelivered).Post(t.Context(), job(t, freshAddress()), result)
			if err != nil || out.Delivered != rest.DeliveredLater || len(undelivered.results) != 1 {
				t.Fatalf("got %+v, %v, with %d results; want one left", out, err, len(undelivered.results))
			}
			left := undelivered.results[0]
			to, err := message.DecodeAddress(left.Address)
			if n := len(s.requests()); n != c.requests || to.Token != c.token || left.MaybePosted != c.maybe || err != nil {
				t.Errorf("got %d requests, token %q, maybe posted %v; want %d, %q, %v",
					n, to.Token, left.MaybePosted, c.requests, c.token, c.maybe)
			}
		})
	}
	t.Run("unless there is no room", func(t *testing.T) {
		t.Parallel()
		_, client := startServer(t, respondWith(403, `<html>`), respondWith(200, `{"id":"9"}`))
		p := rest.NewPoster(client, &fakeUndelivered{err: queue.ErrUndeliveredFull})
		var final *worker.FinalError
		if out, err := p.Post(t.Context(), job(t, freshAddress()), result); err == nil || errors.As(err, &final) {
			t.Errorf("got %+v, %v; want an error that may pass", out, err)
		}
		out, err := p.Post(t.Context(), job(t, freshAddress()), result)
		if err != nil || out.Delivered != rest.DeliveredPosted {
			t.Errorf("again: got %+v, %v; want it posted by the token", out, err)
		}
	})
}
