package bot_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
	"darkroom/queue/worker"
	"darkroom/render/picture"
	"darkroom/store"
)

// isCard tells whether a message has Components V2.
func isCard(m sandbox.Message) bool { return m.Flags&wire.FlagComponentsV2 != 0 }

func TestCardFromWaitingToResult(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat --ar 3:2"), sandbox.With("steps", 5),
		sandbox.With("spoiler", true))
	wants := func(m sandbox.Message, color message.Color, texts ...string) {
		t.Helper()
		if !isCard(m) || m.Content != "" || m.Accent() != int(color) {
			t.Errorf("got %s in colour %#x, want a card in %#x", describe(m), m.Accent(), color)
		}
		for _, text := range append(texts, "**a red boat --ar 3:2 --steps 5** — <@") {
			if !strings.Contains(unescaped(m.Text()), text) {
				t.Errorf("got %q, want %q in it", m.Text(), text)
			}
		}
	}
	waiting := h.waitText(i, "Waiting, #1 in the queue")
	wants(waiting, message.ColorWaiting)
	rendering := h.waitText(i, "Generating, 37%")
	wants(rendering, message.ColorRendering)
	release()
	done := h.waitPictures(i, 4)
	wants(done, message.ColorDone, "postcards · seed ", " · 160×112 · 5 steps · 1.0 s · AI-generated")
	if waiting.ID != done.ID || len(done.Attachments) != 0 {
		t.Errorf("got %s as %s, want the waiting message %s with a gallery", describe(done), done.ID, waiting.ID)
	}
	for n, item := range done.Components[0].Components[1].Items {
		if !item.Spoiler || item.Description != "Image "+string(rune('1'+n))+": a red boat" {
			t.Errorf("tile %d: got %+v, want it covered and described", n+1, item)
		}
	}
}

func TestCardsOfFailuresAndCancels(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	gone := h.command("imagine", sandbox.With("prompt", "a boat"))
	m := h.waitText(gone, "in the queue")
	h.click(h.defaults.Member.ID, m.ID, "1:cancel:"+gone.ID+"-0:0")
	if m := h.waitText(gone, "Cancelled"); m.Accent() != int(message.ColorCancelled) {
		t.Errorf("got %s in colour %#x, want %#x", describe(m), m.Accent(), message.ColorCancelled)
	}
	h.startRendererWith(failingRenderer{worker.Final("the model is out of paint", nil)})
	failed := h.command("imagine", sandbox.With("prompt", "a boat"))
	if m := h.waitText(failed, "out of paint"); m.Accent() != int(message.ColorFailed) {
		t.Errorf("got %s in colour %#x, want %#x", describe(m), m.Accent(), message.ColorFailed)
	}
}

// TestMessagesKeepTheirForm: the setting decides about new messages alone. What was posted is edited in its own form by
// bot and renderer, and its buttons work, whatever the setting says by then.
func TestMessagesKeepTheirForm(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"cards, then not": false, "no cards, then cards": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.plain = plain
			me := h.defaults.Member.ID
			stop := h.startBot()
			h.waitReady()
			first := h.command("imagine", sandbox.With("prompt", "a boat"))
			gone := h.command("imagine", sandbox.With("prompt", "a star"))
			for _, i := range []sandbox.Interaction{first, gone} {
				if m := h.waitText(i, "in the queue"); isCard(m) == plain {
					t.Errorf("got %s, want a card: %v", describe(m), !plain)
				}
				h.pollUntil("its message to be known", func() bool { e := h.job(i); return e.Message != "" && e.Epoch > 0 })
			}
			stop()
			h.plain = !plain
			h.startBot()
			waiting := h.waitAnswer(gone, "its message", nil)
			h.click(me, waiting.ID, "1:cancel:"+gone.ID+"-0:0")
			if m := h.waitText(gone, "Cancelled"); isCard(m) == plain {
				t.Errorf("cancelled: got %s, want the form that it had", describe(m))
			}
			h.startRenderer()
			grid := h.waitPictures(first, 4)
			if isCard(grid) == plain {
				t.Errorf("finished: got %s, want the form that it had", describe(grid))
			}
			h.pollUntil("the store to say done", func() bool { return h.job(first).State == store.Done })
			job := first.ID + "-0"
			h.waitFor("the last edit to be put right", func() bool { // a position may have come after the images
				m, _ := h.sandbox.VisibleMessage(me, grid.ID)
				return slices.Contains(buttons(m.Components), "1:vary:"+job+":3")
			})
			for what, id := range map[string]string{"U2": "1:single:" + job + ":2", "V3": "1:vary:" + job + ":3"} {
				tiles := map[string]int{"U2": 1, "V3": 4}[what]
				if m := h.waitPictures(h.click(me, grid.ID, id), tiles); isCard(m) != plain {
					t.Errorf("%s: got %s, want the form of new messages", what, describe(m))
				}
			}
			if plain {
				h.confirmDelete(me, h.click(me, grid.ID, "1:delete:"+job+":0"))
			} else {
				h.confirmDelete(me, h.more(me, grid, "delete", job))
			}
		})
	}
}

// TestCardWithoutItsFilesIsOfferedAgain: an edit that came late took the images off the card. They are not stored any
// more, so their owner can have the same ones rendered again: on the same card, though new ones have the older form.
func TestCardWithoutItsFilesIsOfferedAgain(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.waitReady()
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1))
	h.waitText(i, "in the queue")
	h.pollUntil("its message to be known", func() bool { e := h.job(i); return e.Message != "" && e.Epoch > 0 })
	stop()
	if _, err := h.db.Finish(
		h.ctx, i.ID+"-0", "", []byte(`{"delivered":"posted","files":[{"name":"a.png"}]}`),
	); err != nil {
		t.Fatal(err)
	}
	h.plain = true // from now on new messages have the older form
	h.startBot()
	m := h.waitText(i, "too late to be posted")
	h.startRenderer()
	again := h.click(h.defaults.Member.ID, m.ID, "1:show:"+i.ID+"-0:0")
	if shown := h.waitPictures(again, 1); shown.ID != m.ID || !isCard(shown) {
		t.Errorf("got %s, want the images on the same card", describe(shown))
	}
}

func TestUsedButtonsTurnBlue(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("spoiler", true))
	grid, job := h.waitPictures(i, 4), i.ID+"-0"
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	style := func(id string) int {
		m, _ := h.sandbox.VisibleMessage(me, grid.ID)
		if c := wire.FindComponent(m.Components, id); c != nil {
			return c.Style
		}
		return 0
	}
	up, vary := "1:single:"+job+":2", "1:vary:"+job+":4"
	for _, id := range []string{up, vary} {
		h.click(me, grid.ID, id)
		h.waitFor("the button to turn blue", func() bool { return style(id) == int(message.Primary) })
	}
	now, _ := h.sandbox.VisibleMessage(me, grid.ID)
	if style(up) != int(message.Primary) || style("1:single:"+job+":1") != int(message.Secondary) {
		t.Errorf("got %+v, want the first in blue still and the others not", now.Components)
	}
	if now.Text() != grid.Text() || len(now.Files) != 4 || len(now.Attachments) != 0 {
		t.Errorf("got %s, want nothing else changed in %s", describe(now), describe(grid))
	}
	for n, f := range now.Files {
		item := now.Components[0].Components[1].Items[n]
		if f.ID != grid.Files[n].ID || !item.Spoiler || item.Description != grid.Files[n].Description {
			t.Errorf("tile %d: got %+v and %+v, want it kept, covered and described", n+1, f, item)
		}
	}
	first := h.waitPictures(h.click(me, grid.ID, "1:single:"+job+":1"), 1) // it has the remix button of the whole card
	h.waitPictures(h.click(me, first.ID, "1:vary:"+job+":1:subtle"), 4)
	h.click(me, grid.ID, "1:single:"+job+":3") // after that one, since they turn blue in order
	h.waitFor("the third to turn blue", func() bool { return style("1:single:"+job+":3") == int(message.Primary) })
	if alone, _ := h.sandbox.VisibleMessage(me, first.ID); !slices.Equal(
		buttons(alone.Components), buttons(first.Components),
	) {
		t.Errorf("got %s, want the card of one image as it was: %s", describe(alone), describe(first))
	}
}

// TestBlueGivesWay: what Discord limits or refuses is not tried again, and nobody hears of it.
func TestBlueGivesWay(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sandbox.Fault{
		"a limit":                 {Scope: "user", After: 3600e9},
		"the limit on old edits":  {Status: 429, Code: 30046},
		"a message that is gone":  {Code: 10008},
		"a server that is broken": {Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := startCluster(t)
			me := h.defaults.Member.ID
			i := h.command("imagine", sandbox.With("prompt", "a boat"))
			grid, job := h.waitPictures(i, 4), i.ID+"-0"
			h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
			fault.Method, fault.Path, fault.Times = http.MethodPatch, regexp.MustCompile("/messages/"+grid.ID+"$"), -1
			h.sandbox.Fail(fault)
			h.waitPictures(h.click(me, grid.ID, "1:single:"+job+":2"), 1)
			edits := func() (n int) {
				for _, r := range h.sandbox.Rules().Requests() {
					if r.Method == http.MethodPatch && fault.Path.MatchString(r.Path) {
						n++
					}
				}
				return n
			}
			h.pollUntil("the edit to be tried", func() bool { return edits() > 0 })
			h.waitPictures(h.click(me, grid.ID, "1:single:"+job+":3"), 1) // and the bot goes on
			if n := edits(); n > 2 {
				t.Errorf("got %d edits for two clicks, want at most one each", n)
			}
			if m, ok := h.sandbox.VisibleMessage(me, grid.ID); !ok || m.Text() != grid.Text() {
				t.Errorf("got %s, want the grid as it was", describe(m))
			}
		})
	}
}

func TestMoreOfOneImage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("seed", 100))
	grid, job := h.waitPictures(i, 4), i.ID+"-0"
	list := h.waitText(h.click(h.defaults.Moderator.ID, grid.ID, "1:more:"+job+":0"), "Which image?")
	if list.Viewer != h.defaults.Moderator.ID {
		t.Errorf("got %s for %s, want it private", describe(list), list.Viewer)
	}
	chosen := h.waitText(h.click(h.defaults.Moderator.ID, list.ID, "1:more:"+job+":3:tile"), "Image 3")
	if chosen.ID != list.ID {
		t.Errorf("got %s as another message, want it in place of the question", describe(chosen))
	}
	up := h.click(h.defaults.Moderator.ID, chosen.ID, "1:upscale:"+job+":3:creative")
	h.waitPictures(up, 1)
	if s := h.spec(up); s.Upscale == nil || s.Upscale.Strength < 0.3 || s.Seed != 102 {
		t.Errorf("creative upscale: got %+v, want tile 3 repainted", s.Upscale)
	}
	info := h.waitText(h.click(h.defaults.Moderator.ID, chosen.ID, "1:info:"+job+":3"), "Seeds")
	if !strings.Contains(info.Text(), "3: `102`") || strings.Contains(info.Text(), "1: `100`") {
		t.Errorf("info of image 3: got %q", info.Text())
	}
}

func TestZoomAndSquareOfOneImage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("count", 1),
		sandbox.With("aspect_ratio", "3:2"))
	alone, job := h.waitPictures(i, 1), i.ID+"-0"
	square := h.click(me, alone.ID, "1:square:"+job+":1")
	m := h.waitPictures(square, 4)
	want := picture.Placement{Y: 24, Width: 160, Height: 112}
	if s := h.spec(square); s.Width != 160 || s.Height != 160 || *s.Init.Placement != want {
		t.Errorf("square: got %d×%d with %+v, want 160×160 with %+v", s.Width, s.Height, s.Init.Placement, want)
	}
	if !strings.Contains(m.Text(), "made square from image 1") || strings.Contains(unescaped(m.Text()), "--ar") {
		t.Errorf("square: message %q, want it to say what it is, without the old shape", m.Text())
	}
	h.pollUntil("the store to say done", func() bool { return h.job(square).State == store.Done })
	if ids := strings.Join(buttons(alone.Components), " "); !strings.Contains(ids, ":square:") {
		t.Errorf("got %s, want a button to make it square", ids)
	}
	for typed, fits := range map[string]bool{"1,6": true, "9": false, "much": false} {
		opened, err := h.sandbox.WaitAnswer(h.ctx, h.click(me, alone.ID, "1:zoom:"+job+":1:custom").ID)
		if err != nil || opened.Form == nil {
			t.Fatalf("no form: %v", err)
		}
		sent, err := h.sandbox.Submit(me, opened.ID, map[string]string{"zoom": typed})
		if err != nil {
			t.Fatal(err)
		}
		if !fits {
			h.waitText(sent, "Unknown zoom “"+typed+"”. Write a number from 1.05 to 4")
			continue
		}
		h.waitPictures(sent, 4)
		if p := h.spec(sent).Init.Placement; p.Width != 100 || p.Height != 70 {
			t.Errorf("custom zoom: got %+v, want the image 1.6 times smaller", p)
		}
	}
}
