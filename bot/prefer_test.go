package bot_test

import (
	"encoding/json"
	"strings"
	"testing"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestPrefer: what a person wants by default counts where a request does not say it, and is shown with where it comes
// from, exported and erased.
func TestPrefer(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	first := h.waitText(h.command("prefer show"), "`steps` 8 · the model")
	if first.Viewer != me || strings.Contains(first.Text(), "vae") {
		t.Errorf("show: got %s, want a private message without what nobody set", describe(first))
	}
	h.waitText(h.command("prefer set"), "Nothing to set")
	h.waitText(h.command("prefer set", sandbox.With("sampler", "nonsense")), "Unknown sampler “nonsense”")
	h.waitText(h.command("prefer set", sandbox.With("model", "gone")), "There is no model “gone”")
	set := h.waitText(
		h.command("prefer set", sandbox.With("steps", 5), sandbox.With("count", 2), sandbox.With("aspect_ratio", "3:2")),
		"`steps` 5 · your /prefer",
	)
	for _, want := range []string{
		"Changed.", "`count` 2 · your /prefer", "`size` 160×112 · your /prefer", "`guidance_scale`",
	} {
		if !strings.Contains(set.Text(), want) {
			t.Errorf("set: got %s, want %q in it", describe(set), want)
		}
	}
	h.waitText(
		h.command("prefer suffix", sandbox.With("text", "in oil --cfg 3 --no fog --sref x")),
		"Unknown flag --sref x was ignored",
	)
	i := h.command("imagine", sandbox.With("prompt", "a red boat --steps 6"))
	grid := h.waitPictures(i, 2)
	if s := h.spec(i); s.Prompt != "a red boat, in oil" || s.Steps != 6 || s.GuidanceScale != 3 || s.Negative != "fog" ||
		s.Width != 160 {
		t.Errorf("spec: got %+v, want the flag's steps and the rest as preferred", s)
	}
	info := h.waitText(h.onMessage(me, grid.ID, "Image info"), "By /prefer of the person who asked:")
	if !strings.Contains(unescaped(info.Text()), "negative_prompt, aspect_ratio, count, guidance_scale, suffix") {
		t.Errorf("info: got %s", describe(info))
	}
	other := h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(other, 4)
	if s := h.spec(other); s.Prompt != "a red boat" || s.Steps != 8 {
		t.Errorf("another person: got %+v, want nothing of this person's", s)
	}
	again := h.click(me, grid.ID, "1:reroll:"+i.ID+"-0:0")
	h.waitPictures(again, 2)
	if s := h.spec(again); s.Prompt != "a red boat, in oil" || s.Steps != 6 {
		t.Errorf("reroll: got %+v, want the same once", s)
	}
	h.waitText(h.command("prefer reset", sandbox.With("setting", "steps")), "`steps` 8 · the model")
	exportAndErasePreferences(t, h)
}

// exportAndErasePreferences goes on where a person has a suffix and a count.
// TestButtonsKeepTheirStory: what a button makes says what decided its settings, and no flag that is not true of it.
func TestButtonsKeepTheirStory(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	h.waitText(h.command("prefer set", sandbox.With("guidance_scale", 3)), "Changed.")
	draft := h.command("imagine", sandbox.With("prompt", "a red boat --draft --hires 1.5 --no fog"),
		sandbox.With("count", 1))
	first := h.waitPictures(draft, 1)
	plain := h.command("imagine", sandbox.With("prompt", "a red boat --no fog"), sandbox.With("count", 1))
	second := h.waitPictures(plain, 1)
	h.pollUntil("both ends to be written down", func() bool {
		return h.job(draft).State == store.Done && h.job(plain).State == store.Done
	})
	for id, hires := range map[string]bool{
		"1:vary:" + draft.ID + "-0:1:subtle": false, "1:reroll:" + draft.ID + "-0:0": true,
		"1:pan:" + draft.ID + "-0:1:left": false, "1:finish:" + draft.ID + "-0:0": true,
		"1:upscale:" + plain.ID + "-0:1:subtle": false,
	} {
		of := first
		if strings.HasPrefix(id, "1:upscale") {
			of = second
		}
		made := h.waitAnswer(h.click(me, of.ID, id), id, func(m sandbox.Message) bool { return len(m.Files) > 0 })
		text := unescaped(made.Text())
		if strings.Contains(text, "--hires") != hires || !strings.Contains(text, "--no fog") {
			t.Errorf("%s: got %q, want the flags that are true", id, text)
		}
		h.waitText(h.onMessage(me, made.ID, "Image info"), "By /prefer of the person who asked: guidance")
	}
}

func exportAndErasePreferences(t *testing.T, h *cluster) {
	t.Helper()
	me := h.defaults.Member.ID
	told := h.waitText(h.command("mydata export"), "everything stored about you")
	text := must(h.sandbox.Download(told.Files[0].ID))
	var got struct {
		Preferences store.Preferences `json:"preferences"`
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Preferences.Options["count"] != "2" ||
		got.Preferences.Suffix == "" {
		t.Errorf("export: got %s, %v, want the preferences", text, err)
	}
	question := h.waitText(h.command("mydata erase"), "cannot be undone")
	h.click(me, question.ID, "1:forget:me:0")
	h.pollUntil("the preferences to go", func() bool {
		s := must(h.db.Settings(h.ctx, h.defaults.Guild.ID, me))
		return s.Person.Suffix == "" && len(s.Person.Options) == 0
	})
	h.waitText(h.command("prefer show"), "`count` 4 · the model")
}

// TestPreferButtons: what is on or off can be pressed, and only by who sees it.
func TestPreferButtons(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	shown := h.waitText(h.command("prefer show"), "Suffix")
	person := func() store.Preferences { return must(h.db.Settings(h.ctx, h.defaults.Guild.ID, me)).Person }
	h.click(me, shown.ID, "1:prefer:me:0:ping")
	h.pollUntil("the ping", func() bool { return person().Ping && !person().Remix })
	h.pollUntil("the button to be green", func() bool {
		m, ok := h.sandbox.VisibleMessage(me, shown.ID)
		return ok && m.Components[0].Components[1].Style == 3 && m.Components[0].Components[0].Style == 2
	})
	h.waitText(h.command("prefer ping", sandbox.With("on", true)), "Changed")
	h.waitText(h.command("prefer remix"), "Changed")
	if p := person(); !p.Ping || !p.Remix {
		t.Errorf("got %+v, want both on", p)
	}
	h.click(me, shown.ID, "1:prefer:me:0:reset")
	h.pollUntil("all to be off", func() bool { return !person().Ping && !person().Remix })
	h.waitText(h.forge(forgery{on: shown.ID, id: "1:prefer:me:0:nonsense"}), "no longer works")
}

// TestStalePreferences: what became impossible is left out of each request with a note, and never refuses it.
func TestStalePreferences(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	_, err := h.db.ChangePreferences(h.ctx, me, func(p *store.Preferences) {
		p.Options = map[string]string{"model": "gone", "sampler": "dpm2", "steps": "5"}
		p.Suffix = "__lost__ <lora:lost:1> --count 1"
	})
	if err != nil {
		t.Fatal(err)
	}
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(i, 1)
	if s := h.spec(i); s.Prompt != "a red boat" || s.Steps != 5 || s.Model.Name != "postcards" {
		t.Errorf("spec: got %+v, want what is possible", s)
	}
	note := h.waitNote(me, h.defaults.Channel.ID, "The model “gone” of /prefer is not available. postcards is used")
	for _, want := range []string{"The sampler “DPM2” of /prefer was left out", "The suffix of /prefer was left out"} {
		if !strings.Contains(unescaped(note.Text()), want) {
			t.Errorf("note: got %s, want %q in it", describe(note), want)
		}
	}
	h.waitText(h.command("prefer suffix", sandbox.With("text", "__lost__")), "lost")
	h.waitText(h.command("prefer suffix", sandbox.With("text", "<lora:lost:1>")), "There is no LoRA “lost”")
}

// TestServerSettings: moderators set defaults and presets for all, which a person's own go before.
func TestServerSettings(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, mod, here := h.defaults.Member.ID, h.defaults.Moderator.ID, h.defaults.Channel.ID
	settings := func(sub string, options ...sandbox.Option) sandbox.Interaction {
		return h.commandAs(mod, here, "settings "+sub, options...)
	}
	h.waitText(settings("show"), "`steps` 8 · the model")
	h.waitText(settings("set", sandbox.With("steps", 6), sandbox.With("count", 3)), "`steps` 6 · this server's /settings")
	h.waitText(h.command("prefer set", sandbox.With("steps", 5)), "`count` 3 · this server's /settings")
	i := h.command("imagine", sandbox.With("prompt", "a red boat"))
	grid := h.waitPictures(i, 3)
	if s := h.spec(i); s.Steps != 5 {
		t.Errorf("steps: got %d, want the person's 5", s.Steps)
	}
	info := h.waitText(h.onMessage(me, grid.ID, "Image info"), "By /prefer of the person who asked: steps")
	if !strings.Contains(info.Text(), "By /settings of the server: count") {
		t.Errorf("info: got %s", describe(info))
	}
	if m := h.waitText(settings("show"), "Last change by <@"+mod+">"); m.Viewer != mod {
		t.Errorf("others see %s", describe(m))
	}
	if text := h.waitText(h.commandAs(mod, here, "limits show"), "Limits").Text(); strings.Contains(text, "Last change") {
		t.Errorf("limits show: got %s, want nobody who changed the limits", text)
	}
	h.waitText(settings("language", sandbox.With("language", "de")), "Deutsch")
	h.waitText(settings("reset", sandbox.With("setting", "count")), "`count` 4")
	h.waitText(settings("reset"), "`steps` 8")
	acts := must(h.db.AuditLog(h.ctx, h.defaults.Guild.ID, 10))
	if len(acts) != 4 || acts[3].Action != store.ActSetSettings || acts[3].Actor != mod {
		t.Errorf("audit: got %+v, want four changes by the moderator", acts)
	}
	direct := must(h.sandbox.DM(me))
	h.waitText(h.commandAs(me, direct.ID, "prefer show"), "`steps` 5 · your /prefer")
}

// TestServerPresets: moderators save presets that everybody may name. A person's own of that name goes before it.
func TestServerPresets(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	mod, here := h.defaults.Moderator.ID, h.defaults.Channel.ID
	save := func(user, name, whose string, steps int) sandbox.Interaction {
		return h.commandAs(user, here, "preset save", sandbox.With("name", name), sandbox.With("steps", steps),
			sandbox.With("for", whose))
	}
	h.waitText(save(h.defaults.Member.ID, "ink", "server", 5), "Only moderators (Manage Server) can do that.")
	h.waitText(save(mod, "ink", "server", 5), "Saved")
	h.waitText(h.command("preset list"), "**Presets of this server**")
	steps := func() int {
		i := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("style", "ink"))
		h.waitPictures(i, 4)
		return h.spec(i).Steps
	}
	if n := steps(); n != 5 {
		t.Errorf("the server's: got %d steps, want 5", n)
	}
	h.waitText(save(h.defaults.Member.ID, "ink", "me", 6), "Saved")
	if n := steps(); n != 6 {
		t.Errorf("one's own: got %d steps, want 6", n)
	}
	drop := func(user, whose string) sandbox.Interaction {
		return h.commandAs(user, here, "preset delete", sandbox.With("name", "ink"), sandbox.With("for", whose))
	}
	h.waitText(drop(h.defaults.Member.ID, "server"), "Only moderators")
	h.waitText(drop(mod, "server"), "Deleted: ink")
	h.waitText(drop(mod, "server"), "This server has no preset with that name")
	acts := must(h.db.AuditLog(h.ctx, h.defaults.Guild.ID, 10))
	if len(acts) != 2 || acts[0].Action != store.ActDeletePreset || acts[1].Action != store.ActSavePreset {
		t.Errorf("audit: got %+v", acts)
	}
}

// TestChosenLanguages: a server's language counts for what all read, a person's own for everything.
func TestChosenLanguages(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	mod, here := h.defaults.Moderator.ID, h.defaults.Channel.ID
	public := func(options ...sandbox.Option) string {
		i := h.command("imagine", append(options, sandbox.With("prompt", "a red boat"))...)
		h.waitPictures(i, 4)
		to, err := message.DecodeAddress(h.job(i).Address)
		if err != nil {
			t.Fatal(err)
		}
		return to.Language.String()
	}
	h.waitText(h.commandAs(mod, here, "settings language", sandbox.With("language", "de")), "Deutsch")
	if got := public(); got != "de" {
		t.Errorf("what all read: got %s, want the server's de", got)
	}
	if got := public(sandbox.With("private", true)); got != "en" {
		t.Errorf("what one person reads: got %s, want the en of their Discord", got)
	}
	h.waitText(h.command("prefer show"), "Your defaults here")
	h.waitText(h.command("prefer language", sandbox.With("language", "de")), "**Geändert.**")
	h.waitText(h.command("prefer show"), "Deine Vorgaben hier")
	h.waitText(h.command("prefer language", sandbox.With("language", "en")), "**Changed.**")
	if got := public(); got != "en" {
		t.Errorf("what all read of a person who chose: got %s, want en", got)
	}
	h.waitText(h.command("prefer language", sandbox.With("language", "auto")), "the one of your Discord")
	if got := public(); got != "de" {
		t.Errorf("after a reset: got %s, want the server's de", got)
	}
}

// TestShownDefaultsKeepToLimits: what is shown is what a request would get, also from a server that is paused.
func TestShownDefaultsKeepToLimits(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	policy := store.Policy{MaxSteps: 5, MaxCount: 2, Paused: true}
	if err := h.db.SetPolicy(h.ctx, h.defaults.Guild.ID, policy, h.defaults.Moderator.ID); err != nil {
		t.Fatal(err)
	}
	h.waitText(h.command("prefer show"), "`steps` 5 · the model")
	set := h.waitText(h.command("prefer set", sandbox.With("steps", 7)), "`steps` 5 · your /prefer")
	for _, want := range []string{"`count` 2", "Steps lowered to 5: the most that this server allows."} {
		if !strings.Contains(unescaped(set.Text()), want) {
			t.Errorf("got %s, want %q in it", describe(set), want)
		}
	}
	settings := h.commandAs(h.defaults.Moderator.ID, h.defaults.Channel.ID, "settings show")
	h.waitText(settings, "`steps` 5 · the model")
}
