package bot_test

import (
	"context"
	"sync/atomic"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// beginning is a line that notes what was stopped when it was begun. It says only after a few calls what is stopped.
type beginning struct {
	bot.Line
	refuse  atomic.Int32 // calls of Pauses that fail
	stopped chan int     // pauses at each Begin
}

func (b *beginning) Begin(ctx context.Context, epoch int64) error {
	all, err := b.Line.Pauses(ctx)
	if err != nil {
		return err
	}
	b.stopped <- len(all)
	return b.Line.Begin(ctx, epoch)
}

func (b *beginning) Pauses(ctx context.Context) ([]queue.Paused, error) {
	if b.refuse.Add(-1) >= 0 {
		return nil, errCut
	}
	return b.Line.Pauses(ctx)
}

func TestALineIsStoppedBeforeItIsBegun(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	if err := h.ledger.Pause(h.ctx, store.Pause{Kind: "pool", Reason: "new paint"}); err != nil {
		t.Fatal(err)
	}
	line := &beginning{stopped: make(chan int, 10)}
	line.refuse.Store(2)
	h.wrap = func(l bot.Line) bot.Line { line.Line = l; return line }
	h.start()
	select {
	case n := <-line.stopped:
		if n != 1 {
			t.Errorf("pauses when the line was begun: got %d, want one", n)
		}
	case <-h.ctx.Done():
		t.Fatalf("the line was not begun\n%s", h.log)
	}
}
