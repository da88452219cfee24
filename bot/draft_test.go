package bot_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/store"
)

// TestDraftAndFinish: a draft has a quarter of the steps and says so; Finish makes the same images with all steps.
func TestDraftAndFinish(t *testing.T) {
	t.Parallel()
	for name, plain := range map[string]bool{"card": false, "older form": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newCluster(t, sandbox.Options{})
			h.plain = plain
			h.startBot()
			h.startRenderer()
			h.waitReady()
			me := h.defaults.Member.ID
			draft := h.command("imagine", sandbox.With("prompt", "a red boat --seed 7"), sandbox.With("steps", 20),
				sandbox.With("draft", true))
			grid := h.waitPictures(draft, 4)
			id := draft.ID + "-0"
			if !slices.Contains(buttons(grid.Components), "1:finish:"+id+":0") || !strings.Contains(grid.Text(), "· draft") {
				t.Errorf("got %s, want a draft with a button to finish it", describe(grid))
			}
			h.pollUntil("the store to say done", func() bool { return h.job(draft).State == store.Done })
			want := h.spec(draft)
			if want.Steps != 5 {
				t.Errorf("draft: got %d steps, want 5", want.Steps)
			}
			want.Steps = 20
			whole := h.click(me, grid.ID, "1:finish:"+id+":0")
			done := h.waitPictures(whole, 4)
			if got := h.spec(whole); !reflect.DeepEqual(got, want) {
				t.Errorf("finished: got %+v, want %+v", got, want)
			}
			if text := done.Text(); strings.Contains(text, "· draft") || strings.Contains(text, "-draft") {
				t.Errorf("finished: got %q, want no draft", text)
			}
			remix := h.fillForm(h.openForm(grid, "1:remix:"+id+":0"), nil, nil)
			h.waitPictures(remix, 4)
			if got := h.spec(remix).Steps; got != 20 {
				t.Errorf("a remix of the draft: got %d steps, want 20", got)
			}
			alone := h.waitPictures(h.click(me, grid.ID, "1:single:"+id+":3"), 1)
			third := h.click(me, alone.ID, "1:finish:"+id+":3")
			h.waitPictures(third, 1)
			if got := h.spec(third); got.Steps != 20 || got.Seed != 9 || got.Count != 1 {
				t.Errorf("the third finished: got %d steps, seed %d, %d images; want 20, 9, 1", got.Steps, got.Seed, got.Count)
			}
		})
	}
}
