package bot_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

func TestPresets(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.says(h.ask("preset list"), "You have no presets")
	h.says(h.ask("preset save", sandbox.With("name", "empty")), "Say at least one setting")
	h.says(h.ask("preset save", sandbox.With("name", "post"), sandbox.With("words", "*old* paper"), sandbox.With("steps", 5), sandbox.With("count", 2)), "Kept")
	kept := h.says(h.ask("preset list"), "steps: 5")
	if kept.Viewer != h.home.Member.ID || !strings.Contains(kept.Content, `words: \*old\* paper`) {
		t.Errorf("list: got %s, want a private one with harmless words", describe(kept))
	}
	i := h.ask("imagine", sandbox.With("prompt", "a red boat --steps 6"), sandbox.With("preset", " post "))
	h.painted(i, 2)
	if s := h.spec(i); s.Prompt != "a red boat, *old* paper" || s.Steps != 6 || s.Count != 2 {
		t.Errorf("spec: got %+v, want the preset's words and count, and the flag's steps", s)
	}
	h.says(h.ask("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("preset", "none")), "You have no preset of that name")
	h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "imagine", sandbox.With("prompt", "x"), sandbox.With("preset", "post")), "You have no preset")
	h.says(h.ask("preset delete", sandbox.With("name", "post")), "Forgotten: post")
	h.says(h.ask("preset delete", sandbox.With("name", "post")), "You have no preset")
}

func TestPersonalData(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.pace.Forget = 20 * time.Millisecond
	h.start()
	h.bench()
	h.ready()
	me := h.home.Member.ID
	first := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	grid := h.painted(first, 4)
	h.poll("the ledger to say done", func() bool { return h.entry(first).State == store.Done })
	h.says(h.ask("preset save", sandbox.With("name", "post"), sandbox.With("steps", 5)), "Kept")

	told := h.says(h.ask("mydata export"), "all that is kept about you")
	if told.Viewer != me || len(told.Attachments) != 1 {
		t.Fatalf("export: got %s, want a private file", describe(told))
	}
	text := must(h.box.Download(told.Attachments[0].ID))
	var got struct {
		User    string
		Jobs    []struct{ ID, State, Message string }
		Presets []struct{ Name string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.User != me || len(got.Jobs) != 1 || got.Jobs[0].ID != first.ID+"-0" || got.Jobs[0].Message != grid.ID || len(got.Presets) != 1 {
		t.Errorf("export: got %+v, want one job and one preset", got)
	}
	if !strings.Contains(string(text), "a red boat") || strings.Contains(string(text), "token") {
		t.Errorf("export: got %s, want the words and no tokens", text)
	}
	h.says(h.askAs(h.home.Moderator.ID, h.home.Channel.ID, "mydata export"), "all that is kept about you")
	eraseAll(t, h, grid, first)
}

// eraseAll: the member has a picture, and another is being painted.
func eraseAll(t *testing.T, h *house, grid sandbox.Message, first sandbox.Interaction) {
	me := h.home.Member.ID
	release := h.brush.stay()
	defer release()
	second := h.ask("imagine", sandbox.With("prompt", "a blue star"))
	h.says(second, "Painting")
	third := h.queued(sandbox.With("prompt", "a blue boat"))

	question := h.says(h.ask("mydata erase"), "cannot be taken back")
	if _, err := h.ledger.Find(h.ctx, first.ID+"-0"); err != nil {
		t.Fatalf("before the question was answered: %v", err)
	}
	h.click(me, question.ID, "1:forget:me:0")
	h.poll("the answer", func() bool {
		m, ok := h.box.MessageSeen(me, question.ID)
		return ok && strings.Contains(m.Content, "Erased")
	})
	for _, i := range []sandbox.Interaction{first, third} {
		if _, err := h.ledger.Find(h.ctx, i.ID+"-0"); err == nil {
			t.Errorf("job %s-0 is still on record", i.ID)
		}
	}
	h.says(third, "Cancelled")
	release()
	h.poll("the job that was being painted to be forgotten", func() bool {
		_, err := h.ledger.Find(h.ctx, second.ID+"-0")
		return err != nil
	})
	h.says(h.click(me, grid.ID, "1:reroll:"+first.ID+"-0:0"), "I no longer have the record of this picture")
	h.says(h.ask("preset list"), "You have no presets")
	u, err := h.ledger.Usage(h.ctx, h.home.Guild.ID, me)
	if err != nil || u.Day != 4 {
		t.Errorf("usage: got %+v, %v; want the four pictures that were painted, so that erasing gives no fresh allowance", u, err)
	}
}

func TestServersAreForgotten(t *testing.T) {
	t.Parallel()
	h := build(t, sandbox.Options{})
	h.pace.Forget, h.forgetAfter = 20*time.Millisecond, 30*24*time.Hour
	const elsewhere = "4242424242424242424"
	for server, id := range map[string]string{h.home.Guild.ID: "1-0", elsewhere: "2-0", "dm": "3-0"} {
		e := store.Entry{ID: id, Server: server, User: "u", Channel: "c", Verb: "imagine", Pictures: 1, Spec: json.RawMessage(`{}`), Reply: json.RawMessage(`{}`)}
		if err := h.ledger.Accept(h.ctx, []store.Entry{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.ledger.Cancel(h.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.ledger.Departed(h.ctx, h.home.Guild.ID); err != nil { // it came back while the bot was away
		t.Fatal(err)
	}
	h.start()
	known := func(what string, want map[string]bool) {
		t.Helper()
		h.poll(what, func() bool {
			got, err := h.ledger.Servers(h.ctx)
			if err != nil || len(got) != len(want) {
				return false
			}
			for server, departed := range want {
				if d, there := got[server]; !there || d != departed {
					return false
				}
			}
			return true
		})
	}
	known("the roll call", map[string]bool{h.home.Guild.ID: false, elsewhere: true, "dm": false})
	if err := h.box.RemoveBot(h.home.Guild.ID); err != nil {
		t.Fatal(err)
	}
	known("the removal", map[string]bool{h.home.Guild.ID: true, elsewhere: true, "dm": false})
	h.clock.forward(h.forgetAfter + time.Hour)
	known("both to be forgotten", map[string]bool{"dm": false})
}

func TestLimitsTellWhatWasPainted(t *testing.T) {
	t.Parallel()
	h := open(t)
	mod, place := h.home.Moderator.ID, h.home.Channel.ID
	h.says(h.askAs(mod, place, "limits show"), "Painted here today: nothing")
	i := h.ask("imagine", sandbox.With("prompt", "a red boat"))
	h.painted(i, 4)
	h.poll("the ledger to say done", func() bool { return h.entry(i).State == store.Done })
	h.says(h.askAs(mod, place, "limits set", sandbox.With("waiting", 40)), "from now on")
	m := h.says(h.askAs(mod, place, "limits show"), "Painted here today: 4 pictures in ")
	for _, want := range []string{"Painted here in seven days: 4 pictures", "Last change by <@" + mod + ">"} {
		if !strings.Contains(m.Content, want) {
			t.Errorf("got %s, want %q in it", describe(m), want)
		}
	}
	if len(m.Pings) > 0 {
		t.Errorf("it pings %v", m.Pings)
	}
}
