package bot_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/sandbox"
	"darkroom/bot/sandbox/client"
	"darkroom/bot/sandbox/wire"
)

// openForm presses a button that opens a form.
func (h *cluster) openForm(m sandbox.Message, id string) sandbox.Interaction {
	h.t.Helper()
	opened, err := h.sandbox.WaitAnswer(h.ctx, h.click(h.defaults.Member.ID, m.ID, id).ID)
	if err != nil || opened.Form == nil {
		h.t.Fatalf("%s: got %+v, %v, want a form", id, opened, err)
	}
	return opened
}

// fillForm submits a form with several choices and files.
func (h *cluster) fillForm(
	opened sandbox.Interaction, values map[string][]string, files map[string][]byte,
) sandbox.Interaction {
	h.t.Helper()
	filled := client.Filled{Values: values, Files: map[string][]wire.Upload{}}
	for field, data := range files {
		filled.Files[field] = []wire.Upload{{Name: field + ".png", Type: "image/png", Data: data}}
	}
	sent, err := h.sandbox.SubmitForm(h.defaults.Member.ID, opened.ID, filled)
	if err != nil {
		h.t.Fatal(err)
	}
	return sent
}

// formFields are the custom_ids of the fields of a form.
func formFields(i sandbox.Interaction) (ids []string) {
	for _, c := range i.Form.Components {
		ids = append(ids, c.Component.CustomID)
	}
	return ids
}

// strokes is a mask of white strokes on transparent, over the left half.
func strokes(side int) []byte {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		if i%side < side/2 {
			img.Set(i%side, i/side, color.White)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}

// brightness is that of one place of a stored mask.
func (h *cluster) brightness(sha string, x, y int) uint8 {
	h.t.Helper()
	data, err := h.db.Input(h.ctx, sha)
	if err != nil {
		h.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		h.t.Fatal(err)
	}
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
}

func TestVaryRegion(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.startRenderer()
	h.waitReady()
	me := h.defaults.Member.ID
	made := h.command("imagine", sandbox.With("prompt", "a red boat --stop 60"), sandbox.With("count", 1))
	single := h.waitPictures(made, 1)
	button := "1:region:" + made.ID + "-0:1"
	opened := h.openForm(single, button)
	if got, want := formFields(opened), []string{"cells", "mask", "prompt"}; !slices.Equal(got, want) {
		t.Fatalf("fields: got %q, want %q", got, want)
	}
	refused := h.waitText(h.fillForm(opened, map[string][]string{"prompt": {"a blue star"}}, nil), "Nothing is marked")

	again := h.openForm(refused, editButton(t, refused))
	if got := again.Form.Components[2].Component.Value; got != "a blue star" {
		t.Errorf("prompt in the form: got %q, want what was typed", got)
	}
	asked := h.waitText(h.fillForm(again, nil, map[string][]byte{"mask": strokes(64)}), "transparent parts")
	if len(asked.Files) != 1 || !strings.Contains(asked.Text(), "a blue star") {
		t.Fatalf("got %s, want the prompt and a preview", describe(asked))
	}
	stop()
	h.startBot() // the question outlives the bot
	h.waitText(h.fillForm(h.openForm(asked, editButton(t, asked)), map[string][]string{
		"cells": {"3"}, "prompt": {"a star"},
	}, nil), "a star")
	edit := h.openForm(asked, editButton(t, asked))
	shown := h.waitText(h.fillForm(edit, map[string][]string{"cells": {"9"}, "prompt": {"a green star"}}, nil), "a green")
	if shown.ID != asked.ID {
		t.Errorf("the changed preview: got message %s, want it in place of %s", shown.ID, asked.ID)
	}
	paint := strings.TrimSuffix(editButton(t, shown), "edit") + "yes"
	i := h.click(me, shown.ID, paint)
	h.waitText(i, "Accepted")
	m := h.waitPictureMessages(2)[1]
	if !strings.Contains(m.Text(), "region of image 1") || len(m.Files) != 4 {
		t.Errorf("got %s, want four images of a region", describe(m))
	}
	s := h.spec(i)
	if before := h.spec(made); before.Stop != 60 || s.Stop != 0 {
		t.Errorf("stops: got %d and then %d, want all steps in the region of an image that was stopped", before.Stop, s.Stop)
	}
	if s.Prompt != "a green star" || s.Init == nil || s.Init.Mask == nil || s.Init.Strength <= 0 {
		t.Fatalf("got %+v, want the prompt, a start image and a mask", s)
	}
	w, height := s.Init.Mask.Width, s.Init.Mask.Height
	for name, at := range map[string]struct {
		x, y int
		want bool
	}{
		"painted": {w / 4, height / 2, true}, "not painted": {3 * w / 4, height / 4, false},
		"the cell": {w - 2, height - 2, true}, "a cell chosen before": {w - 2, 1, false},
	} {
		if got := h.brightness(s.Init.Mask.SHA256, at.x, at.y); got > 127 != at.want {
			t.Errorf("%s: got brightness %d, want marked %v", name, got, at.want)
		}
	}
}

func TestRemixForm(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	made := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("count", 1))
	grid := h.waitPictures(made, 1)
	button := "1:remix:" + made.ID + "-0:0"
	opened := h.openForm(grid, button)
	want := []string{"prompt", "negative", "init_image", "strength"}
	if got := formFields(opened); !slices.Equal(got, want) {
		t.Fatalf("fields: got %q, want %q", got, want)
	}
	start := map[string][]byte{"init_image": plainPNG(64, 9)}
	bad := map[string][]string{"prompt": {"a star --sampler nope"}, "strength": {"0.3"}}
	refused := h.waitText(h.fillForm(opened, bad, start), "nope")
	edit := h.openForm(refused, editButton(t, refused))
	i := h.fillForm(edit, map[string][]string{"prompt": {"a star"}}, nil)
	h.waitPictureMessages(2)
	if s := h.spec(i); s.Prompt != "a star" || s.Init == nil || s.Init.Strength != 0.3 || s.Init.Picture.Width != 64 {
		t.Errorf("got %+v, want the start image and strength that were sent with the refused form", s)
	}
	remixed := h.waitPictureMessages(2)[1]
	next := h.openForm(remixed, "1:remix:"+i.ID+"-0:0")
	j := h.fillForm(next, map[string][]string{"strength": {"0.9"}}, nil)
	h.waitPictures(j, 1)
	if s := h.spec(j); s.Init == nil || s.Init.Strength != 0.9 || s.Init.Picture != h.spec(i).Init.Picture {
		t.Errorf("got %+v, want the earlier start image at strength 0.9", s.Init)
	}
}

// TestRegionOfAnUpscaledImage: it is painted at the size that it had before, and the person is told.
func TestRegionOfAnUpscaledImage(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me := h.defaults.Member.ID
	made := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("count", 1))
	single := h.waitPictures(made, 1)
	up := h.click(me, single.ID, "1:upscale:"+made.ID+"-0:1:subtle")
	large := h.waitPictures(up, 1)
	opened := h.openForm(large, "1:region:"+up.ID+"-0:1")
	asked := h.waitText(h.fillForm(opened, map[string][]string{"cells": {"5"}}, nil), "the size before it was upscaled")
	i := h.click(me, asked.ID, strings.TrimSuffix(editButton(t, asked), "edit")+"yes")
	h.waitText(i, "Accepted")
	before, got := h.spec(made), h.spec(i)
	if got.Width != before.Width || got.Height != before.Height || got.Upscale != nil || got.Hires != nil {
		t.Errorf("got %d×%d, %+v, %+v; want %d×%d and nothing more",
			got.Width, got.Height, got.Upscale, got.Hires, before.Width, before.Height)
	}
}
