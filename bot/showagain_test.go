package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestShowAgain: /show shows the images of a job again, privately and with buttons that work, by id and by link.
func TestShowAgain(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, other := h.defaults.Member.ID, h.defaults.Moderator.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat --seed 7"))
	grid := h.waitPictures(first, 4)
	job := first.ID + "-0"
	h.pollUntil("the store to know its end and message", func() bool {
		j := h.job(first)
		return j.State == store.Done && j.Message == grid.ID
	})
	link := func(m sandbox.Message) string {
		return "https://discord.com/channels/" + h.defaults.Guild.ID + "/" + m.ChannelID + "/" + m.ID
	}
	show := func(user, channel, image string) sandbox.Interaction {
		t.Helper()
		return h.commandAs(user, channel, "show", sandbox.With("image", image))
	}
	here, dm := h.defaults.Channel.ID, must(h.sandbox.DM(me)).ID
	for name, i := range map[string]sandbox.Interaction{
		"by id": show(me, here, job), "by link": show(me, here, link(grid)), "the owner elsewhere": show(me, dm, job),
		"somebody else": show(other, here, job),
	} {
		if m := h.waitPictures(i, 4); m.Viewer == "" && m.ChannelID == here {
			t.Errorf("%s: got %s, want it to be private", name, describe(m))
		}
	}
	again := h.waitPictures(show(other, here, link(grid)), 4)
	h.waitPictures(h.click(other, again.ID, "1:single:"+job+":2"), 1)
	h.waitPictures(h.click(other, again.ID, "1:vary:"+job+":3"), 4)
	mine := h.waitPictures(show(me, here, job), 4) // only the one who sees it can remove it, so there is nothing to delete
	rest := h.waitText(h.click(me, mine.ID, "1:more:"+job+":0"), "**More.**")
	if strings.Contains(strings.Join(buttons(rest.Components), " "), "1:delete:") {
		t.Errorf("got %s, want no button that deletes a private message", describe(rest))
	}
	alone := h.waitPictures(h.click(me, grid.ID, "1:single:"+job+":2"), 1)
	third := h.waitPictures(show(me, here, link(alone)), 1)
	if text := third.Text(); !strings.Contains(text, "seed 8") || strings.Contains(text, "seed 7") {
		t.Errorf("the second alone: got %q, want its own seed and no flag of the first", text)
	}
	up := h.click(me, third.ID, "1:upscale:"+job+":2:subtle")
	h.waitPictures(up, 1)
	if got, want := h.spec(up).Seed, h.spec(first).Seed+1; got != want {
		t.Errorf("upscale of the second by link: got seed %d, want %d", got, want)
	}
	blurred := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("spoiler", true))
	h.waitPictures(blurred, 4)
	h.waitDone(blurred)
	for _, file := range h.waitPictures(show(me, here, blurred.ID+"-0"), 4).Files {
		if !strings.HasPrefix(file.Filename, "SPOILER_") {
			t.Errorf("images behind a spoiler: got the file %s, want it behind one again", file.Filename)
		}
	}
	said := must(h.sandbox.Say(me, here, "hello"))
	secret := h.commandAs(me, dm, "imagine", sandbox.With("prompt", "a secret star"))
	secretGrid := h.waitPictures(secret, 4)
	h.waitText(show(other, must(h.sandbox.DM(other)).ID, job), "This image belongs to another server.")
	elsewhere := must(h.sandbox.AddChannel(h.defaults.Guild.ID, "elsewhere")).ID
	h.waitText(show(other, elsewhere, job), "This image was posted in another channel.")
	h.waitPictures(show(me, elsewhere, job), 4)
	for image, says := range map[string]string{
		"what?": "Write the id of a request", "12-0": "There is no record of this image any more.",
		link(said): "This message shows no images that I made.", secret.ID + "-0": "This image belongs to another server.",
		link(secretGrid): "This image belongs to another server.",
	} {
		h.waitText(show(other, here, image), says)
	}
	hidden, waiting := h.job(first), h.job(first)
	hidden.ID, waiting.ID = "900-0", "901-0"
	hidden.Address = []byte(strings.Replace(string(hidden.Address), "{", `{"ephemeral":true,`, 1))
	for _, j := range []store.Job{hidden, waiting} {
		if err := h.db.Accept(h.ctx, []store.Job{j}, func(store.Policy, store.Usage) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	h.waitText(show(other, here, hidden.ID), "These images were shown to one person only.")
	h.waitText(show(me, here, waiting.ID), "The message with these images is gone")
	if err := h.sandbox.DeleteMessage(other, grid.ID); err != nil {
		t.Fatal(err)
	}
	h.waitText(show(me, here, job), "The message with these images is gone")
}
