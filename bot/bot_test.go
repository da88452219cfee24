package bot_test

import (
	"context"
	"errors"
	"image"
	"regexp"
	"strings"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/store"
)

// panickingStore panics when it is asked for a policy.
type panickingStore struct{ bot.Store }

func (panickingStore) PolicyAndWeights(context.Context, string) (store.Policy, map[string]int, error) {
	panic("a fault for the test")
}

func TestFaultReferenceIsLogged(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.wrapStore = func(l bot.Store) bot.Store { return panickingStore{l} }
	h.startBot()
	h.waitReady()
	m := h.waitText(h.command("imagine", sandbox.With("prompt", "a boat")), "Something went wrong")
	ref := regexp.MustCompile("`([0-9a-f]{8})`").FindStringSubmatch(m.Text())
	if ref == nil || !strings.Contains(h.log.String(), ref[1]) ||
		!strings.Contains(h.log.String(), "a fault for the test") {
		t.Errorf("answer %q: want a reference that is in the log:\n%s", m.Text(), h.log)
	}
	if strings.Contains(h.log.String(), "a boat") || strings.Contains(h.log.String(), "sandbox.") {
		t.Errorf("the log holds a prompt or a token:\n%s", h.log)
	}
	h.waitText(h.command("queue"), "Queue:") // and the bot goes on
}

// failingRenderer fails every job.
type failingRenderer struct{ err error }

// Render fails.
func (f failingRenderer) Render(context.Context, queue.Lease, func(int, func() image.Image)) (worker.Result, error) {
	return worker.Result{}, f.err
}

func TestFailedJobCanBeRetried(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	stop := h.startRendererWith(failingRenderer{worker.Final("the model is out of paint", nil)})
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a boat"))
	m := h.waitText(i, "Failed: the model is out of paint")
	h.pollUntil("the store to say failed", func() bool { return h.job(i).State == store.Failed })
	stop()
	h.startRenderer()
	h.waitPictures(h.click(h.defaults.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0"), 4)
}

func TestReleasedJobShowsWaitingAgain(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	stop := h.startRenderer()
	h.waitReady()
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a boat"))
	h.waitText(i, "Generating")
	stop()
	h.waitText(i, "Waiting, #1 in the queue")
	h.pollUntil("the store to say waiting", func() bool { return h.job(i).State == store.Waiting })
	release()
	h.startRenderer()
	h.waitPictures(i, 4)
}

func TestStaleMessagesAreRepairedAtStart(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	a, b := h.command("imagine", sandbox.With("prompt", "a boat")), h.command("imagine", sandbox.With("prompt", "a star"))
	c := h.command("imagine", sandbox.With("prompt", "a red star"))
	for _, i := range []sandbox.Interaction{a, b, c} {
		h.waitText(i, "in the queue")
		h.pollUntil("its message to be known", func() bool { e := h.job(i); return e.Message != "" && e.Epoch > 0 })
	}
	stop()
	// The bot dies after the end was written down and before the message shows it.
	if _, err := h.db.Fail(h.ctx, a.ID+"-0", "the model is out of paint"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Cancel(h.ctx, b.ID+"-0"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.Finish(
		h.ctx, c.ID+"-0", "", []byte(`{"delivered":"stranded","files":[{"name":"a.png"}]}`),
	); err != nil {
		t.Fatal(err)
	}
	h.startBot()
	h.waitText(a, "Failed: the model is out of paint")
	h.waitText(b, "Cancelled")
	h.waitText(c, "too late")
}

func TestLostRendererLosesNoJob(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	_ = h.queue.Close()
	h.queue = queue.Embedded(queue.Options{Lease: 300 * time.Millisecond, MaxCrashes: 5})
	t.Cleanup(func() { _ = h.queue.Close() })
	h.announce()
	h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a boat"))
	h.waitText(i, "in the queue")
	h.pollUntil("a renderer to take it", func() bool {
		ls, err := h.queue.Reserve(h.ctx, "gone", "once", queue.Capacity{Lanes: queue.Lanes(h.spec(i).Lane()), MaxJobs: 1})
		return err == nil && len(ls) == 1
	})
	h.pollUntil("the store to say running", func() bool { return h.job(i).WasLeased })
	h.startRenderer()
	h.waitPictures(i, 4)
}

func TestPositionsFollowTheQueue(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	var asked []sandbox.Interaction
	for range 4 {
		asked = append(asked, h.imagineQueued(sandbox.With("prompt", "a boat"), sandbox.With("count", 1)))
	}
	h.waitText(asked[0], "Generating")
	for i, place := range []string{"#1 in the queue", "#2 in the queue", "#3 in the queue"} {
		h.waitText(asked[i+1], place)
	}
	release()
	for _, i := range asked {
		h.waitPictures(i, 1)
	}
}

func TestMissedDoneEventIsAudited(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a boat"))
	h.waitText(i, "in the queue")
	h.pollUntil("it to be in the queue", func() bool { return h.job(i).Epoch > 0 })
	stop()
	h.startRenderer()
	h.waitPictures(i, 4)
	newest, heard := "", errors.New("heard")
	err := h.queue.Watch(h.ctx, "0-0", func(e queue.Event) error {
		if newest = e.ID; e.Kind == queue.JobDone {
			return heard
		}
		return nil
	})
	if !errors.Is(err, heard) {
		t.Fatalf("the renderer's last word: %v", err)
	}
	if err := h.db.SetMeta(h.ctx, "events:main", newest); err != nil { // as if the stream had been cut before
		t.Fatal(err)
	}
	h.clock.advance(time.Minute)
	h.startBot()
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	if n := len(h.renderer.specs()); n != 1 {
		t.Errorf("paintings: got %d, want 1", n)
	}
}

func TestNoRendererNote(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	if err := h.queue.Withdraw(h.ctx, "easel"); err != nil {
		t.Fatal(err)
	}
	h.pollUntil("the bot to know", func() bool {
		i := h.command("imagine", sandbox.With("prompt", "a boat"))
		h.waitPictures(i, 4)
		for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, h.defaults.Channel.ID) {
			if strings.Contains(m.Text(), "No renderer is online") && m.Viewer == h.defaults.Member.ID {
				return true
			}
		}
		return false
	})
}
