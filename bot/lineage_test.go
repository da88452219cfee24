package bot_test

import (
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestInfoLinksLineage: Info of an image links to what it was made from, and to what was made of it.
func TestInfoLinksLineage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"))
	grid := h.waitPictures(first, 4)
	second := h.click(me, grid.ID, "1:reroll:"+first.ID+"-0:0")
	again := h.waitPictures(second, 4)
	h.pollUntil("both to be done", func() bool {
		return h.job(first).State == store.Done && h.job(second).State == store.Done
	})
	link := func(m sandbox.Message) string { return "/" + h.defaults.Channel.ID + "/" + m.ID + ")" }
	h.waitText(h.more(me, grid, "info", first.ID+"-0"), "Made of it** [reroll](https://discord.com/channels/")
	info := h.waitText(h.more(h.defaults.Moderator.ID, again, "info", second.ID+"-0"), "Made from** [imagine](")
	if text := info.Text(); !strings.Contains(text, link(grid)) || strings.Contains(text, link(again)) {
		t.Errorf("got %s, want a link that ends in %s", text, link(grid))
	}
}
