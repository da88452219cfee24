package bot_test

import (
	"net/http"
	"regexp"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestCancelShowsAfterLostResponses cancels a job of which the bot never heard that Discord shows it, and has
// Discord forget the click as well.
func TestCancelShowsAfterLostResponses(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("refused") // the click is forgotten, not late
	h.startBot()
	h.waitReady()
	first := regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	unheard := h.sandbox.Fail(sandbox.Fault{Path: first, Times: -1, Drop: true})
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "#1 in the queue")
	unheard()
	h.sandbox.Fail(sandbox.Fault{Path: first, Times: 1, Status: http.StatusNotFound, Code: 10062})
	h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
	h.waitText(i, "Cancelled")
	if e := h.job(i); e.State != store.Cancelled {
		t.Errorf("state: got %s, want cancelled", e.State)
	}
}
