package bot_test

import (
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/queue"
)

func TestFullQueueServesOldestFirst(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{MaxWaiting: 1})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	h.intervals.Relay, h.intervals.Audit = time.Hour, time.Hour // only who is poked
	h.startBot()
	h.waitReady()
	first := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	behind := h.command("imagine", sandbox.With("prompt", "a blue star"))
	h.waitText(behind, "being rebuilt")
	h.waitText(h.command("cancel", sandbox.With("job", first.ID+"-0")), "Cancelled")
	last := h.command("imagine", sandbox.With("prompt", "a blue boat"))
	h.waitText(last, "queue")
	h.pollUntil("somebody to get the room", func() bool { return h.job(behind).Epoch+h.job(last).Epoch > 0 })
	if h.job(behind).Epoch == 0 {
		t.Error("the newcomer was let in before who waited")
	}
}
