package reply_test

import (
	"context"
	"testing"

	"darkroom/bot/reply"
	"darkroom/queue"
)

// A post whose answer was lost may have arrived. If the place is closed to the bot when it is repeated, whoever finds the
// pictures in the tray must know that.
func TestAPostThatWasNotAnsweredIsTold(t *testing.T) {
	t.Parallel()
	_, c := open(t, say(502, ``), say(502, ``), say(502, ``), say(502, ``), say(403, `{"code":50001}`))
	tray := &shelf{}
	p := reply.NewPoster(c, tray)
	for range 6 {
		out, err := p.Post(context.Background(), job(t, fresh()), made)
		if err == nil && out.Delivered == "tray" {
			break
		}
	}
	if len(tray.put) != 1 || !tray.put[0].Look {
		t.Errorf("tray holds %+v, want the pictures, with Look", tray.put)
	}
}

// Who gets a job whose pictures lie in the tray leaves it to the bot, which may be posting them at this moment.
func TestAJobWhosePicturesLieInTheTrayIsLeftToTheBot(t *testing.T) {
	t.Parallel()
	_, c := open(t)
	tray := &shelf{put: []queue.Delivery{{Job: "1-0"}}}
	found, out, err := reply.NewPoster(c, tray).Look(t.Context(), job(t, fresh()))
	if err != nil || !found || out.Delivered != reply.DeliveredTray {
		t.Errorf("got %v, %+v, %v; want it found in the tray", found, out, err)
	}
}
