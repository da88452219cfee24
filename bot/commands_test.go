package bot_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// decompressionBomb is a small PNG that says it has very many pixels.
func decompressionBomb() []byte {
	data := plainPNG(1, 0)
	copy(data[16:24], []byte{0, 1, 0, 0, 0, 1, 0, 0}) // IHDR: 65536 x 65536
	return data
}

func TestBadRequestsAreAnswered(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	for _, c := range []struct {
		name    string
		options []sandbox.Option
		says    string
	}{
		{"an empty prompt", []sandbox.Option{sandbox.With("prompt", " --seed 4")}, "The prompt is empty"},
		{
			"a prompt of 5,999 characters", []sandbox.Option{sandbox.With("prompt", strings.Repeat("boat ", 1199)+"boat")},
			"Prompt too long: 5,999 characters, at most 4,000",
		},
		{
			"an unknown sampler", []sandbox.Option{sandbox.With("prompt", "boat"), sandbox.With("sampler", "magic")},
			"Try one of: DDIM, Euler.",
		},
		{
			"a size that cannot be read", []sandbox.Option{sandbox.With("prompt", "boat"), sandbox.With("size", "big")},
			"Unknown size “big”",
		},
		{
			"a start that is no picture by its type",
			[]sandbox.Option{sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.txt", []byte("hello"))},
			"not an image file",
		},
	} {
		m := h.waitText(h.command("imagine", c.options...), c.says)
		if m.Viewer != me {
			t.Errorf("%s: answered publicly: %s", c.name, describe(m))
		}
	}
	if u, err := h.db.Usage(h.ctx, h.defaults.Guild.ID, me); err != nil || u != (store.Usage{}) {
		t.Errorf("jobs written down: got %+v, %v; want none", u, err)
	}
	t.Run("unbalanced brackets are literal", func(t *testing.T) {
		i := h.command("imagine", sandbox.With("prompt", "((a boat] \\( (:1."))
		h.waitPictures(i, 4)
		if s := h.spec(i); s.Prompt != "((a boat] \\( (:1." {
			t.Errorf("prompt: got %q, want it as typed", s.Prompt)
		}
	})
	t.Run("a size that is not offered becomes the nearest, and that is said", func(t *testing.T) {
		i := h.command(
			"imagine", sandbox.With("prompt", "a boat"), sandbox.With("size", "1000x700"), sandbox.With("count", 1),
		)
		h.waitPictures(i, 1)
		h.waitNote(me, here, "postcards does not have the size 1000×700. The nearest, 160×112, is used")
	})
	t.Run("a start picture that is broken is told in the message", func(t *testing.T) {
		h.waitText(
			h.command("imagine", sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.png", plainPNG(30, 1)[:60])),
			"Failed: the start image is damaged",
		)
	})
	t.Run("a start picture that is a bomb is told in the message", func(t *testing.T) {
		i := h.command(
			"imagine", sandbox.With("prompt", "boat"), sandbox.WithFile("init_image", "a.png", decompressionBomb()),
		)
		h.waitAnswer(i, "a refusal", func(m sandbox.Message) bool {
			return strings.Contains(m.Text(), "start image") && !hasCancelButton(m)
		})
	})
	t.Run("unknown words are told with prompts that can be painted, and a click paints one", func(t *testing.T) {
		i := h.command("imagine", sandbox.With("prompt", "a zebra"))
		h.waitPictures(i, 4)
		m := h.waitNote(me, here, "does not know these words, so the image shows something else: zebra")
		asked := h.click(me, m.ID, "1:words:"+modelHash[:16]+":0")
		known := h.waitText(asked, "**Things:** boat, star\n**Colours:** red, blue")
		if known.Viewer != me {
			t.Errorf("others see %s", describe(known))
		}
		e := h.click(me, m.ID, "1:example:1:0:"+modelHash[:16])
		h.waitPictures(e, 4)
		if s := h.spec(e); s.Prompt != "a blue star" {
			t.Errorf("prompt: got %q, want the second example", s.Prompt)
		}
	})
	t.Run("unknown words are told with the nearest known ones", func(t *testing.T) {
		h.waitPictures(h.command("imagine", sandbox.With("prompt", "two stars and a dragon")), 4)
		h.waitNote(me, here, "something else: two, stars, dragon.\nThe nearest that it knows: **star** for stars.")
	})
}

func TestStartPicture(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	i := h.command(
		"imagine", sandbox.With("prompt", "a boat"), sandbox.WithFile("init_image", "me.png", plainPNG(24, 9)),
		sandbox.With("strength", 0.4),
	)
	m := h.waitPictures(i, 4)
	s := h.spec(i)
	if s.Init == nil || s.Init.Strength != 0.4 || s.Init.Picture.Width != 24 {
		t.Fatalf("spec: got %+v, want a start picture 24 pixels wide", s)
	}
	data, err := h.db.Input(h.ctx, s.Init.Picture.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(data)); err != nil || img.Bounds() != image.Rect(0, 0, 24, 24) {
		t.Errorf("kept picture: %v", err)
	}
	again := h.click(h.defaults.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0")
	h.waitPictures(again, 4)
	if got := h.spec(again); got.Init == nil || got.Init.Picture != s.Init.Picture {
		t.Errorf("reroll: got %+v, want the same start picture", got.Init)
	}
	if h.renderer.withInputs != 2 {
		t.Errorf("jobs with inputs: got %d, want 2", h.renderer.withInputs)
	}
}

func TestChannelKinds(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	t.Run("a thread is part of its server", func(t *testing.T) {
		i := h.commandAs(me, h.defaults.Thread.ID, "imagine", sandbox.With("prompt", "a boat"))
		m := h.waitPictures(i, 4)
		if e := h.job(i); e.Server != h.defaults.Guild.ID || e.Channel != h.defaults.Thread.ID {
			t.Errorf("entry: server %s, channel %s", e.Server, e.Channel)
		}
		h.waitPictures(h.click(me, m.ID, "1:vary:"+i.ID+"-0:1"), 4)
	})
	t.Run("direct messages share one account", func(t *testing.T) {
		dm := must(h.sandbox.DM(me))
		i := h.commandAs(me, dm.ID, "imagine", sandbox.With("prompt", "a boat"))
		m := h.waitPictures(i, 4)
		if e := h.job(i); e.Server != "dm" {
			t.Errorf("server: got %s, want dm", e.Server)
		}
		h.waitPictures(h.click(me, m.ID, "1:single:"+i.ID+"-0:1"), 1)
		h.confirmDelete(me, h.more(me, m, "delete", i.ID+"-0"))
		h.waitFor("the message to go", func() bool { _, there := h.sandbox.VisibleMessage(me, m.ID); return !there })
	})
	t.Run("where the bot may send no files it says so", func(t *testing.T) {
		h.sandbox.SetBotPermissions(h.defaults.Channel.ID, 1<<10|1<<11)
		h.waitText(h.command("imagine", sandbox.With("prompt", "a boat")), "not allowed to send images in this channel")
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	mod, here := h.defaults.Moderator.ID, h.defaults.Channel.ID
	limits := func(sub string, options ...sandbox.Option) sandbox.Interaction {
		return h.commandAs(mod, here, "limits "+sub, options...)
	}
	h.waitText(limits("show"), "Waiting per person: no limit")
	h.waitText(
		limits(
			"set", sandbox.With("waiting", 5), sandbox.With("most_steps", 4), sandbox.With("largest_size", "130x130"),
			sandbox.With("most_tiles", 3),
		),
		"Waiting per person: 5 images",
	)
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("aspect_ratio", "3:2"))
	h.waitText(i, "#1 in the queue")
	if s := h.spec(i); s.Steps != 4 || s.Count != 3 || s.Width*s.Height > 130*130 {
		t.Errorf("spec: got %d steps, %d tiles, %d×%d; want the limits kept", s.Steps, s.Count, s.Width, s.Height)
	}
	h.waitNote(h.defaults.Member.ID, here, "Steps lowered to 4")
	h.waitText(
		h.command("imagine", sandbox.With("prompt", "a boat")),
		"this server allows 5 images per person. You have 3 waiting and asked for 3 more",
	)
	h.waitText(
		limits("set", sandbox.With("paused", true), sandbox.With("reason", "the fan is *loud*")), "⏸️ Paused",
	)
	h.waitText(h.command("imagine", sandbox.With("prompt", "a boat")), "This server is paused: the fan is *loud*")
	h.waitText(limits("set", sandbox.With("largest_size", "huge")), "Write largest_size as width x height")
	h.waitText(limits("reset"), "Largest size: no limit")
	h.waitText(h.command("imagine", sandbox.With("prompt", "a boat")), "in the queue")
	if p := must(h.db.Policy(h.ctx, h.defaults.Guild.ID)); p != (store.Policy{}) {
		t.Errorf("policy: got %+v, want none", p)
	}
	if acts := must(h.db.AuditLog(h.ctx, h.defaults.Guild.ID, 10)); len(acts) != 3 || acts[0].Actor != mod {
		t.Errorf("audit: got %+v, want two sets and a reset by the moderator", acts)
	}
}

func TestQueueCommand(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.waitReady()
	h.waitText(h.command("queue"), "Your requests:** none")
	a := h.imagineQueued(sandbox.With("prompt", "a red boat"))
	h.waitText(a, "#1 in the queue")
	b := h.imagineQueued(sandbox.With("prompt", "a blue star"))
	h.waitText(b, "#2 in the queue")
	m := h.waitText(h.command("queue"), "Queue:** 2 waiting, 0 generating. 1 renderer is online.")
	for _, want := range []string{
		"This server: 2 waiting, 0 generating.", "a red boat — #1 in the queue", "a blue star — #2 in the queue",
	} {
		if !strings.Contains(strings.ReplaceAll(unescaped(m.Text()), "*", ""), want) {
			t.Errorf("answer %q, want %q in it", m.Text(), want)
		}
	}
	t.Run("places are told anew as the line moves", func(t *testing.T) {
		h.click(h.defaults.Member.ID, must(h.sandbox.WaitReply(h.ctx, a.ID, nil)).ID, "1:cancel:"+a.ID+"-0:0")
		h.waitText(b, "#1 in the queue")
	})
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, here := h.defaults.Member.ID, h.defaults.Channel.ID
	ask := func(focus, typed string) []string {
		t.Helper()
		cs, err := h.sandbox.Autocomplete(
			h.ctx, me, here, "imagine", focus, sandbox.With("prompt", "a boat"), sandbox.With(focus, typed),
		)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range cs {
			out = append(out, c.Name)
		}
		return out
	}
	for _, c := range []struct{ focus, typed, want string }{
		{"size", "", "128×128 160×112 96×176"}, {"size", "160x", "160×112"}, {"sampler", "eu", "Euler"},
		{"sampler", "zzz", ""},
	} {
		if got := strings.Join(ask(c.focus, c.typed), " "); got != c.want {
			t.Errorf("%s %q: got %q, want %q", c.focus, c.typed, got, c.want)
		}
	}
}
