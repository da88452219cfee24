package rest_test

import (
	"context"
	"errors"
	"testing"

	"darkroom/bot/rest"
	"darkroom/queue"
)

// A post whose answer was lost may have arrived. If the channel is closed to the bot when the post is repeated, the
// bot that finds the undelivered results must know that.
func TestUnansweredPostIsMaybePosted(t *testing.T) {
	t.Parallel()
	_, c := startServer(
		t, respondWith(502, ``), respondWith(502, ``), respondWith(502, ``), respondWith(502, ``),
		respondWith(403, `{"code":50001}`),
	)
	undelivered := &fakeUndelivered{}
	p := rest.NewPoster(c, undelivered)
	for range 6 {
		out, err := p.Post(context.Background(), job(t, freshAddress()), result)
		if err == nil && out.Delivered == "tray" {
			break
		}
	}
	if len(undelivered.results) != 1 || !undelivered.results[0].MaybePosted {
		t.Errorf("undelivered: got %+v, want the pictures, with MaybePosted", undelivered.results)
	}
}

// A renderer that gets a job with undelivered results leaves it to the bot, which may be posting them at this moment.
func TestUndeliveredJobIsLeftToTheBot(t *testing.T) {
	t.Parallel()
	_, c := startServer(t)
	undelivered := &fakeUndelivered{results: []queue.Undelivered{{Job: "1-0"}}}
	found, out, err := rest.NewPoster(c, undelivered).FindPosted(t.Context(), job(t, freshAddress()))
	if err != nil || !found || out.Delivered != rest.DeliveredLater {
		t.Errorf("got %v, %+v, %v; want it found as undelivered", found, out, err)
	}
}

// Images that were left to the bot are not posted by the renderer any more, even if the token works again: the bot may
// have posted them elsewhere.
func TestLeftImagesAreNotPostedLater(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]error{
		"the queue took them": nil, "the queue's answer was lost": errors.New("lost"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, c := startServer(t, respondWith(502, ``), respondWith(403, `{"code":50001}`), respondWith(200, `{"id":"9"}`))
			undelivered := &fakeUndelivered{err: lost}
			p := rest.NewPoster(c, undelivered)
			if _, err := p.Post(t.Context(), job(t, freshAddress()), result); !errors.Is(err, lost) {
				t.Fatalf("post: %v, want %v", err, lost)
			}
			undelivered.err = nil
			out, err := p.Post(t.Context(), job(t, freshAddress()), result)
			if err != nil || out.Delivered != rest.DeliveredLater {
				t.Errorf("posted again: %+v, %v; want the images left to the bot again", out, err)
			}
			if last := undelivered.results[len(undelivered.results)-1]; !last.MaybePosted {
				t.Errorf("left again as %+v, want MaybePosted: the first try was not answered", last)
			}
		})
	}
}
