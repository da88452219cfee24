package bot_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
	"darkroom/store"
)

// forgery is a click or a form that a changed client sends: one that no message of the channel offers.
type forgery struct {
	name    string
	on      string // the message that it says it comes from
	id      string // the custom_id
	isForm  bool
	kind    int // of the component; a button when 0
	refusal string
}

// send sends it as the member.
func (h *cluster) forge(f forgery) sandbox.Interaction {
	h.t.Helper()
	kind, data := wire.TypeComponent, wire.InteractionData{CustomID: f.id, ComponentType: max(f.kind, wire.Button)}
	if f.isForm {
		prompt := "a blue star"
		field := wire.SubmittedComponent{Type: wire.TextInput, CustomID: "prompt", Value: prompt}
		kind, data = wire.TypeModalSubmit, wire.InteractionData{CustomID: f.id, Components: []wire.SubmittedComponent{
			{Type: wire.ActionRow, Components: []wire.SubmittedComponent{field}},
		}}
	}
	i, err := h.sandbox.Forge(kind, h.defaults.Member.ID, f.on, data)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

func TestForgedClicksAreRefused(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, channel, stranger := h.defaults.Member.ID, h.defaults.Channel.ID, h.sandbox.AddUser("ilse", false).ID
	private := must(h.sandbox.DM(stranger)).ID
	mine := h.command("imagine", sandbox.With("prompt", "a red boat"))
	theirs := h.commandAs(stranger, channel, "imagine", sandbox.With("prompt", "a blue star"))
	secret := h.commandAs(stranger, private, "imagine", sandbox.With("prompt", "a secret star"))
	myGallery, theirGallery := h.waitPictures(mine, 4), h.waitPictures(theirs, 4)
	h.waitPictures(secret, 4)
	for _, i := range []sandbox.Interaction{mine, theirs, secret} {
		h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	}
	defer h.renderer.pause()()
	asked := h.command("imagine", sandbox.With("prompt", "a red star"))
	question := h.command("imagine", sandbox.With("prompt", "a {red, blue, green, black} boat"))
	theirWaiting := h.commandAs(stranger, channel, "imagine", sandbox.With("prompt", "a blue boat"))
	for _, i := range []sandbox.Interaction{asked, theirWaiting} {
		h.waitAnswer(i, "a message with a cancel button", hasCancelButton)
	}
	h.waitText(question, "4")

	const old, gone = "This button no longer works.", "answered"
	all := []forgery{
		{"cancel of a stranger's job", myGallery.ID, "1:cancel:" + theirWaiting.ID + "-0:0", false, 0, old},
		{"cancel on a stranger's gallery", theirGallery.ID, "1:cancel:" + asked.ID + "-0:0", false, 0, old},
		{"delete on a stranger's gallery", theirGallery.ID, "1:delete:" + mine.ID + "-0:0", false, 0, old},
		{"forget on a stranger's gallery", theirGallery.ID, "1:forget:me:0", false, 0, old},
		{"show on a stranger's gallery", theirGallery.ID, "1:show:" + mine.ID + "-0:0", false, 0, old},
		{"show from the inbox", theirGallery.ID, "1:show:" + mine.ID + "-0:0:inbox", false, 0, old},
		{"info of a stranger's direct message", myGallery.ID, "1:info:" + secret.ID + "-0:0", false, 0, old},
		{"an answer on a stranger's gallery", theirGallery.ID, "1:permute:" + question.ID + ":0:yes", false, 0, old},
		{"a no on a stranger's gallery", theirGallery.ID, "1:permute:" + question.ID + ":0:no", false, 0, old},
		{"a form of a question", theirGallery.ID, "1:permute:" + question.ID + ":0:edit", true, 0, gone},
		{"a form of a stranger's job", myGallery.ID, "1:remix:" + secret.ID + "-0:0", true, 0, old},
		{"an upscale's form of a stranger's job", myGallery.ID, "1:upscale:" + secret.ID + "-0:1:choose", true, 0, old},
		{"a form of another verb", theirGallery.ID, "1:cancel:" + asked.ID + "-0:0", true, 0, gone},
		{"a select menu in place of a button", myGallery.ID, "1:more:" + mine.ID + "-0:0", false, wire.StringSelect, old},
		{"an example that was not offered", myGallery.ID, "1:example:0:0", false, 0, old},
	}
	for _, verb := range []string{"reroll", "vary", "upscale", "single", "remix"} {
		all = append(all, forgery{
			verb + " of a stranger's direct message", myGallery.ID, fmt.Sprintf("1:%s:%s-0:1", verb, secret.ID), false, 0, old,
		})
	}
	for verb, arg := range map[string]string{"zoom": "2", "pan": "left"} {
		all = append(all, forgery{
			verb + " of a stranger's direct message", myGallery.ID, fmt.Sprintf("1:%s:%s-0:1:%s", verb, secret.ID, arg), false,
			0, old,
		})
	}
	for _, f := range all {
		i := h.forge(f)
		answer := h.waitAnswer(i, "a refusal of "+f.name, nil)
		if answer.Viewer != me || !strings.Contains(answer.Text(), f.refusal) {
			t.Errorf("%s: got %s, want a private answer that says %q", f.name, describe(answer), f.refusal)
		}
		if _, err := h.db.Find(h.ctx, i.ID+"-0"); err == nil {
			t.Errorf("%s made a job", f.name)
		}
		for _, want := range []sandbox.Message{myGallery, theirGallery} {
			got, shown := h.sandbox.VisibleMessage(me, want.ID)
			if !shown || got.Text() != want.Text() || len(got.Files) != 4 ||
				!reflect.DeepEqual(buttons(got.Components), buttons(want.Components)) {
				t.Fatalf("%s changed a gallery: %s", f.name, describe(got))
			}
		}
	}
	for _, i := range []sandbox.Interaction{asked, theirWaiting} {
		if state := h.job(i).State; state.Terminal() {
			t.Errorf("a job that waited is %s", state)
		}
	}
	// The true clicks still work.
	h.waitText(h.more(me, myGallery, "info", mine.ID+"-0"), "a red boat")
	h.click(me, h.waitAnswer(asked, "its message", nil).ID, "1:cancel:"+asked.ID+"-0:0")
	h.waitText(asked, "Cancelled")
}

func TestFormOlderThanItsMessage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	mine := h.command("imagine", sandbox.With("prompt", "a red boat"))
	h.waitPictures(mine, 4)
	h.pollUntil("the store to say done", func() bool { return h.job(mine).State == store.Done })
	note := h.waitAnswer(h.command("queue"), "a message without buttons", nil)
	h.waitPictures(h.forge(forgery{on: note.ID, id: "1:remix:" + mine.ID + "-0:0", isForm: true}), 4)
}
