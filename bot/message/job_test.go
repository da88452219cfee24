package message_test

import (
	"strings"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/message"
	"darkroom/queue"
	"darkroom/render/phrase"
	"darkroom/render/picture"
)

var address = message.Address{
	Application: "11", Token: "aW50ZXJhY3Rpb246c2VjcmV0", Channel: "5", Message: message.Original, User: "77",
	Verb: "imagine",
}

var spec = picture.Spec{
	Version: 1, Prompt: strings.Repeat("*boat* ", 500), Width: 128, Height: 128, Count: 4, Steps: 20, Seed: 7,
}

func TestMessages(t *testing.T) {
	t.Parallel()
	files := func(n int) (out []message.File) {
		for range n {
			out = append(out, message.File{Name: "a.png"})
		}
		return out
	}
	t.Run("four pictures carry U, V and the rest", func(t *testing.T) {
		t.Parallel()
		made := []queue.File{{Width: 128, Height: 96}}
		m := message.Finished(address, spec, "1-0", message.Result{Files: files(4), Made: made})
		var rows []string
		for _, row := range m.Rows {
			var labels []string
			for _, b := range row {
				labels = append(labels, b.Label+b.Emoji)
			}
			rows = append(rows, strings.Join(labels, " "))
		}
		if got, want := strings.Join(rows, "/"), "U1 U2 U3 U4 🔄/V1 V2 V3 V4 ✏️/ℹ️ ❌"; got != want {
			t.Errorf("rows %q, want %q", got, want)
		}
	})
	t.Run("the line under the pictures tells what they are, and that memory ran short", func(t *testing.T) {
		t.Parallel()
		short := picture.Spec{
			Version: 1, Prompt: "a boat", Model: picture.Ref{Name: "postcards"}, Width: 128, Height: 128, Count: 2, Steps: 20,
			Seed: 7,
		}
		for _, c := range []struct {
			made []queue.File
			want string
		}{
			{
				[]queue.File{{Width: 128, Height: 96}, {Width: 128, Height: 96}},
				"**a boat** — <@77>\n-# seed 7 · 128×96 · 20 steps · postcards",
			},
			{[]queue.File{{Width: 128, Height: 96, LowMemory: true}, {Width: 128, Height: 96, LowMemory: true}},
				"**a boat** — <@77>\n-# seed 7 · 128×96 · 20 steps · postcards · made in parts (low memory)"},
			{[]queue.File{{Width: 128, Height: 96, Notes: []string{"“ink”: 12 of 200 *weights* fit nothing."}}, {}},
				"**a boat** — <@77>\n-# seed 7 · 128×96 · 20 steps · postcards" +
					"\n-# “ink”\\: 12 of 200 \\*weights\\* fit nothing."},
		} {
			m := message.Finished(address, short, "1-0", message.Result{Files: files(2), Made: c.made})
			if got := m.Content; got != c.want {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
		}
	})
	t.Run("every message keeps Discord's rules", func(t *testing.T) {
		t.Parallel()
		big := spec
		big.Hires = &picture.Hires{Scale: 2, Steps: 10, Strength: 0.5}
		for name, m := range map[string]message.Message{
			"waiting": message.Waiting(
				address, spec, "1-0",
				message.QueueStatus{
					Position: 3, Paused: true, Reason: strings.Repeat("*night* ", 500), MovedBack: phrase.Of("Others came first."),
				},
			),
			"painting":  message.Rendering(address, spec, "1-0", 45, files(1)),
			"finished":  message.Finished(address, spec, "1-0", message.Result{Files: files(4)}),
			"single":    message.Finished(address, spec, "1-0", message.Result{Files: files(1)}),
			"upscaled":  message.Finished(address, big, "1-0", message.Result{Files: files(1)}),
			"failed":    message.Failed(address, spec, "1-0", "That went wrong."),
			"cancelled": message.Cancelled(address, spec, "1-0"),
			"reoffer":   message.Reoffer(address, spec, "1-0"),
		} {
			seen := map[string]bool{}
			for _, row := range m.Rows {
				if len(row) > 5 {
					t.Errorf("%s: %d buttons in a row", name, len(row))
				}
				for _, b := range row {
					if _, err := button.Parse(b.ID); err != nil || seen[b.ID] {
						t.Errorf("%s: button %q: %v, repeated %v", name, b.ID, err, seen[b.ID])
					}
					seen[b.ID] = true
				}
			}
			if n := len([]rune(m.Content)); n == 0 || n > message.MaxContent {
				t.Errorf("%s: %d characters of text", name, n)
			}
		}
	})
}

func TestWaitingNamesWhatNoRendererHas(t *testing.T) {
	t.Parallel()
	s := picture.Spec{Prompt: "boat", Model: picture.Ref{Name: "ph*to", Hash: "p"}}
	s.Addons = []picture.Addon{{Kind: picture.LoRA, Name: "ink", Hash: "i"}}
	m := message.Waiting(address, s, "1-0", message.QueueStatus{Position: 3, Unserved: true})
	const want = `Waiting, #3 in the queue, for a renderer that has the model “ph\*to” and the LoRA “ink”`
	if !strings.Contains(m.Content, want) {
		t.Errorf("got %q, want %q in it", m.Content, want)
	}
	parts := s.Parts()
	for _, c := range []struct{ got, want string }{
		{message.ReasonUnserved(parts[1:], parts), "no renderer has the LoRA “ink” any more"},
		{message.ReasonUnserved(nil, parts), `no single renderer has all of these: the model “ph\*to” and the LoRA “ink”`},
		{message.ReasonUnserved(nil, parts[:1]), "no renderer can read this request: they need an upgrade"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
