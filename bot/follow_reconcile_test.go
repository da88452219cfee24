package bot_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/rest"
	"darkroom/bot/sandbox"
	"darkroom/queue/worker"
	"darkroom/store"
)

func TestPicturesPostedAfterCancelAreRetracted(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	t.Cleanup(release)
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "Generating")
	h.pollUntil("its message to be known", func() bool { return h.job(i).Message != "" })
	if _, err := h.db.Cancel(h.ctx, i.ID+"-0"); err != nil { // the queue does not hear of it
		t.Fatal(err)
	}
	release()
	h.waitFor("the pictures to go", func() bool {
		now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
		return len(now.Files) == 0 && !hasCancelButton(now)
	})
	h.waitText(i, "Cancelled")
}

// TestUnseenPicturesOfCancelledJobAreRetracted has a renderer post in the moment of the cancel and
// get lost, and the next one say that nothing was posted: it was refused when it looked.
func TestUnseenPicturesOfCancelledJobAreRetracted(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "#1 in the queue")
	h.pollUntil("its message to be known", func() bool { return h.job(i).Message != "" })
	lease := h.lease(i, "lost")
	h.pollUntil("the store to know of it", func() bool { return h.job(i).WasLeased })
	if _, err := h.db.Cancel(h.ctx, i.ID+"-0"); err != nil {
		t.Fatal(err)
	}
	poster := rest.NewPoster(rest.NewClient(rest.Options{Base: h.sandbox.API()}), h.queue)
	made := worker.Result{Images: []worker.Image{{Name: "a.png", Data: []byte("picture")}}}
	if _, err := poster.Post(h.ctx, lease.Job, made); err != nil {
		t.Fatal(err)
	}
	if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
		t.Fatalf("messages with pictures: got %d, want 1", n)
	}
	if _, err := h.queue.Cancel(h.ctx, i.ID+"-0", h.defaults.Member.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.queue.ConfirmCancel(h.ctx, lease); err != nil {
		t.Fatal(err)
	}
	h.waitFor("the pictures to go", func() bool {
		now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
		return len(now.Files) == 0 && !hasCancelButton(now)
	})
}

// TestProgressEditAfterCancelIsCorrected has a renderer's progress arrive when its job is over.
func TestProgressEditAfterCancelIsCorrected(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	i := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	lease := h.lease(i, "slow")
	h.pollUntil("the store to know of it", func() bool { return h.job(i).WasLeased })
	if _, err := h.queue.Cancel(h.ctx, i.ID+"-0", h.defaults.Member.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.queue.ConfirmCancel(h.ctx, lease); err != nil {
		t.Fatal(err)
	}
	h.waitText(i, "Cancelled")
	poster := rest.NewPoster(rest.NewClient(rest.Options{Base: h.sandbox.API()}), h.queue)
	if err := poster.Progress(h.ctx, lease.Job, 40, nil); err != nil {
		t.Fatal(err)
	}
	h.waitText(i, "Generating")
	h.clock.advance(time.Minute)
	h.waitText(i, "Cancelled")
}

// secondBotStore is a store in which another bot is always faster to write down that a job is done.
type secondBotStore struct {
	bot.Store
	release chan struct{} // closed when it may be written down
}

func (s *secondBotStore) Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error) {
	select {
	case <-s.release:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if _, err := s.Store.Finish(ctx, id, message, outcome); err != nil {
		return false, err
	}
	return s.Store.Finish(ctx, id, message, outcome)
}

func TestSlowEditIsCorrectedAfterAnotherBotFinished(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	db := &secondBotStore{release: make(chan struct{})}
	h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
	h.startBot()
	h.waitReady()
	first, next := h.imagineQueued(sandbox.With("prompt", "a red boat")), h.imagineQueued(
		sandbox.With("prompt", "a blue star"),
	)
	h.waitText(next, "#2 in the queue")
	hold := h.holdPositionEdit(first, "a blue star")
	h.startRenderer()
	m := h.waitPictures(next, 4)
	close(hold)
	h.waitFor("the slow edit", func() bool {
		now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
		return hasCancelButton(now)
	})
	close(db.release)
	h.pollUntil("the store to say done", func() bool { return h.job(next).State == store.Done })
	h.waitPictures(next, 4)
}
