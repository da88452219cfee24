package bot_test

import (
	"context"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// gatedQueue takes jobs only when the test lets them in.
type gatedQueue struct {
	bot.Queue
	arrived chan string // ids of jobs on their way
	release chan struct{}
}

func (s *gatedQueue) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.EnqueueResult, error) {
	select {
	case s.arrived <- j.ID:
	default:
	}
	select {
	case <-s.release:
	case <-ctx.Done():
		return queue.EnqueueResult{}, ctx.Err()
	}
	return s.Queue.Enqueue(ctx, epoch, j)
}

func TestCancelDuringEnqueue(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	q := &gatedQueue{arrived: make(chan string, 1), release: make(chan struct{})}
	h.wrapQueue = func(l bot.Queue) bot.Queue { q.Queue = l; return q }
	h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	m := h.waitText(i, "in the queue")
	<-q.arrived // the job is on its way, and the queue does not know it yet
	c := h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
	close(q.release)
	if _, err := h.sandbox.WaitAnswer(h.ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	h.waitText(i, "Cancelled")
	h.pollUntil("the queue to be empty", func() bool {
		s, err := h.queue.Snapshot(h.ctx)
		return err == nil && len(s.Jobs) == 0
	})
	if e := h.job(i); e.State != store.Cancelled {
		t.Errorf("state: got %s, want cancelled", e.State)
	}
	h.startRenderer()
	h.waitPictures(h.command("imagine", sandbox.With("prompt", "a blue star")), 4)
	if got := h.renderer.specs(); len(got) != 1 || got[0].Prompt != "a blue star" {
		t.Errorf("painted: got %+v, want the star alone", got)
	}
}
