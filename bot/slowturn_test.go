package bot_test

import (
	"context"
	"sync"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
)

// halting is a ledger that halts after it has noted an acknowledgement.
type halting struct {
	bot.Ledger
	let chan struct{}
}

func (l *halting) Acknowledged(ctx context.Context, id string) (bool, error) {
	done, err := l.Ledger.Acknowledged(ctx, id)
	select {
	case <-l.let:
	case <-ctx.Done():
	}
	return done, err
}

// noting is a line that notes how jobs came.
type noting struct {
	bot.Line
	mu    sync.Mutex
	looks []bool // Look of each job that was enqueued
}

func (n *noting) Enqueue(ctx context.Context, epoch int64, j queue.Job) (queue.Receipt, error) {
	r, err := n.Line.Enqueue(ctx, epoch, j)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks = append(n.looks, j.Look)
	return r, err
}

func (n *noting) all() []bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]bool(nil), n.looks...)
}

func TestATurnThatWasSlowerThanTheRelayAndAWipeHasItsJobLookedAt(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	ledger, line := &halting{let: make(chan struct{})}, &noting{}
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { ledger.Ledger = l; return ledger }
	h.wrap = func(l bot.Line) bot.Line { line.Line = l; return line }
	h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.poll("the relay to bring it in", func() bool { return len(line.all()) > 0 })
	if err := h.line.Begin(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	h.poll("it to be in the next line", func() bool { return h.entry(i).Epoch == 8 })
	before := len(line.all())
	close(ledger.let)
	h.poll("the turn to enqueue it", func() bool { return len(line.all()) > before })
	if looks := line.all(); !looks[len(looks)-1] {
		t.Errorf("Look of each enqueue: got %v, want true at the end", looks)
	}
}
