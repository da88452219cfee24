package bot_test

import (
	"net/http"
	"regexp"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestACancelIsSeenThoughNeitherAnswerWasHeard cancels a job of which the bot never heard that Discord shows it, and has
// Discord forget the click as well.
func TestACancelIsSeenThoughNeitherAnswerWasHeard(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.box.Rules().Allow("refused") // the click is forgotten, not late
	h.start()
	h.ready()
	first := regexp.MustCompile(`^/interactions/\d+/[^/]+/callback$`)
	unheard := h.box.Fail(sandbox.Fault{Path: first, Times: -1, Drop: true})
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "#1 in line")
	unheard()
	h.box.Fail(sandbox.Fault{Path: first, Times: 1, Status: http.StatusNotFound, Code: 10062})
	h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
	h.says(i, "Cancelled")
	if e := h.entry(i); e.State != store.Cancelled {
		t.Errorf("state: got %s, want cancelled", e.State)
	}
}
