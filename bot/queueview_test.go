package bot_test

import (
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

func TestFirstPositionIsFresh(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.intervals.Positions = time.Hour // only first answers show positions
	h.startBot()
	h.waitReady()
	release := h.renderer.pause()
	h.startRenderer()
	first := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitText(first, "Generating")
	h.pollUntil("it to be painted", func() bool { return h.job(first).State == store.Running })
	h.waitText(h.imagineQueued(sandbox.With("prompt", "a blue star")), "#1 in the queue")
	release()
	h.waitDone(first)
}
