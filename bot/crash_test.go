package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestCrashesOutliveTheQueue: what the queue counts is noted in SQL, and handed to the next queue with the job.
func TestCrashesOutliveTheQueue(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	h.lease(i, "w")
	h.pollUntil("the lease to be noted", func() bool { return h.job(i).State == store.Running })
	if err := h.queue.RendererDied(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("the crash to be noted", func() bool { j := h.job(i); return j.Crashes == 1 && j.State == store.Waiting })
	h.lease(i, "v")
	h.pollUntil("the lease to be noted", func() bool { return h.job(i).State == store.Running })
	stop() // with it goes the queue: nobody counted the second crash
	h.newQueue()
	h.startBot()
	h.pollUntil("the job to be given up", func() bool { return h.job(i).State == store.Failed })
	if j := h.job(i); j.Crashes != 2 || !strings.Contains(j.Reason, "crashed 2 times") {
		t.Errorf("got %d crashes and the reason %q, want 2, and that they are why", j.Crashes, j.Reason)
	}
}
