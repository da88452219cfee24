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

func TestLatePicturesThatCannotBePostedForADayGoIntoTheInbox(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	_ = h.line.Close()
	h.line = queue.Embedded(queue.Options{TrayLease: 100 * time.Millisecond})
	t.Cleanup(func() { _ = h.line.Close() })
	h.announce()
	h.start()
	h.bench()
	h.ready()
	h.box.Fail(sandbox.Fault{
		Method: http.MethodPost, Path: regexp.MustCompile("^/channels/.*/messages$"), Times: -1, Status: http.StatusBadGateway,
	})
	i := h.late()
	h.poll("the pictures to stay in the tray", func() bool { return strings.Contains(h.log.String(), "still in the tray") })
	if e := h.entry(i); e.State.Terminal() {
		t.Fatalf("state: got %s, want none that is final", e.State)
	}
	h.clock.forward(25 * time.Hour)
	if e := h.done(i); !strings.Contains(string(e.Outcome), `"inbox"`) {
		t.Errorf("outcome: got %s, want inbox", e.Outcome)
	}
	kept, err := h.ledger.Kept(h.ctx, i.ID+"-0")
	if err != nil || len(kept) != 4 {
		t.Errorf("Kept = %d pictures, %v; want 4", len(kept), err)
	}
	if d, err := h.ledger.Delivery(h.ctx, i.ID+"-0"); err != nil || d.State != store.Inbox {
		t.Errorf("delivery: got %s, %v; want inbox", d.State, err)
	}
}
