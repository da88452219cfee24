package bot_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

func TestUndeliveredForADayGoesToInbox(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{UndeliveredLease: 100 * time.Millisecond})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	h.startBot()
	h.startRenderer()
	h.waitReady()
	h.sandbox.Fail(sandbox.Fault{
		Method: http.MethodPatch, Path: regexp.MustCompile(`^/channels/\d+/messages/`), Times: -1,
		Status: http.StatusBadGateway,
	})
	i := h.imagineLate()
	h.pollUntil("the pictures to stay undelivered", func() bool {
		return strings.Contains(h.log.String(), "are not delivered yet")
	})
	if e := h.job(i); e.State.Terminal() {
		t.Fatalf("state: got %s, want none that is final", e.State)
	}
	h.clock.advance(25 * time.Hour)
	if e := h.waitDone(i); !strings.Contains(string(e.Outcome), `"inbox"`) {
		t.Errorf("outcome: got %s, want inbox", e.Outcome)
	}
	kept, err := h.db.InboxPictures(h.ctx, i.ID+"-0")
	if err != nil || len(kept) != 4 {
		t.Errorf("Kept = %d pictures, %v; want 4", len(kept), err)
	}
	if d, err := h.db.Delivery(h.ctx, i.ID+"-0"); err != nil || d.State != store.Inbox {
		t.Errorf("delivery: got %s, %v; want inbox", d.State, err)
	}
}
