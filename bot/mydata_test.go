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
	h := startCluster(t)
	h.waitText(h.command("preset list"), "You have no presets")
	h.waitText(h.command("preset save", sandbox.With("name", "empty")), "choose at least one setting")
	for _, name := range []string{"\u200b", "\u2800 \u200d"} { // nobody could see it, nor choose it again
		h.waitText(h.command("preset save", sandbox.With("name", name), sandbox.With("steps", 5)), "needs a name")
	}
	h.waitText(
		h.command(
			"preset save", sandbox.With("name", "post"), sandbox.With("words", "*old* paper"), sandbox.With("steps", 5),
			sandbox.With("count", 2), sandbox.With("sampler", "euler"),
		),
		"Saved",
	)
	kept := h.waitText(h.command("preset list"), "sampler: Euler · steps: 5")
	if kept.Viewer != h.defaults.Member.ID || !strings.Contains(kept.Text(), `words: \*old\* paper`) {
		t.Errorf("list: got %s, want a private one with harmless words", describe(kept))
	}
	i := h.command("imagine", sandbox.With("prompt", "a red boat --steps 6"), sandbox.With("style", " post "))
	h.waitPictures(i, 2)
	if s := h.spec(i); s.Prompt != "a red boat, *old* paper" || s.Steps != 6 || s.Count != 2 {
		t.Errorf("spec: got %+v, want the preset's words and count, and the flag's steps", s)
	}
	h.waitText(
		h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("style", "none")),
		"You have no preset with that name",
	)
	h.waitText(
		h.commandAs(
			h.defaults.Moderator.ID, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", "x"),
			sandbox.With("style", "post"),
		),
		"You have no preset",
	)
	h.waitText(h.command("preset delete", sandbox.With("name", "post")), "Deleted: post")
	h.waitText(h.command("preset delete", sandbox.With("name", "post")), "You have no preset")
}

func TestPersonalData(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.intervals.Retention = 20 * time.Millisecond
	h.startBot()
	h.startRenderer()
	h.waitReady()
	me := h.defaults.Member.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"))
	grid := h.waitPictures(first, 4)
	h.pollUntil("the store to say done", func() bool { return h.job(first).State == store.Done })
	h.waitText(h.command("preset save", sandbox.With("name", "post"), sandbox.With("steps", 5)), "Saved")

	told := h.waitText(h.command("mydata export"), "everything stored about you")
	if told.Viewer != me || len(told.Files) != 1 {
		t.Fatalf("export: got %s, want a private file", describe(told))
	}
	text := must(h.sandbox.Download(told.Files[0].ID))
	var got struct {
		User    string
		Jobs    []struct{ ID, State, Message string }
		Presets []struct{ Name string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.User != me || len(got.Jobs) != 1 || got.Jobs[0].ID != first.ID+"-0" || got.Jobs[0].Message != grid.ID ||
		len(got.Presets) != 1 {
		t.Errorf("export: got %+v, want one job and one preset", got)
	}
	if !strings.Contains(string(text), "a red boat") || strings.Contains(string(text), "token") {
		t.Errorf("export: got %s, want the words and no tokens", text)
	}
	h.waitText(h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "mydata export"), "everything stored about you")
	eraseAll(t, h, grid, first)
}

// eraseAll: the member has a picture, and another is being painted.
func eraseAll(t *testing.T, h *cluster, grid sandbox.Message, first sandbox.Interaction) {
	me := h.defaults.Member.ID
	release := h.renderer.pause()
	defer release()
	second := h.command("imagine", sandbox.With("prompt", "a blue star"))
	h.waitText(second, "Generating")
	third := h.imagineQueued(sandbox.With("prompt", "a blue boat"))

	question := h.waitText(h.command("mydata erase"), "cannot be undone")
	if _, err := h.db.Find(h.ctx, first.ID+"-0"); err != nil {
		t.Fatalf("before the question was answered: %v", err)
	}
	h.click(me, question.ID, "1:forget:me:0")
	h.pollUntil("the answer", func() bool {
		m, ok := h.sandbox.VisibleMessage(me, question.ID)
		return ok && strings.Contains(m.Text(), "Erased")
	})
	for _, i := range []sandbox.Interaction{first, third} {
		if _, err := h.db.Find(h.ctx, i.ID+"-0"); err == nil {
			t.Errorf("job %s-0 is still on record", i.ID)
		}
	}
	h.waitText(third, "Cancelled")
	release()
	h.pollUntil("the job that was being painted to be forgotten", func() bool {
		_, err := h.db.Find(h.ctx, second.ID+"-0")
		return err != nil
	})
	h.waitText(h.click(me, grid.ID, "1:reroll:"+first.ID+"-0:0"), "no record of this image")
	h.waitText(h.command("preset list"), "You have no presets")
	u, err := h.db.Usage(h.ctx, h.defaults.Guild.ID, me)
	if err != nil || u.Day != 4 {
		t.Errorf(
			"usage: got %+v, %v; want the four pictures that were painted, so that erasing gives no fresh allowance", u, err,
		)
	}
}

func TestServersAreForgotten(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.intervals.Retention, h.forgetAfter = 20*time.Millisecond, 30*24*time.Hour
	const elsewhere = "4242424242424242424"
	for server, id := range map[string]string{h.defaults.Guild.ID: "1-0", elsewhere: "2-0", "dm": "3-0"} {
		e := store.Job{
			ID: id, Server: server, User: "u", Channel: "c", Verb: "imagine", Pictures: 1, Spec: json.RawMessage(`{}`),
			Address: json.RawMessage(`{}`),
		}
		if err := h.db.Accept(h.ctx, []store.Job{e}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := h.db.Cancel(h.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.db.MarkDeparted(h.ctx, h.defaults.Guild.ID); err != nil { // it came back while the bot was away
		t.Fatal(err)
	}
	h.startBot()
	known := func(what string, want map[string]bool) {
		t.Helper()
		h.pollUntil(what, func() bool {
			got, err := h.db.Servers(h.ctx)
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
	known("the roll call", map[string]bool{h.defaults.Guild.ID: false, elsewhere: true, "dm": false})
	if err := h.sandbox.RemoveBot(h.defaults.Guild.ID); err != nil {
		t.Fatal(err)
	}
	known("the removal", map[string]bool{h.defaults.Guild.ID: true, elsewhere: true, "dm": false})
	h.clock.advance(h.forgetAfter + time.Hour)
	known("both to be forgotten", map[string]bool{"dm": false})
}

func TestLimitsShowUsage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	mod, place := h.defaults.Moderator.ID, h.defaults.Channel.ID
	h.waitText(h.commandAs(mod, place, "limits show"), "Generated today: nothing")
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(i, 4)
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	h.waitText(h.commandAs(mod, place, "limits set", sandbox.With("waiting", 40)), "Changed:")
	m := h.waitText(h.commandAs(mod, place, "limits show"), "Generated today: 4 images in ")
	for _, want := range []string{"Generated in the last 7 days: 4 images", "Last change by <@" + mod + ">"} {
		if !strings.Contains(m.Text(), want) {
			t.Errorf("got %s, want %q in it", describe(m), want)
		}
	}
	if len(m.Pings) > 0 {
		t.Errorf("it pings %v", m.Pings)
	}
}
