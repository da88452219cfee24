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
	"darkroom/store"
)

// photo is an image of many colours.
func photo(side int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range side * side {
		x, y := i%side, i/side
		img.Set(x, y, color.NRGBA{uint8(255 * x / side), uint8(255 * y / side), uint8(40 + 100*(x/8%2)), 255})
	}
	return img
}

// inPNG writes an image whose left part is changed.
func inPNG(img *image.NRGBA, change func(color.NRGBA) color.NRGBA) []byte {
	out := image.NewNRGBA(img.Rect)
	copy(out.Pix, img.Pix)
	for i := range img.Rect.Dx() * img.Rect.Dy() {
		if x, y := i%img.Rect.Dx(), i/img.Rect.Dx(); x < img.Rect.Dx()/2 {
			out.Set(x, y, change(img.NRGBAAt(x, y)))
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, out); err != nil {
		panic("internal error: " + err.Error())
	}
	return b.Bytes()
}

// TestImagineWithAMask: whatever a mask is drawn with, the left half of the start image changes, and a note says how it
// was read. A reroll after a restart has the same mask.
func TestImagineWithAMask(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	stop := h.startBot()
	h.startRenderer()
	h.waitReady()
	whole, black := photo(64), image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := range 40 * 40 {
		black.Set(i%40, i/40, color.Black)
	}
	ask := func(options ...sandbox.Option) sandbox.Interaction {
		start := sandbox.WithFile("init_image", "me.png", inPNG(whole, func(c color.NRGBA) color.NRGBA { return c }))
		return h.command("imagine", slices.Concat([]sandbox.Option{sandbox.With("prompt", "a boat"), start}, options)...)
	}
	white := func(color.NRGBA) color.NRGBA { return color.NRGBA{255, 255, 255, 255} }
	var last sandbox.Interaction
	for name, c := range map[string]struct {
		mask []byte
		note string
	}{
		"white on black, of another size": {inPNG(black, white), "The white parts of your mask change."},
		"strokes":                         {strokes(64), "What is painted in it changes."},
		"the image with a hole": {
			inPNG(whole, func(color.NRGBA) color.NRGBA { return color.NRGBA{} }), "The erased parts change.",
		},
	} {
		i := ask(sandbox.WithFile("mask", "mask.png", c.mask))
		h.waitPictures(i, 4)
		h.waitNote(h.defaults.Member.ID, h.defaults.Channel.ID, c.note)
		h.waitDone(i)
		s := h.spec(i)
		if s.Init == nil || s.Init.Mask == nil || s.Init.Mask.Width != 64 || s.Init.Mask.Height != 64 {
			t.Fatalf("%s: got %+v, want a mask of the image's size", name, s.Init)
		}
		l, r := h.brightness(s.Init.Mask.SHA256, 8, 30), h.brightness(s.Init.Mask.SHA256, 56, 30)
		if l < 128 || r >= 128 {
			t.Errorf("%s: got brightness %d left and %d right, want the left half marked", name, l, r)
		}
		if got, want := h.job(i).Inputs, []string{s.Init.Picture.SHA256, s.Init.Mask.SHA256}; !sameSet(got, want) {
			t.Errorf("%s: got inputs %q, want %q", name, got, want)
		}
		last = i
	}
	stop()
	h.startBot()
	grid := h.waitPictures(last, 4)
	again := h.click(h.defaults.Member.ID, grid.ID, "1:reroll:"+last.ID+"-0:0")
	h.waitPictures(again, 4)
	if got, want := h.spec(again).Init, h.spec(last).Init; got == nil || got.Mask == nil || *got.Mask != *want.Mask {
		t.Errorf("reroll: got %+v, want %+v", got, want)
	}
}

func sameSet(a, b []string) bool {
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// TestMasksThatCannotBeUsed: each ends with a sentence about the mask, and nothing is painted.
func TestMasksThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	start := sandbox.WithFile("init_image", "me.png", plainPNG(30, 9))
	mask := func(data []byte) sandbox.Option { return sandbox.WithFile("mask", "mask.png", data) }
	prompt := sandbox.With("prompt", "a boat")
	alone := h.waitText(h.command("imagine", prompt, mask(strokes(30))), "A mask needs a start image.")
	if ids := buttons(alone.Components); len(ids) != 0 || alone.Viewer == "" {
		t.Errorf("got %s with buttons %q, want a private sentence: no form takes the image", describe(alone), ids)
	}
	empty := image.NewNRGBA(image.Rect(0, 0, 30, 30))
	for name, c := range map[string]struct {
		mask []byte
		says string
	}{
		"no image":        {append([]byte("\x00\x01"), plainPNG(30, 9)...), "the mask is not a PNG"},
		"cut off":         {strokes(30)[:60], "the mask is damaged"},
		"nothing painted": {inPNG(empty, func(c color.NRGBA) color.NRGBA { return c }), "the mask marks nothing"},
	} {
		i := h.command("imagine", prompt, start, mask(c.mask))
		h.waitText(i, c.says)
		if j := h.job(i); j.State != store.Failed {
			t.Errorf("%s: got state %s, want it failed", name, j.State)
		}
	}
	if n := len(h.renderer.specs()); n > 0 {
		t.Errorf("got %d images, want none", n)
	}
}

// TestRefusedMaskIsKept: Edit under a refusal keeps both uploads.
func TestRefusedMaskIsKept(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	refused := h.waitText(h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("sampler", "fast"),
		sandbox.WithFile("init_image", "me.png", plainPNG(30, 9)), sandbox.WithFile("mask", "mask.png", strokes(30))),
		"Unknown sampler")
	opened, _ := h.openEdit(refused)
	form, err := h.sandbox.WaitAnswer(h.ctx, opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, c := range form.Form.Components {
		said = append(said, c.Description)
	}
	if all := strings.Join(said, "\n"); !strings.Contains(all, "mask mask.png") {
		t.Errorf("got %q in the form, want the mask to be named", all)
	}
	i := h.submitForm(opened, map[string]string{"sampler": "Euler"})
	h.waitPictures(i, 4)
	if s := h.spec(i); s.Init == nil || s.Init.Mask == nil || s.Sampler != "euler" {
		t.Errorf("got %+v, want the start image and the mask that were sent before", s)
	}
}

// TestNewOptions: what /imagine calls fit and hires decides the Spec, and --vae and --hires do so in a prompt.
func TestNewOptions(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	i := h.command("imagine", sandbox.With("prompt", "a boat"), sandbox.With("fit", "stretch"), sandbox.With("hires", 1.5),
		sandbox.WithFile("init_image", "me.png", plainPNG(30, 9)))
	h.waitPictures(i, 4)
	s := h.spec(i)
	if s.Hires == nil || s.Hires.Scale != 1.5 || s.Init == nil || s.Init.Picture.Width != s.Width {
		t.Errorf("got %+v, want a second pass and a start image in the size of the image", s)
	}
	if got, plain := h.job(i).Cost, h.job(h.done("a boat")).Cost; got <= 2*plain {
		t.Errorf("a cost of %d beside %d of one pass, want more than twice as much", got, plain)
	}
	draft := h.done("a boat --hires 2 --draft --steps 8")
	grid := h.waitPictures(draft, 4)
	whole := h.click(h.defaults.Member.ID, grid.ID, "1:finish:"+draft.ID+"-0:0")
	h.waitPictures(whole, 4)
	if few, all := h.spec(draft).Hires, h.spec(whole).Hires; few.Steps != 2 || all.Steps != 8 || all.Scale != 2 {
		t.Errorf("got %+v of the draft and %+v of the finished image, want 2 and 8 steps", few, all)
	}
	h.waitText(h.command("imagine", sandbox.With("prompt", "a boat --vae clear")), "There is no VAE “clear”.")
}

// done asks for images and waits until they are made.
func (h *cluster) done(prompt string) sandbox.Interaction {
	h.t.Helper()
	i := h.command("imagine", sandbox.With("prompt", prompt))
	h.waitPictures(i, 4)
	h.waitDone(i)
	return i
}
