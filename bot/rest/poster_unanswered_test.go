package rest_test

import (
	"context"
	"testing"

	"darkroom/bot/rest"
	"darkroom/queue"
)

// A post whose answer was lost may have arrived. If the place is closed to the bot when it is repeated, whoever finds the
// pictures in the tray must know that.
func TestUnansweredPostIsMaybePosted(t *testing.T) {
	t.Parallel()
	_, c := startServer(t, respondWith(502, ``), respondWith(502, ``), respondWith(502, ``), respondWith(502, ``), respondWith(403, `{"code":50001}`))
	undelivered := &fakeUndelivered{}
	p := rest.NewPoster(c, undelivered)
	for range 6 {
		out, err := p.Post(context.Background(), job(t, freshAddress()), result)
		if err == nil && out.Delivered == "tray" {
			break
		}
	}
	if len(undelivered.results) != 1 || !undelivered.results[0].MaybePosted {
		t.Errorf("tray holds %+v, want the pictures, with Look", undelivered.results)
	}
}

// Who gets a job whose pictures lie in the tray leaves it to the bot, which may be posting them at this moment.
func TestUndeliveredJobIsLeftToTheBot(t *testing.T) {
	t.Parallel()
	_, c := startServer(t)
	undelivered := &fakeUndelivered{results: []queue.Undelivered{{Job: "1-0"}}}
	found, out, err := rest.NewPoster(c, undelivered).FindPosted(t.Context(), job(t, freshAddress()))
	if err != nil || !found || out.Delivered != rest.DeliveredLater {
		t.Errorf("got %v, %+v, %v; want it found in the tray", found, out, err)
	}
}
