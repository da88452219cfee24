package bot_test

import (
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

func TestAFirstAnswerCountsNobodyWhoWaitsNoLonger(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.pace.Places = time.Hour // only first answers tell places
	h.start()
	h.ready()
	release := h.brush.stay()
	h.bench()
	first := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.says(first, "Painting")
	h.poll("it to be painted", func() bool { return h.entry(first).State == store.Running })
	h.says(h.queued(sandbox.With("prompt", "a blue star")), "#1 in line")
	release()
	h.done(first)
}
