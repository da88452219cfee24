package bot_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
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
func (h *cluster) prompts(i sandbox.Interaction, n int) (all []string) {
	h.t.Helper()
	for k := range n {
		e, err := h.db.Find(h.ctx, fmt.Sprintf("%s-%d", i.ID, k))
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

// waitPictureMessages waits until so many messages in the channel show pictures, and returns them.
func (h *cluster) waitPictureMessages(n int) (all []sandbox.Message) {
	h.t.Helper()
	h.waitFor(fmt.Sprintf("%d messages with pictures", n), func() bool {
		all = nil
		for _, m := range h.sandbox.VisibleMessages(h.defaults.Member.ID, h.defaults.Channel.ID) {
			if len(m.Files) > 0 && !hasCancelButton(m) {
				all = append(all, m)
			}
		}
		return len(all) >= n
	})
	return all
}

func TestChoicesAreMadeBySeed(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.wildcards = dynamic.Folder{FS: fstest.MapFS{
		"things/ships.txt": {Data: []byte("boat\n# no more\n")},
		"far/sands.txt":    {Data: bytes.Repeat([]byte("x\n"), 250_000)},
	}}
	h.startBot()
	h.startRenderer()
	h.waitReady()
	words := sandbox.With("prompt", "a {red|blue} __things/ships__ --seed 7")
	a, b := h.command("imagine", words), h.command("imagine", words)
	h.waitPictures(a, 4)
	h.waitPictures(b, 4)
	got := h.spec(a).Prompt
	if got != "a red boat" && got != "a blue boat" || h.spec(b).Prompt != got || h.spec(a).Seed != 7 {
		t.Errorf("got %q and %q, want the same choice twice", got, h.spec(b).Prompt)
	}
	seen := map[string]bool{}
	for seed := 8; len(seen) < 2 && seed < 40; seed++ {
		i := h.command(
			"imagine", sandbox.With("prompt", "a {red|blue} boat"), sandbox.With("seed", seed),
			sandbox.With("negative_prompt", "{fog|fog}"),
		)
		h.waitAnswer(i, "an answer", nil)
		h.pollUntil("its row", func() bool { _, err := h.db.Find(h.ctx, i.ID+"-0"); return err == nil })
		if seen[h.spec(i).Prompt] = true; h.spec(i).Negative != "fog" {
			t.Fatalf("negative prompt: got %q, want fog", h.spec(i).Negative)
		}
	}
	if len(seen) != 2 {
		t.Errorf("32 seeds chose %v, want both colours", seen)
	}
	h.waitText(
		h.command("imagine", sandbox.With("prompt", "a __things/shps__")),
		"Unknown wildcard things/shps.\nTry one of: __things/ships__, __far/sands__.",
	)
	h.waitText(
		h.command("imagine", sandbox.With("prompt", "a __far/*__")),
		"The wildcards have too many lines",
	)
}

func TestFewPermutationsNeedNoConfirmation(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	i := h.command("imagine", sandbox.With("prompt", "a {red, blue} boat --seed 7"), sandbox.With("count", 1))
	first := h.waitPictures(i, 1)
	all := h.waitPictureMessages(2)
	if got, want := h.prompts(i, 2), []string{"a red boat", "a blue boat"}; !slices.Equal(got, want) {
		t.Errorf("prompts: got %q, want %q", got, want)
	}
	second := all[1]
	if second.ID == first.ID {
		second = all[0]
	}
	if want := "1:reroll:" + i.ID + "-1:0"; !slices.Contains(buttons(second.Components), want) ||
		!strings.Contains(second.Text(), "a blue boat") {
		t.Errorf("second message: got %s, want that of the second job", describe(second))
	}
	h.pollUntil("both to be done", func() bool {
		e, err := h.db.Find(h.ctx, i.ID+"-1")
		return err == nil && e.State == store.Done && e.Message == second.ID && h.job(i).State == store.Done
	})
	again := h.click(h.defaults.Member.ID, second.ID, "1:reroll:"+i.ID+"-1:0")
	h.waitPictures(again, 1)
	if s := h.spec(again); s.Prompt != "a blue boat" || s.Seed == 7 {
		t.Errorf("reroll: got %q with seed %d, want the settled words with a new seed", s.Prompt, s.Seed)
	}
}

// noAcceptStore accepts nothing while it is down.
type noAcceptStore struct {
	bot.Store
	down atomic.Bool
}

func (c *noAcceptStore) Accept(
	ctx context.Context, entries []store.Job, judge func(store.Policy, store.Usage) error,
) error {
	if c.down.Load() {
		return errors.New("the store does not accept anything")
	}
	return c.Store.Accept(ctx, entries, judge)
}

func TestManyPermutationsAreConfirmed(t *testing.T) {
	t.Parallel()
	ask := func(h *cluster, words string) (question sandbox.Message, i sandbox.Interaction) {
		i = h.command("imagine", sandbox.With("prompt", words), sandbox.With("count", 1))
		return h.waitText(i, "Generate all of them?"), i
	}
	t.Run("and painted once by a yes, also after a restart", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		stop := h.startBot()
		h.waitReady()
		question, i := ask(h, "a {red, blue} {boat, star}")
		for _, want := range []string{"4 prompts, 4 images", "a red boat", "a blue star"} {
			if !strings.Contains(unescaped(question.Text()), want) {
				t.Errorf("question %s, want %q in it", describe(question), want)
			}
		}
		if question.Viewer != h.defaults.Member.ID {
			t.Error("others see the question")
		}
		stop()
		h.startBot()
		h.startRenderer()
		yes := h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes")
		h.waitPictureMessages(4)
		if got, want := h.prompts(yes, 4), []string{
			"a red boat", "a red star", "a blue boat", "a blue star",
		}; !slices.Equal(got, want) {
			t.Errorf("prompts: got %q, want %q", got, want)
		}
		if m, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, question.ID); !strings.Contains(
			m.Text(), "Each gets its own message",
		) || len(buttons(m.Components)) > 0 {
			t.Errorf("the question became %s", describe(m))
		}
	})
	t.Run("not by a second answer", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		if _, err := h.db.DropQuestion(h.ctx, i.ID); err != nil { // as the other answer did
			t.Fatal(err)
		}
		h.waitText(h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes"), "answered already")
		if n := len(h.renderer.specs()); n != 0 {
			t.Errorf("%d paintings, want none", n)
		}
	})
	t.Run("also when the store failed at the first yes", func(t *testing.T) {
		t.Parallel()
		h := newCluster(t, sandbox.Options{})
		db := &noAcceptStore{}
		h.wrapStore = func(l bot.Store) bot.Store { db.Store = l; return db }
		h.startBot()
		h.startRenderer()
		h.waitReady()
		question, i := ask(h, "a {red, blue} {boat, star}")
		db.down.Store(true)
		h.waitText(h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes"), "")
		db.down.Store(false)
		h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:yes")
		h.waitPictureMessages(4)
	})
	t.Run("not after a no", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:no")
		h.waitFor("the question to be gone", func() bool {
			m, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, question.ID)
			return m.Text() == "Cancelled. Nothing was generated."
		})
	})
	t.Run("or said anew in a form", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		question, i := ask(h, "a {red, blue} {boat, star}")
		edit := h.click(h.defaults.Member.ID, question.ID, "1:permute:"+i.ID+":0:edit")
		opened, err := h.sandbox.WaitAnswer(h.ctx, edit.ID)
		if err != nil || opened.Form == nil || opened.Form.Components[0].Component.Value != "a {red, blue} {boat, star}" {
			t.Fatalf("got %+v, %v, want a form with the words", opened, err)
		}
		sent, err := h.sandbox.Submit(h.defaults.Member.ID, edit.ID, map[string]string{"prompt": "a red boat"})
		if err != nil {
			t.Fatal(err)
		}
		h.waitPictures(sent, 1)
	})
	t.Run("unless the server allows fewer", func(t *testing.T) {
		t.Parallel()
		h := startCluster(t)
		h.waitText(
			h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "limits set", sandbox.With("waiting", 3)),
			"Waiting per person: 3",
		)
		i := h.command("imagine", sandbox.With("prompt", "a {red, blue} {boat, star}"), sandbox.With("count", 1))
		h.waitText(i, "allows 3 images waiting per person, and you asked for 4")
		h.waitText(
			h.command("imagine", sandbox.With("prompt", strings.Repeat("{a, b}", 12))), "at most 20 are possible at once",
		)
	})
}

// TestPermutationWithoutMessageExpires: Discord refuses the second message, and nobody waits for it.
func TestPermutationWithoutMessageExpires(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	h.sandbox.Fail(
		sandbox.Fault{Method: "POST", Path: regexp.MustCompile(`^/webhooks/[^/]*/[^/]*$`), Times: 1, Code: 50013},
	)
	i := h.command("imagine", sandbox.With("prompt", "a {red, blue} boat"), sandbox.With("count", 1))
	h.waitPictures(i, 1)
	h.pollUntil("the second to be given up", func() bool {
		e, err := h.db.Find(h.ctx, i.ID+"-1")
		return err == nil && e.State == store.Expired
	})
	h.waitNotPaintedNote("a blue boat")
}

// waitNotPaintedNote waits for a message, to the member alone, that a prompt was not painted.
func (h *cluster) waitNotPaintedNote(prompt string) {
	h.t.Helper()
	h.waitFor("word of what was not painted", func() bool {
		return slices.ContainsFunc(h.sandbox.VisibleMessages(
			h.defaults.Member.ID, h.defaults.Channel.ID,
		), func(m sandbox.Message) bool {
			return m.Viewer == h.defaults.Member.ID && strings.Contains(m.Text(), "Skipped") &&
				strings.Contains(m.Text(), prompt)
		})
	})
}

// TestPermutationCutOffByCrashExpires: the bot dies before the second message; that job is looked for, and then
// expires.
func TestPermutationCutOffByCrashExpires(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	repair := h.sandbox.Fail(
		sandbox.Fault{Method: "POST", Path: regexp.MustCompile(`^/webhooks/[^/]*/[^/]*$`), Times: -1, Status: 502},
	)
	stop := h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a {red, blue} boat"), sandbox.With("count", 1))
	h.waitText(i, "in the queue")
	h.pollUntil("both to be written down", func() bool { _, err := h.db.Find(h.ctx, i.ID+"-1"); return err == nil })
	stop()
	repair()
	h.clock.advance(time.Minute)
	stop = h.startBot()
	state := func() store.State { e, _ := h.db.Find(h.ctx, i.ID+"-1"); return e.State }
	if s := state(); s != store.Accepted {
		t.Errorf("a minute later: got %s, want it to wait for its message", s)
	}
	h.clock.advance(5 * time.Minute)
	h.pollUntil("it to expire", func() bool { return state() == store.Expired })
	h.waitNotPaintedNote("a blue boat")
	stop()
}

func TestWeightsBehindColonsReachTheSpec(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	i := h.command("imagine", sandbox.With("prompt", "red:: boat::2 --tile"))
	h.waitPictures(i, 4)
	if s := h.spec(i); s.Notation != picture.NotationMidjourney || s.Prompt != "red:: boat::2" || !s.Tiling {
		t.Errorf("spec: got %+v, want Midjourney's notation and tiling", s)
	}
}

// TestEachImageDrawsItsOwnChoice follows four colours from the request through the buttons: the message shows what each
// image got, and each button goes on from there.
func TestEachImageDrawsItsOwnChoice(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	i := h.command("imagine", sandbox.With("prompt", "a {red|blue|green|grey} boat --seed 7"))
	grid := h.waitPictures(i, 4)
	spec := h.spec(i)
	if len(spec.Tiles) != 4 || spec.Version != 3 || spec.Validate() != nil {
		t.Fatalf("got %+v, %v, want a prompt for each tile", spec, spec.Validate())
	}
	var colours []string
	for n := range 4 {
		colours = append(colours, strings.Fields(spec.Tile(n).Prompt)[1])
		if want := fmt.Sprintf("Image %d: %s", n+1, spec.Tile(n).Prompt); grid.Files[n].Description != want {
			t.Errorf("alternative text: got %q, want %q", grid.Files[n].Description, want)
		}
	}
	if want := `**a {` + strings.Join(colours, `\|`) + `} boat \-\-seed 7**`; !strings.Contains(grid.Text(), want) {
		t.Errorf("message: got %q, want %q in it", grid.Text(), want)
	}
	other := 1
	for spec.Tile(other).Prompt == spec.Tile(0).Prompt {
		other++
	}
	number := strconv.Itoa(other + 1)
	varied := h.click(me, grid.ID, "1:vary:"+i.ID+"-0:"+number)
	h.waitPictures(varied, 4)
	if s := h.spec(varied); s.Prompt != spec.Tile(other).Prompt || s.Tiles != nil {
		t.Errorf("a variation of image %s: got %q and %v, want %q", number, s.Prompt, s.Tiles, spec.Tile(other).Prompt)
	}
	again := h.click(me, grid.ID, "1:reroll:"+i.ID+"-0:0")
	h.waitPictures(again, 4)
	if s := h.spec(again); !slices.Equal(s.Tiles, spec.Tiles) || s.Seed == 7 {
		t.Errorf("reroll: got %v with seed %d, want the same prompts with another seed", s.Tiles, s.Seed)
	}
	alone := h.waitPictures(h.click(me, grid.ID, "1:single:"+i.ID+"-0:"+number), 1)
	if !strings.Contains(alone.Text(), "**"+spec.Tile(other).Prompt+"**") ||
		!slices.Contains(buttons(alone.Components), "1:remix:"+i.ID+"-0:"+number) {
		t.Errorf("image %s alone: got %s", number, describe(alone))
	}
}
