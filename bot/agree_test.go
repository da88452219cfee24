package bot_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"darkroom/bot"
	"darkroom/bot/reply"
	"darkroom/bot/sandbox"
	"darkroom/queue/work"
	"darkroom/store"
)

func TestPicturesThatWerePostedAfterTheirCancelWasWrittenDownAreTakenBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	release := h.brush.stay()
	t.Cleanup(release)
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "Painting")
	h.poll("its message to be known", func() bool { return h.entry(i).Message != "" })
	if _, err := h.ledger.Cancel(h.ctx, i.ID+"-0"); err != nil { // the line does not hear of it
		t.Fatal(err)
	}
	release()
	h.wait("the pictures to go", func() bool {
		now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
		return len(now.Attachments) == 0 && !living(now)
	})
	h.says(i, "Cancelled")
}

// TestPicturesOfACancelledJobThatItsRendererCouldNotSeeAreTakenBack has a renderer post in the moment of the cancel and
// get lost, and the next one say that nothing was posted: it was refused when it looked.
func TestPicturesOfACancelledJobThatItsRendererCouldNotSeeAreTakenBack(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a red boat"))
	m := h.says(i, "#1 in line")
	h.poll("its message to be known", func() bool { return h.entry(i).Message != "" })
	lease := h.lease(i, "lost")
	h.poll("the ledger to know of it", func() bool { return h.entry(i).Leased })
	if _, err := h.ledger.Cancel(h.ctx, i.ID+"-0"); err != nil {
		t.Fatal(err)
	}
	poster := reply.NewPoster(reply.NewClient(reply.Options{Base: h.box.API()}), h.line)
	made := work.Made{Files: []work.Picture{{Name: "a.png", Data: []byte("picture")}}}
	if _, err := poster.Post(h.ctx, lease.Job, made); err != nil {
		t.Fatal(err)
	}
	if n := h.shown(h.home.Channel.ID); n != 1 {
		t.Fatalf("messages with pictures: got %d, want 1", n)
	}
	if _, err := h.line.Cancel(h.ctx, i.ID+"-0", h.home.Member.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.line.Stopped(h.ctx, lease); err != nil {
		t.Fatal(err)
	}
	h.wait("the pictures to go", func() bool {
		now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID)
		return len(now.Attachments) == 0 && !living(now)
	})
}

// TestAnEditThatArrivesAfterTheCancelIsPutRight has a renderer's progress arrive when its job is over.
func TestAnEditThatArrivesAfterTheCancelIsPutRight(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	h.ready()
	i := h.queued(sandbox.With("prompt", "a red boat"))
	lease := h.lease(i, "slow")
	h.poll("the ledger to know of it", func() bool { return h.entry(i).Leased })
	if _, err := h.line.Cancel(h.ctx, i.ID+"-0", h.home.Member.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := h.line.Stopped(h.ctx, lease); err != nil {
		t.Fatal(err)
	}
	h.says(i, "Cancelled")
	poster := reply.NewPoster(reply.NewClient(reply.Options{Base: h.box.API()}), h.line)
	if err := poster.Progress(h.ctx, lease.Job, 40, nil); err != nil {
		t.Fatal(err)
	}
	h.says(i, "Painting")
	h.clock.forward(time.Minute)
	h.says(i, "Cancelled")
}

// second is a ledger in which another bot is always faster to write down that a job is done.
type second struct {
	bot.Ledger
	let chan struct{} // closed when it may be written down
}

func (s *second) Finish(ctx context.Context, id, message string, outcome json.RawMessage) (bool, error) {
	select {
	case <-s.let:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	if _, err := s.Ledger.Finish(ctx, id, message, outcome); err != nil {
		return false, err
	}
	return s.Ledger.Finish(ctx, id, message, outcome)
}

func TestASlowEditIsPutRightThoughAnotherBotWroteTheEndDown(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	ledger := &second{let: make(chan struct{})}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { ledger.Ledger = l; return ledger }
	h.start()
	h.ready()
	first, next := h.queued(sandbox.With("prompt", "a red boat")), h.queued(sandbox.With("prompt", "a blue star"))
	h.says(next, "#2 in line")
	hold := h.slowPlace(first)
	h.bench()
	m := h.painted(next, 4)
	close(hold)
	h.wait("the slow edit", func() bool { now, _ := h.box.MessageSeen(h.home.Member.ID, m.ID); return living(now) })
	close(ledger.let)
	h.poll("the ledger to say done", func() bool { return h.entry(next).State == store.Done })
	h.painted(next, 4)
}
