package bot_test

import (
	"bytes"
	"image/png"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/render/request"
	"darkroom/store"
)

func TestImagine(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	release := h.renderer.pause()
	i := h.command("imagine", sandbox.With("prompt", "a red boat *and* @everyone --seed 7 --ar 3:2"))
	waiting := h.waitText(i, "Waiting, #1 in the queue")
	if !slices.Equal(buttons(waiting.Components), []string{"1:cancel:" + i.ID + "-0:0"}) {
		t.Errorf("waiting message: got %s, want a Cancel button alone", describe(waiting))
	}
	h.waitText(i, "Generating, 37%")
	release()
	done := h.waitPictures(i, 4)
	for _, a := range done.Files {
		data, err := h.sandbox.Download(a.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(bytes.NewReader(data)); err != nil {
			t.Errorf("attachment %s is no PNG: %v", a.Filename, err)
		}
	}
	job := i.ID + "-0"
	var want []string
	for _, b := range []string{
		"single:J:1", "single:J:2", "single:J:3", "single:J:4", "reroll:J:0", "vary:J:1", "vary:J:2", "vary:J:3",
		"vary:J:4", "remix:J:0", "more:J:0",
	} {
		want = append(want, "1:"+strings.Replace(b, "J", job, 1))
	}
	if got := buttons(done.Components); !slices.Equal(got, want) {
		t.Errorf("buttons: got %q, want %q", got, want)
	}
	if len(done.Pings) > 0 || !strings.Contains(done.Text(), `\@everyone`) || !strings.Contains(done.Text(), `\*and\*`) {
		t.Errorf("the prompt is not shown harmlessly: %s, pings %v", describe(done), done.Pings)
	}
	spec := h.spec(i)
	if spec.Prompt != "a red boat *and* @everyone" || spec.Seed != 7 || spec.Width != 160 || spec.Height != 112 ||
		spec.Steps != 8 {
		t.Errorf("spec: got %+v, want the prompt without flags, seed 7 and 160×112", spec)
	}
	h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	if e := h.job(i); e.Message != done.ID || strings.Contains(string(e.Address), i.Token) {
		t.Errorf("job: message %s, address %s; want %s and no token", e.Message, e.Address, done.ID)
	}
	h.waitNote(h.defaults.Member.ID, h.defaults.Channel.ID, "everyone")
}

func TestButtons(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	first := h.command(
		"imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 100), sandbox.With("spoiler", true),
	)
	grid, job := h.waitPictures(first, 4), first.ID+"-0"

	t.Run("reroll paints the same with another seed", func(t *testing.T) {
		i := h.click(h.defaults.Moderator.ID, grid.ID, "1:reroll:"+job+":0")
		h.waitPictures(i, 4)
		a, b := h.spec(first), h.spec(i)
		if a.Seed == b.Seed {
			t.Error("the seed is the same")
		}
		b.Seed = a.Seed
		if got, want := must(b.Hash()), must(a.Hash()); got != want {
			t.Errorf("reroll changed more than the seed: %+v, want %+v", b, a)
		}
		if e := h.job(i); e.User != h.defaults.Moderator.ID || e.Parent != job || !e.Spoiler {
			t.Errorf(
				"job: user %s, parent %s, spoiler %v; want that of the person who clicked, %s and true", e.User, e.Parent,
				e.Spoiler, job,
			)
		}
	})
	t.Run("V2 varies the second tile", func(t *testing.T) {
		i := h.click(me, grid.ID, "1:vary:"+job+":2")
		m := h.waitPictures(i, 4)
		s := h.spec(i)
		if s.Seed != 101 || len(s.Variations) != 1 || s.Count != 4 {
			t.Errorf("spec: got %+v, want seed 101 with one variation, four times", s)
		}
		if !strings.Contains(m.Text(), "variation of image 2") {
			t.Errorf("message %s, want it to say what it is", describe(m))
		}
	})
	t.Run("U3 posts the third tile at once, and its own buttons work", func(t *testing.T) {
		before := len(h.renderer.specs())
		i := h.click(me, grid.ID, "1:single:"+job+":3")
		m := h.waitPictures(i, 1)
		if n := len(h.renderer.specs()); n != before {
			t.Errorf("%d paintings for it, want none", n-before)
		}
		got, want := must(h.sandbox.Download(m.Files[0].ID)), must(h.sandbox.Download(grid.Files[2].ID))
		if !bytes.Equal(got, want) {
			t.Error("its bytes are not the third tile's")
		}
		up := h.click(me, m.ID, "1:upscale:"+job+":3:subtle")
		h.waitPictures(up, 1)
		if s := h.spec(up); s.Upscale == nil || s.Upscale.Scale != 2 || s.Seed != 102 || s.Count != 1 {
			t.Errorf("upscale: got %+v, want tile 3 alone at twice the size", s)
		}
		vary := h.click(me, m.ID, "1:vary:"+job+":3:strong")
		h.waitPictures(vary, 4)
		if s := h.spec(vary); s.Seed != 102 || s.Variations[0].Strength < 0.5 {
			t.Errorf("strong variation: got %+v, want tile 3 with a strength above 0.5", s)
		}
		subtle := h.click(me, m.ID, "1:vary:"+job+":3:subtle")
		h.waitPictures(subtle, 4)
		if s := h.spec(subtle); s.Variations[0].Strength > 0.2 {
			t.Errorf("subtle variation: got strength %g, want at most 0.2", s.Variations[0].Strength)
		}
	})
	t.Run("zoom out lays a tile in the middle and paints around it, pan extends it", func(t *testing.T) {
		alone := h.waitPictures(h.click(me, grid.ID, "1:single:"+job+":3"), 1)
		want := must(encode.Clean(h.ctx, must(h.sandbox.Download(grid.Files[2].ID)), request.MaxInputPixels, 2048))
		for arg, canvas := range map[string]request.Canvas{
			"zoom:3:2": {
				Size: picture.Size{Width: 128, Height: 128}, Place: picture.Placement{X: 32, Y: 32, Width: 64, Height: 64},
			},
			"zoom:3:1-5": {
				Size: picture.Size{Width: 128, Height: 128}, Place: picture.Placement{X: 21, Y: 21, Width: 85, Height: 85},
			},
			"pan:3:left": {
				Size: picture.Size{Width: 192, Height: 128}, Place: picture.Placement{X: 64, Width: 128, Height: 128},
			},
			"pan:3:down": {Size: picture.Size{Width: 128, Height: 192}, Place: picture.Placement{Width: 128, Height: 128}},
		} {
			place := canvas.Place
			verb, rest, _ := strings.Cut(arg, ":")
			i := h.click(me, alone.ID, "1:"+verb+":"+job+":"+rest)
			m := h.waitPictures(i, 4)
			s := h.spec(i)
			if s.Init == nil || s.Init.Placement == nil || *s.Init.Placement != place || s.Init.Picture.SHA256 != want.SHA256 {
				t.Errorf("%s: got start %+v, want the third tile at %+v", arg, s.Init, place)
			}
			if s.Prompt != "a red boat" || s.Variations != nil || s.Width != canvas.Size.Width ||
				s.Height != canvas.Size.Height {
				t.Errorf("%s: got %+v, want the words of before on %v", arg, s, canvas.Size)
			}
			if !strings.Contains(m.Text(), "image 3") {
				t.Errorf("%s: message %s, want it to say what it is", arg, describe(m))
			}
		}
	})
	t.Run("remix opens a form with the words filled in", func(t *testing.T) {
		i := h.click(me, grid.ID, "1:remix:"+job+":0")
		opened, err := h.sandbox.WaitAnswer(h.ctx, i.ID)
		if err != nil || opened.Form == nil {
			t.Fatalf("no form: %v", err)
		}
		if v := opened.Form.Components[0].Component.Value; v != "a red boat" {
			t.Errorf("prompt in the form: got %q, want the old one", v)
		}
		sent, err := h.sandbox.Submit(me, i.ID, map[string]string{"prompt": "a blue star --steps 5", "negative": "fog"})
		if err != nil {
			t.Fatal(err)
		}
		h.waitPictures(sent, 4)
		if s := h.spec(sent); s.Prompt != "a blue star" || s.Negative != "fog" || s.Steps != 5 || s.Width != 128 ||
			s.Count != 4 {
			t.Errorf("spec: got %+v, want the new words and steps, the rest as before", s)
		}
	})
	t.Run("info tells the settings privately", func(t *testing.T) {
		i := h.more(h.defaults.Moderator.ID, grid, "info", job)
		m := h.waitText(i, "denoise 0.9 s")
		if m.Viewer != h.defaults.Moderator.ID || len(m.Files) != 1 {
			t.Fatalf("got %s, want a private message with a file", describe(m))
		}
		for _, want := range []string{"a red boat", "1: `100` · 2: `101` · 3: `102` · 4: `103`", "128×128"} {
			if !strings.Contains(unescaped(m.Text()), want) {
				t.Errorf("message %q, want %q in it", m.Text(), want)
			}
		}
		if text := string(must(h.sandbox.Download(m.Files[0].ID))); !strings.Contains(text, "Steps: 8") ||
			!strings.Contains(text, "Seed: 100") {
			t.Errorf("file: got %q, want A1111's parameters", text)
		}
	})
	t.Run("delete is for the owner and moderators", func(t *testing.T) {
		stranger := h.sandbox.AddUser("ilse", false)
		list := h.waitText(h.click(stranger.ID, grid.ID, "1:more:"+job+":0"), "More")
		if ids := strings.Join(buttons(list.Components), " "); strings.Contains(ids, ":delete:") {
			t.Errorf("a stranger is offered %s, want no button to delete", ids)
		}
		asked := h.more(h.defaults.Moderator.ID, grid, "delete", job)
		question := h.waitText(asked, "Delete that message with its images?")
		if _, there := h.sandbox.VisibleMessage(me, grid.ID); !there || question.Viewer != h.defaults.Moderator.ID {
			t.Errorf("got %s, want a private question before anything is deleted", describe(question))
		}
		h.waitText(h.click(h.defaults.Moderator.ID, question.ID, "1:delete:"+job+":0:no"), "Kept.")
		h.confirmDelete(h.defaults.Moderator.ID, h.more(h.defaults.Moderator.ID, grid, "delete", job))
		h.waitFor("the message to go", func() bool { _, there := h.sandbox.VisibleMessage(me, grid.ID); return !there })
	})
}

// confirmDelete says yes to the question that ❌ asks.
func (h *cluster) confirmDelete(user string, asked sandbox.Interaction) {
	h.t.Helper()
	question := h.waitText(asked, "Delete that message with its images?")
	for _, id := range buttons(question.Components) {
		if strings.Contains(id, ":yes-") {
			h.waitText(h.click(user, question.ID, id), "Deleted.")
			return
		}
	}
	h.t.Fatalf("%s has no button to delete", describe(question))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
