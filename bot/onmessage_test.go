package bot_test

import (
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// onMessage runs a message command.
func (h *cluster) onMessage(user, message, name string) sandbox.Interaction {
	h.t.Helper()
	i, err := h.sandbox.MessageCommand(user, message, name)
	if err != nil {
		h.t.Fatalf("%s: %v", name, err)
	}
	return i
}

// TestMessageCommands: a message command does what the buttons below the message do, on cards and on the older form.
func TestMessageCommands(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"card": false, "older form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.plain = plain
			h.startBot()
			h.startRenderer()
			h.waitReady()
			me, other := h.defaults.Member.ID, h.defaults.Moderator.ID
			first := h.command("imagine", sandbox.With("prompt", "a red boat"))
			grid := h.waitPictures(first, 4)
			h.pollUntil("the store to say done", func() bool { return h.job(first).State == store.Done })
			info := h.waitText(h.onMessage(other, grid.ID, "Image info"), "a red boat")
			if info.Viewer != other {
				t.Errorf("info: got %s, want it to be private", describe(info))
			}
			which := h.waitText(h.onMessage(me, grid.ID, "Upscale"), "Which image?")
			if got := buttons(which.Components); len(got) != 4 || which.Viewer != me {
				t.Fatalf("upscale of several: got %s, want four buttons", describe(which))
			}
			up := h.click(me, which.ID, "1:upscale:"+first.ID+"-0:3:subtle")
			h.waitPictures(up, 1)
			if s := h.spec(up); s.Seed != h.spec(first).Seed+2 {
				t.Errorf("upscale of the third: got seed %d, want %d", s.Seed, h.spec(first).Seed+2)
			}
			alone := h.waitPictures(h.click(me, grid.ID, "1:single:"+first.ID+"-0:2"), 1)
			single := h.onMessage(me, alone.ID, "Upscale")
			h.waitPictures(single, 1)
			if s := h.spec(single); s.Seed != h.spec(first).Seed+1 {
				t.Errorf("upscale of a single one: got seed %d, want %d", s.Seed, h.spec(first).Seed+1)
			}
		})
	}
}

// TestRemixByMessageCommand: whoever sees a message may remix it by its menu. The form comes back without the message,
// so the bot notes who opened it; nobody else's form is taken.
func TestRemixByMessageCommand(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	other := h.sandbox.AddUser("ilse", false).ID
	first := h.commandAs(other, h.defaults.Channel.ID, "imagine", sandbox.With("prompt", "a red boat"))
	grid := h.waitPictures(first, 4)
	form := "1:remix:" + first.ID + "-0:0"
	said, err := h.sandbox.Say(h.defaults.Member.ID, h.defaults.Channel.ID, "hello")
	if err != nil {
		t.Fatal(err)
	}
	forged := h.forge(forgery{on: said.ID, id: form, isForm: true})
	h.waitText(forged, "This button no longer works.")
	opened := h.onMessage(h.defaults.Member.ID, grid.ID, "Remix")
	answer, err := h.sandbox.WaitAnswer(h.ctx, opened.ID)
	if err != nil || answer.Form == nil || answer.Form.CustomID != form {
		t.Fatalf("Remix: got %+v, %v, want the form %s", answer, err, form)
	}
	again := h.submitForm(opened, map[string]string{"prompt": "a blue star"})
	h.waitPictures(again, 4)
	if s := h.spec(again); s.Prompt != "a blue star" || h.job(again).Parent != first.ID+"-0" {
		t.Errorf("got prompt %q of parent %q, want the form's, made from %s-0", s.Prompt, h.job(again).Parent, first.ID)
	}
}

// TestMessageCommandsOnOtherMessages: what is no image of the bot gets one private sentence.
func TestMessageCommandsOnOtherMessages(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	said, err := h.sandbox.Say(me, h.defaults.Channel.ID, "hello")
	if err != nil {
		t.Fatal(err)
	}
	defer h.renderer.pause()()
	waiting := h.waitAnswer(h.command("imagine", sandbox.With("prompt", "a boat")), "its message", hasCancelButton)
	for _, message := range []string{said.ID, waiting.ID} {
		for _, name := range []string{"Image info", "Remix", "Upscale"} {
			m := h.waitText(h.onMessage(me, message, name), "This message shows no images that I made.")
			if m.Viewer != me {
				t.Errorf("%s: got %s, want it to be private", name, describe(m))
			}
		}
	}
}
