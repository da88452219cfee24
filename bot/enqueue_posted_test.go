package bot_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// TestMaybePostedPicturesAreLeftToTheBot has the bot post late pictures without hearing of it, and Redis
// forget them: the renderer that gets the job again has a good token, but must not use it.
func TestMaybePostedPicturesAreLeftToTheBot(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("dead-token") // it is refused for a while only
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{ReclaimGrace: time.Millisecond})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	stop := h.startBot()
	h.startRenderer()
	h.waitReady()
	refused := h.sandbox.Fail(
		sandbox.Fault{
			Method: http.MethodPatch, Path: regexp.MustCompile(`^/webhooks/`), Times: -1, Status: http.StatusUnauthorized,
			Code: 50027,
		},
	)
	unheard := h.sandbox.Fail(
		sandbox.Fault{Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Times: -1, Drop: true},
	)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.pollUntil("the bot to post", func() bool { return h.countPictureMessages(h.defaults.Channel.ID) == 1 })
	stop()
	refused()
	unheard()
	if err := h.queue.AckUndelivered(h.ctx, i.ID+"-0"); err != nil { // as if the results were lost
		t.Fatal(err)
	}
	if err := h.queue.BeginEpoch(h.ctx, 99); err != nil { // another epoch than SQL's: the queue is filled again
		t.Fatal(err)
	}
	h.startBot()
	e := h.waitDone(i)
	if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
		t.Errorf("messages with pictures: got %d, want 1; outcome %s", n, e.Outcome)
	}
}
