package bot_test

import (
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

func TestWhoWaitsForRoomInAFullLineComesBeforeNewcomers(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	_ = h.line.Close()
	h.line = queue.Embedded(queue.Options{MaxWaiting: 1})
	t.Cleanup(func() { _ = h.line.Close() })
	h.announce()
	h.pace.Relay, h.pace.Audit = time.Hour, time.Hour // only who is poked
	h.start()
	h.ready()
	first := h.queued(sandbox.With("prompt", "a red boat"))
	behind := h.ask("imagine", sandbox.With("prompt", "a blue star"))
	h.says(behind, "being put together again")
	h.says(h.ask("cancel", sandbox.With("job", first.ID+"-0")), "Cancelled")
	last := h.ask("imagine", sandbox.With("prompt", "a blue boat"))
	h.says(last, "line")
	h.poll("somebody to get the room", func() bool { return h.entry(behind).Epoch+h.entry(last).Epoch > 0 })
	if h.entry(behind).Epoch == 0 {
		t.Error("the newcomer was let in before who waited")
	}
}
