package bot_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// TestPicturesThatMayStandElsewhereArePostedByTheBotAlone has the bot post late pictures without hearing of it, and Redis
// forget them: the renderer that gets the job again has a good token, but must not use it.
func TestPicturesThatMayStandElsewhereArePostedByTheBotAlone(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.box.Rules().Allow("dead-token") // it is refused for a while only
	_ = h.line.Close()
	h.line = queue.Embedded(queue.Options{Grace: time.Millisecond})
	t.Cleanup(func() { _ = h.line.Close() })
	h.announce()
	stop := h.start()
	h.bench()
	h.ready()
	refused := h.box.Fail(sandbox.Fault{Method: http.MethodPatch, Path: regexp.MustCompile(`^/webhooks/`), Times: -1, Status: http.StatusUnauthorized, Code: 50027})
	unheard := h.box.Fail(sandbox.Fault{Method: http.MethodPost, Path: regexp.MustCompile(`^/channels/\d+/messages$`), Times: -1, Drop: true})
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.poll("the bot to post", func() bool { return h.shown(h.home.Channel.ID) == 1 })
	stop()
	refused()
	unheard()
	if err := h.line.AckTray(h.ctx, i.ID+"-0"); err != nil { // as if the tray were lost
		t.Fatal(err)
	}
	if err := h.line.Begin(h.ctx, 99); err != nil { // another epoch than the ledger's: the line is filled anew
		t.Fatal(err)
	}
	h.start()
	e := h.done(i)
	if n := h.shown(h.home.Channel.ID); n != 1 {
		t.Errorf("messages with pictures: got %d, want 1; outcome %s", n, e.Outcome)
	}
}
