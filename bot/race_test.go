package bot_test

import (
	"context"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// slow is a line into which jobs go only when they are let.
type slow struct {
	bot.Line
	came chan string // ids of jobs on their way
	let  chan struct{}
}

func (s *slow) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.Receipt, error) {
	select {
	case s.came <- j.ID:
	default:
	}
	select {
	case <-s.let:
	case <-ctx.Done():
		return queue.Receipt{}, ctx.Err()
	}
	return s.Line.Enqueue(ctx, epoch, j)
}

func TestACancelAndAnEnqueueAtOnce(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	line := &slow{came: make(chan string, 1), let: make(chan struct{})}
	h.wrap = func(l bot.Line) bot.Line { line.Line = l; return line }
	h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "in line")
	<-line.came // the job is on its way, and the queue does not know it yet
	c := h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0")
	close(line.let)
	if _, err := h.box.WaitAnswer(h.ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	h.says(i, "Cancelled")
	h.poll("the line to be empty", func() bool { s, err := h.line.Snapshot(h.ctx); return err == nil && len(s.Jobs) == 0 })
	if e := h.entry(i); e.State != store.Cancelled {
		t.Errorf("state: got %s, want cancelled", e.State)
	}
	h.bench()
	h.painted(h.ask("imagine", sandbox.With("prompt", "a blue star")), 4)
	if got := h.brush.specs(); len(got) != 1 || got[0].Prompt != "a blue star" {
		t.Errorf("painted: got %+v, want the star alone", got)
	}
}
