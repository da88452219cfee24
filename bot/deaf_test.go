package bot_test

import (
	"context"
	"testing"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/store"
)

// deaf is a line whose events nobody hears, and into which jobs go only when they are let.
type deaf struct{ slow }

func (*deaf) Watch(ctx context.Context, _ string, _ func(queue.Event) error) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestWhatWasInALineThatIsGoneIsNotCalledCancelledBeforeItIsInLineAgain(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	line := &deaf{slow{came: make(chan string, 10), let: make(chan struct{}, 1)}}
	h.wrap = func(l bot.Line) bot.Line { line.Line = l; return line }
	h.start()
	h.ready()
	line.let <- struct{}{}
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	m := h.says(i, "in line")
	h.poll("it to be in line", func() bool { return h.entry(i).Epoch == 1 })
	if err := h.line.Begin(h.ctx, 7); err != nil {
		t.Fatal(err)
	}
	h.poll("the next line", func() bool { n, err := h.ledger.CurrentEpoch(h.ctx, "main"); return err == nil && n == 8 })
	// A renderer that nobody heard of may be posting it.
	h.says(h.click(h.home.Member.ID, m.ID, "1:cancel:"+i.ID+"-0:0"), "reconnecting")
	if e := h.entry(i); e.State != store.Waiting {
		t.Errorf("state: got %s, want waiting", e.State)
	}
}
