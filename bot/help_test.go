package bot_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/command"
	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/wire"
	"darkroom/queue"
	"darkroom/render/picture"
	"darkroom/render/showcase"
)

// otherHash is the hash of a second model, which knows any word and has no examples of its own.
var otherHash = strings.Repeat("cd", 32)

// smallJPEG is an image as a renderer makes it for /help.
func smallJPEG(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 160, 112)), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// announceTwo announces a model with two images of what it can paint, and one of which images are still to come.
func (h *cluster) announceTwo() {
	h.t.Helper()
	lanes := slices.Concat(picture.Lanes(modelHash), picture.Lanes(otherHash))
	other := `{"name":"photo","samplers":["ddim"],"defaults":{"steps":20,"guidance":7,"sampler":"ddim"}}`
	data := smallJPEG(h.t)
	if err := h.queue.Announce(h.ctx, queue.Renderer{
		Slot: "easel", Device: "test", Lanes: queue.Lanes(lanes...), Showcase: true, Models: []queue.Model{
			{Name: "postcards", Hash: modelHash, Lane: lanes[0], Card: json.RawMessage(card), Images: showcase.Encode(
				[]showcase.Image{{Prompt: "a blue star", JPEG: data}, {Prompt: "a blue boat", JPEG: data}},
			)},
			{Name: "photo", Hash: otherHash, Lane: picture.Lanes(otherHash)[0], Card: json.RawMessage(other)},
		},
	}, time.Hour); err != nil {
		h.t.Fatal(err)
	}
}

// pick picks from a menu of a message.
func (h *cluster) pick(m sandbox.Message, id, value string) sandbox.Message {
	h.t.Helper()
	i, err := h.sandbox.Click(h.defaults.Member.ID, m.ID, id, value)
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.sandbox.WaitAnswer(h.ctx, i.ID); err != nil {
		h.t.Fatal(err)
	}
	now, _ := h.sandbox.VisibleMessage(h.defaults.Member.ID, m.ID)
	return now
}

// choices are the values of a select menu.
func choices(m sandbox.Message, id string) (all []string) {
	c := wire.FindComponent(m.Components, id)
	if c == nil {
		return nil
	}
	for _, o := range c.Options {
		all = append(all, o.Value)
	}
	return all
}

func TestHelp(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.announceTwo()
	h.startBot()
	h.waitReady()
	me := h.defaults.Member.ID
	m := h.waitText(h.command("help"), "Make an image")
	if !isCard(m) || m.Viewer != me || !strings.Contains(m.Text(), "**postcards**") {
		t.Errorf("got %s for %q, want a private card about the usual model", describe(m), m.Viewer)
	}
	items := m.Components[0].Components[1].Items
	if len(items) != 2 || items[0].Description != "a blue star" || len(m.Files) != 2 {
		t.Fatalf("got %+v, want two images with their prompts", items)
	}
	// The examples that the images show come first.
	ids := buttons(m.Components)
	if want := "1:example:1:0:" + modelHash[:16]; len(ids) == 0 || ids[0] != want {
		t.Errorf("got buttons %q, want %q first", ids, want)
	}
	topics := "1:help:topic:0:" + modelHash[:16]
	want := []string{"start", "prompts", "buttons", "images", "models", "data"}
	if got := choices(m, topics); !slices.Equal(got, want) {
		t.Errorf("got topics %q, want %q: those for moderators are not shown", got, want)
	}
	m = h.pick(m, topics, "prompts")
	if !strings.Contains(m.Text(), "`(boat:1.3)`") || len(m.Files) != 0 || m.Viewer != me || !isCard(m) {
		t.Errorf("got %s, want the topic in place of the first, without images", describe(m))
	}
	m = h.pick(m, topics, "models")
	if len(m.Files) != 2 || !slices.Equal(choices(m, "1:help:model:0:models"), []string{modelHash, otherHash}) {
		t.Errorf("got %s with models %q", describe(m), choices(m, "1:help:model:0:models"))
	}
	m = h.pick(m, "1:help:model:0:models", otherHash)
	if !strings.Contains(m.Text(), "**photo**") || !strings.Contains(m.Text(), "appear here once") || len(m.Files) != 0 {
		t.Errorf("got %q, want the other model, and when its images come", m.Text())
	}
	m = h.pick(m, "1:help:topic:0:"+otherHash[:16], "start")
	i := h.click(me, m.ID, "1:example:0:0:"+otherHash[:16])
	h.waitText(i, "in the queue")
	if s := h.spec(i); s.Model.Hash != otherHash || s.Prompt != "a lighthouse on a cliff at sunset" {
		t.Errorf("got %q by %s, want the first example by the model of the page", s.Prompt, s.Model.Name)
	}
}

func TestHelpOfModerators(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	for user, want := range map[string]bool{h.defaults.Member.ID: false, h.defaults.Moderator.ID: true} {
		i := h.commandAs(user, h.defaults.Channel.ID, "help")
		m := h.waitText(i, "Make an image")
		topics := choices(m, "1:help:topic:0:"+modelHash[:16])
		if got := slices.Contains(topics, "moderators"); got != want {
			t.Errorf("%s: topics %q, want those for moderators: %v", user, topics, want)
		}
		if len(m.Files) != 0 || strings.Contains(m.Text(), "appear here") {
			t.Errorf("got %s, want nothing about images: no renderer makes any", describe(m))
		}
	}
	direct := must(h.sandbox.DM(h.defaults.Moderator.ID)).ID
	m := h.waitText(h.commandAs(h.defaults.Moderator.ID, direct, "help"), "Make an image")
	if topics := choices(m, "1:help:topic:0:"+modelHash[:16]); slices.Contains(topics, "moderators") {
		t.Errorf("got topics %q in direct messages, where no server has limits", topics)
	}
}

// TestHelpKeepsItsForm: --cards decides about a new message, and what is picked in it leaves the form.
func TestHelpKeepsItsForm(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.announceTwo()
	h.plain = true
	stop := h.startBot()
	h.waitReady()
	m := h.waitText(h.command("help"), "Make an image")
	if isCard(m) || len(m.Attachments) != 2 {
		t.Errorf("got %s, want the older form with two images", describe(m))
	}
	stop()
	h.plain = false
	h.startBot()
	topics := "1:help:topic:0:" + modelHash[:16]
	for _, topic := range choices(m, topics) {
		if now := h.pick(m, topics, topic); isCard(now) || now.Text() == "" {
			t.Errorf("%s: got %s, want the form that it had", topic, describe(now))
		}
	}
}

// TestHelpNamesCommands: each command that help names is registered, and each registered one is named.
func TestHelpNamesCommands(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	mod := h.defaults.Moderator.ID
	m := h.waitText(h.commandAs(mod, h.defaults.Channel.ID, "help"), "Make an image")
	topics := "1:help:topic:0:" + modelHash[:16]
	named := map[string]bool{"help": true}
	titles := map[string]string{
		"start": "Make", "prompts": "Write", "buttons": "What", "images": "Start from", "models": "Choose", "data": "Limits",
		"moderators": "For moderators",
	}
	for _, topic := range choices(m, topics) {
		if _, err := h.sandbox.Click(mod, m.ID, topics, topic); err != nil {
			t.Fatal(err)
		}
		var text string
		h.waitFor("the topic "+topic, func() bool {
			now, _ := h.sandbox.VisibleMessage(mod, m.ID)
			text = now.Text()
			return strings.Contains(text, "## "+titles[topic])
		})
		for _, found := range regexp.MustCompile("`/([a-z]+)").FindAllStringSubmatch(text, -1) {
			named[found[1]] = true
		}
	}
	for _, c := range command.All() {
		if c.Type == 1 && !named[c.Name] {
			t.Errorf("help does not name /%s", c.Name)
		}
		delete(named, c.Name)
	}
	if len(named) > 0 {
		t.Errorf("help names commands that are not registered: %v", named)
	}
}

// TestWordsShowImages: "What can it paint?" shows the images too.
func TestWordsShowImages(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.announceTwo()
	h.startBot()
	h.waitReady()
	hint := h.waitText(h.command("info"), "What you can ask for")
	m := h.waitText(h.click(h.defaults.Member.ID, hint.ID, "1:words:"+modelHash[:16]+":0"), "**Things:** boat, star")
	if len(m.Attachments) != 2 || m.Attachments[0].Description != "a blue star" {
		t.Errorf("got %s, want two images with their prompts", describe(m))
	}
}
