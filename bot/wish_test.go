package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"darkroom/bot"
	"darkroom/bot/sandbox"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/store"
)

// prompts are the words of an interaction's jobs, in their order.
func (h *house) prompts(i sandbox.Interaction, n int) (all []string) {
	h.t.Helper()
	for k := range n {
		e, err := h.ledger.Find(h.ctx, fmt.Sprintf("%s-%d", i.ID, k))
		if err != nil {
			h.t.Fatal(err)
		}
		s, err := picture.Decode(e.Spec)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, s.Prompt)
	}
	return all
}

// galleries waits until so many messages in the channel show pictures, and returns them.
func (h *house) galleries(n int) (all []sandbox.Message) {
	h.t.Helper()
	h.wait(fmt.Sprintf("%d messages with pictures", n), func() bool {
		all = nil
		for _, m := range h.box.Messages(h.home.Member.ID, h.home.Channel.ID) {
			if len(m.Attachments) > 0 && !living(m) {
				all = append(all, m)
			}
		}
		return len(all) >= n
	})
	return all
}

func TestChoicesAreMadeBySeed(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.wildcards = dynamic.Folder{FS: fstest.MapFS{
		"things/ships.txt": {Data: []byte("boat\n# no more\n")}, "far/sands.txt": {Data: bytes.Repeat([]byte("x\n"), 250_000)},
	}}
	h.start()
	h.bench()
	h.ready()
	words := sandbox.With("prompt", "a {red|blue} __things/ships__ --seed 7")
	a, b := h.ask("imagine", words), h.ask("imagine", words)
	h.painted(a, 4)
	h.painted(b, 4)
	got := h.spec(a).Prompt
	if got != "a red boat" && got != "a blue boat" || h.spec(b).Prompt != got || h.spec(a).Seed != 7 {
		t.Errorf("got %q and %q, want the same choice twice", got, h.spec(b).Prompt)
	}
	seen := map[string]bool{}
	for seed := 8; len(seen) < 2 && seed < 40; seed++ {
		i := h.ask("imagine", sandbox.With("prompt", "a {red|blue} boat"), sandbox.With("seed", seed), sandbox.With("negative_prompt", "{fog|fog}"))
		h.answer(i, "an answer", nil)
		h.poll("its row", func() bool { _, err := h.ledger.Find(h.ctx, i.ID+"-0"); return err == nil })
		if seen[h.spec(i).Prompt] = true; h.spec(i).Negative != "fog" {
			t.Fatalf("negative prompt: got %q, want fog", h.spec(i).Negative)
		}
	}
	if len(seen) != 2 {
		t.Errorf("32 seeds chose %v, want both colours", seen)
	}
	h.says(h.ask("imagine", sandbox.With("prompt", "a __things/shps__")), "there is no wildcard called things/shps.\nThere are: __far/sands__, __things/ships__.")
	h.says(h.ask("imagine", sandbox.With("prompt", "a __far/*__")), "its wildcards stand for more lines than I can look through")
}

func TestAFewPermutationsArePaintedAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	i := h.ask("imagine", sandbox.With("prompt", "a {red, blue} boat --seed 7"), sandbox.With("count", 1))
	first := h.painted(i, 1)
	all := h.galleries(2)
	if got, want := h.prompts(i, 2), []string{"a red boat", "a blue boat"}; !slices.Equal(got, want) {
		t.Errorf("prompts: got %q, want %q", got, want)
	}
	second := all[1]
	if second.ID == first.ID {
		second = all[0]
	}
	if want := "1:reroll:" + i.ID + "-1:0"; !slices.Contains(buttons(second.Components), want) || !strings.Contains(second.Content, "a blue boat") {
		t.Errorf("second message: got %s, want that of the second job", describe(second))
	}
	h.poll("both to be done", func() bool {
		e, err := h.ledger.Find(h.ctx, i.ID+"-1")
		return err == nil && e.State == store.Done && e.Message == second.ID && h.entry(i).State == store.Done
	})
	again := h.click(h.home.Member.ID, second.ID, "1:reroll:"+i.ID+"-1:0")
	h.painted(again, 1)
	if s := h.spec(again); s.Prompt != "a blue boat" || s.Seed == 7 {
		t.Errorf("reroll: got %q with seed %d, want the settled words with a new seed", s.Prompt, s.Seed)
	}
}

// closed is a ledger that accepts nothing while it is down.
type closed struct {
	bot.Ledger
	down atomic.Bool
}

func (c *closed) Accept(ctx context.Context, entries []store.Entry, judge func(store.Policy, store.Usage) error) error {
	if c.down.Load() {
		return errors.New("the ledger does not accept anything")
	}
	return c.Ledger.Accept(ctx, entries, judge)
}

func TestManyPermutationsAreConfirmed(t *testing.T) {
	t.Parallel()
	ask := func(h *house, words string) (question sandbox.Message, i sandbox.Interaction) {
		i = h.ask("imagine", sandbox.With("prompt", words), sandbox.With("count", 1))
		return h.says(i, "Shall I paint them all?"), i
	}
	t.Run("and painted once by a yes, also after a restart", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		stop := h.start()
		h.ready()
		question, i := ask(h, "a {red, blue} {boat, star}")
		for _, want := range []string{"4 prompts, 4 pictures", "a red boat", "a blue star"} {
			if !strings.Contains(plain(question.Content), want) {
				t.Errorf("question %s, want %q in it", describe(question), want)
			}
		}
		if question.Viewer != h.home.Member.ID {
			t.Error("others see the question")
		}
		stop()
		h.start()
		h.bench()
		yes := h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes")
		h.galleries(4)
		if got, want := h.prompts(yes, 4), []string{"a red boat", "a red star", "a blue boat", "a blue star"}; !slices.Equal(got, want) {
			t.Errorf("prompts: got %q, want %q", got, want)
		}
		if m, _ := h.box.MessageSeen(h.home.Member.ID, question.ID); !strings.Contains(m.Content, "Each has a message of its own") || len(buttons(m.Components)) > 0 {
			t.Errorf("the question became %s", describe(m))
		}
	})
	t.Run("not by a second answer", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		if _, err := h.ledger.DropAsk(h.ctx, i.ID); err != nil { // as the other answer did
			t.Fatal(err)
		}
		h.says(h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes"), "answered already")
		if n := len(h.brush.specs()); n != 0 {
			t.Errorf("%d paintings, want none", n)
		}
	})
	t.Run("also when the ledger failed at the first yes", func(t *testing.T) {
		t.Parallel()
		h := build(t, sandbox.Options{})
		ledger := &closed{}
		h.ledgerFor = func(l bot.Ledger) bot.Ledger { ledger.Ledger = l; return ledger }
		h.start()
		h.bench()
		h.ready()
		question, i := ask(h, "a {red, blue} {boat, star}")
		ledger.down.Store(true)
		h.says(h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes"), "")
		ledger.down.Store(false)
		h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes")
		h.galleries(4)
	})
	t.Run("not after a no", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:no")
		h.wait("the question to be gone", func() bool {
			m, _ := h.box.MessageSeen(h.home.Member.ID, question.ID)
			return m.Content == "Nothing was painted."
		})
	})
	t.Run("or said anew in a form", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		edit := h.click(h.home.Member.ID, question.ID, "1:permute:"+i.ID+":0:edit")
		opened, err := h.box.WaitAnswer(h.ctx, edit.ID)
		if err != nil || opened.Form == nil || opened.Form.Components[0].Component.Value != "a {red, blue} {boat, star}" {
			t.Fatalf("got %+v, %v, want a form with the words", opened, err)
		}
		sent, err := h.box.Submit(h.home.Member.ID, edit.ID, map[string]string{"prompt": "a red boat"})
		if err != nil {
			t.Fatal(err)
		}
		h.painted(sent, 1)
	})
	t.Run("unless the server allows fewer", func(t *testing.T) {
		t.Parallel()
		h := open(t)
		h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "limits set", sandbox.With("waiting", 3)), "Waiting per person: 3")
		i := h.ask("imagine", sandbox.With("prompt", "a {red, blue} {boat, star}"), sandbox.With("count", 1))
		h.says(i, "allows 3 pictures waiting per person, and you asked for 4")
		h.says(h.ask("imagine", sandbox.With("prompt", strings.Repeat("{a, b}", 12))), "at most 20 can be painted at once")
	})
}

// TestAPermutationWhoseMessageNeverCame: Discord refuses the second message, and nobody waits for it.
func TestAPermutationWhoseMessageNeverCame(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.box.Fail(sandbox.Fault{Method: "POST", Path: regexp.MustCompile(`^/webhooks/[^/]*/[^/]*$`), Times: 1, Status: 403})
	i := h.ask("imagine", sandbox.With("prompt", "a {red, blue} boat"), sandbox.With("count", 1))
	h.painted(i, 1)
	h.poll("the second to be given up", func() bool {
		e, err := h.ledger.Find(h.ctx, i.ID+"-1")
		return err == nil && e.State == store.Expired
	})
	h.hears("a blue boat")
}

// hears waits for a message, to the member alone, that a prompt was not painted.
func (h *house) hears(prompt string) {
	h.t.Helper()
	h.wait("word of what was not painted", func() bool {
		return slices.ContainsFunc(h.box.Messages(h.home.Member.ID, h.home.Channel.ID), func(m sandbox.Message) bool {
			return m.Viewer == h.home.Member.ID && strings.Contains(m.Content, "was not painted") && strings.Contains(m.Content, prompt)
		})
	})
}

// TestAPermutationThatACrashCutOff: the bot dies before the second message; that job is looked for, and then expires.
func TestAPermutationThatACrashCutOff(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	mend := h.box.Fail(sandbox.Fault{Method: "POST", Path: regexp.MustCompile(`^/webhooks/[^/]*/[^/]*$`), Times: -1, Status: 502})
	stop := h.start()
	h.ready()
	i := h.ask("imagine", sandbox.With("prompt", "a {red, blue} boat"), sandbox.With("count", 1))
	h.says(i, "in line")
	h.poll("both to be written down", func() bool { _, err := h.ledger.Find(h.ctx, i.ID+"-1"); return err == nil })
	stop()
	mend()
	h.clock.forward(time.Minute)
	stop = h.start()
	state := func() store.State { e, _ := h.ledger.Find(h.ctx, i.ID+"-1"); return e.State }
	if s := state(); s != store.Accepted {
		t.Errorf("a minute later: got %s, want it to wait for its message", s)
	}
	h.clock.forward(5 * time.Minute)
	h.poll("it to expire", func() bool { return state() == store.Expired })
	h.hears("a blue boat")
	stop()
}

func TestWeightsBehindColonsReachTheSpec(t *testing.T) {
	t.Parallel()
	h := open(t)
	i := h.ask("imagine", sandbox.With("prompt", "red:: boat::2 --tile"))
	h.painted(i, 4)
	if s := h.spec(i); s.Notation != picture.NotationMidjourney || s.Prompt != "red:: boat::2" || !s.Tiling {
		t.Errorf("spec: got %+v, want Midjourney's notation and tiling", s)
	}
}
