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
	"darkroom/queue/work"
	"darkroom/store"
)

// moody is a ledger that panics when it is asked for a policy.
type moody struct{ bot.Ledger }

func (moody) Policy(context.Context, string) (store.Policy, error) { panic("a fault for the test") }

func TestFaultsCarryAReferenceThatIsInTheLog(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.ledgerFor = func(l bot.Ledger) bot.Ledger { return moody{l} }
	h.start()
	h.ready()
	m := h.says(h.ask("imagine", sandbox.With("prompt", "a boat")), "Something went wrong on my side")
	ref := regexp.MustCompile("`([0-9a-f]{8})`").FindStringSubmatch(m.Content)
	if ref == nil || !strings.Contains(h.log.String(), ref[1]) || !strings.Contains(h.log.String(), "a fault for the test") {
		t.Errorf("answer %q: want a reference that is in the log:\n%s", m.Content, h.log)
	}
	if strings.Contains(h.log.String(), "a boat") || strings.Contains(h.log.String(), "sandbox.") {
		t.Errorf("the log holds a prompt or a token:\n%s", h.log)
	}
	h.says(h.ask("queue"), "The line") // and the bot goes on
}

// failing is a painter that cannot.
type failing struct{ err error }

// Paint fails.
func (f failing) Paint(context.Context, queue.Lease, func(int, func() image.Image)) (work.Made, error) {
	return work.Made{}, f.err
}

func TestAJobThatCannotBePaintedIsToldAndCanBeTriedAgain(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	stop := h.benchWith(failing{work.Final("the model is out of paint", nil)})
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a boat"))
	m := h.says(i, "could not be painted: the model is out of paint")
	h.poll("the ledger to say failed", func() bool { return h.entry(i).State == store.Failed })
	stop()
	h.bench()
	h.painted(h.click(h.home.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0"), 4)
}

func TestAJobGivenBackSaysThatItWaitsAgain(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.start()
	stop := h.bench()
	h.ready()
	release := h.brush.stay()
	i := h.ask("imagine", sandbox.With("prompt", "a boat"))
	h.says(i, "Painting")
	stop()
	h.says(i, "Waiting, #1 in line")
	h.poll("the ledger to say waiting", func() bool { return h.entry(i).State == store.Waiting })
	release()
	h.bench()
	h.painted(i, 4)
}

func TestMessagesLeftUntrueArePutRightAtTheStart(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	stop := h.start()
	h.ready()
	a, b := h.ask("imagine", sandbox.With("prompt", "a boat")), h.ask("imagine", sandbox.With("prompt", "a star"))
	c := h.ask("imagine", sandbox.With("prompt", "a red star"))
	for _, i := range []sandbox.Interaction{a, b, c} {
		h.says(i, "in line")
		h.poll("its message to be known", func() bool { e := h.entry(i); return e.Message != "" && e.Epoch > 0 })
	}
	stop()
	// The bot dies after the end was written down and before it was told.
	if _, err := h.ledger.Fail(h.ctx, a.ID+"-0", "the model is out of paint"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ledger.Cancel(h.ctx, b.ID+"-0"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.ledger.Finish(h.ctx, c.ID+"-0", "", []byte(`{"delivered":"stranded","files":[{"name":"a.png"}]}`)); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.says(a, "could not be painted: the model is out of paint")
	h.says(b, "Cancelled")
	h.says(c, "too late")
}

func TestARendererThatVanishesWithItsJobLosesNothing(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	_ = h.line.Close()
	h.line = queue.Embedded(queue.Options{Lease: 300 * time.Millisecond, MaxCrashes: 5})
	t.Cleanup(func() { _ = h.line.Close() })
	h.announce()
	h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a boat"))
	h.says(i, "in line")
	h.poll("a renderer to take it", func() bool {
		ls, err := h.line.Reserve(h.ctx, "gone", "once", queue.Offer{Lanes: queue.Lanes(h.spec(i).Lane()), Max: 1})
		return err == nil && len(ls) == 1
	})
	h.poll("the ledger to say running", func() bool { return h.entry(i).Leased })
	h.bench()
	h.painted(i, 4)
}

func TestPlacesStayTrueWhileTheLineMoves(t *testing.T) {
	t.Parallel()
	h := open(t)
	release := h.brush.stay()
	var asked []sandbox.Interaction
	for range 4 {
		asked = append(asked, h.queued(sandbox.With("prompt", "a boat"), sandbox.With("count", 1)))
	}
	h.says(asked[0], "Painting")
	for i, place := range []string{"#1 in line", "#2 in line", "#3 in line"} {
		h.says(asked[i+1], place)
	}
	release()
	for _, i := range asked {
		h.painted(i, 1)
	}
}

func TestAnEndThatNobodyHeardIsAskedFor(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	stop := h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a boat"))
	h.says(i, "in line")
	h.poll("it to be in line", func() bool { return h.entry(i).Epoch > 0 })
	stop()
	h.bench()
	h.painted(i, 4)
	newest, heard := "", errors.New("heard")
	err := h.line.Watch(h.ctx, "0-0", func(e queue.Event) error {
		if newest = e.ID; e.Kind == queue.Done {
			return heard
		}
		return nil
	})
	if !errors.Is(err, heard) {
		t.Fatalf("the renderer's last word: %v", err)
	}
	if err := h.ledger.SetMeta(h.ctx, "events:main", newest); err != nil { // as if the stream had been cut before
		t.Fatal(err)
	}
	h.clock.forward(time.Minute)
	h.start()
	h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
	if n := len(h.brush.specs()); n != 1 {
		t.Errorf("paintings: got %d, want 1", n)
	}
}

func TestWithoutARendererTheJobWaitsAndThatIsSaid(t *testing.T) {
	t.Parallel()
	h := open(t)
	if err := h.line.Withdraw(h.ctx, "easel"); err != nil {
		t.Fatal(err)
	}
	h.poll("the bot to know", func() bool {
		i := h.ask("imagine", sandbox.With("prompt", "a boat"))
		h.painted(i, 4)
		for _, m := range h.box.Messages(h.home.Member.ID, h.home.Channel.ID) {
			if strings.Contains(m.Content, "No renderer is up just now") && m.Viewer == h.home.Member.ID {
				return true
			}
		}
		return false
	})
}
