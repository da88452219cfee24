package bot_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/image/draw"

	"darkroom/bot/sandbox"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/store"
)

// TestShowByPicture: /show finds the job of a picture among those that the person may see, and reads what other
// programs wrote into theirs.
func TestShowByPicture(t *testing.T) {
	t.Parallel()
	h := startCluster(t)
	me, other, here := h.defaults.Member.ID, h.defaults.Moderator.ID, h.defaults.Channel.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 40))
	grid := h.waitPictures(first, 4)
	h.pollUntil("the store to know its end and message", func() bool {
		j := h.job(first)
		return j.State == store.Done && j.Message == grid.ID
	})
	show := func(user, channel string, data []byte) sandbox.Interaction {
		t.Helper()
		return h.commandAs(user, channel, "show", sandbox.WithFile("picture", "IMG_1.png", data))
	}
	third := plainPNG(8, 42)
	elsewhere := must(h.sandbox.AddChannel(h.defaults.Guild.ID, "elsewhere")).ID
	for name, i := range map[string]sandbox.Interaction{
		"its owner": show(me, here, third), "its owner elsewhere": show(me, elsewhere, third),
		"somebody else where it was posted": show(other, here, third),
	} {
		m := h.waitPictures(i, 4)
		if m.Viewer == "" || m.Files[2].Filename != first.ID+"-0-3.png" {
			t.Errorf("%s: got %s, want the images, privately", name, describe(m))
		}
	}
	const unknown = "I know nothing about this image"
	h.waitText(show(other, elsewhere, third), unknown)
	h.waitText(show(me, here, plainPNG(8, 99)), unknown)
	h.waitText(show(me, here, []byte("no image")), unknown)

	foreign, err := encode.PNG(image.NewNRGBA(image.Rect(0, 0, 16, 16)), "a blue star\nNegative prompt: fog\n"+
		"Steps: 5, Sampler: Euler, CFG scale: 6, Seed: 77, Size: 160x112, Model hash: 0123456789, Model: else")
	if err != nil {
		t.Fatal(err)
	}
	h.wantSettings(show(me, here, foreign), "This image tells how it was made:", "CFG scale: 6")
}

// wantSettings holds that a picture's settings are shown to the person who asked, with a button that opens a form.
func (h *cluster) wantSettings(i sandbox.Interaction, says, setting string) {
	h.t.Helper()
	me := h.defaults.Member.ID
	told := h.waitText(i, says)
	if !strings.Contains(told.Text(), setting) || told.Viewer != me {
		h.t.Errorf("got %s, want all settings, privately", describe(told))
	}
	opened, err := h.sandbox.WaitAnswer(h.ctx, h.click(me, told.ID, buttons(told.Components)[0]).ID)
	if err != nil || opened.Form == nil {
		h.t.Fatalf("Use these settings: got %+v, %v, want a form", opened, err)
	}
	form, err := json.Marshal(opened.Form)
	if got := string(form); err != nil || !strings.Contains(got, "a blue star") || !strings.Contains(got, "fog") {
		h.t.Errorf("got the form %s, %v, want both prompts in it", got, err)
	}
}

// withText puts a text into a PNG, after its header.
func withText(file []byte, key, text string) []byte {
	const head = 8 + 25
	content := "tEXt" + key + "\x00" + text
	out := binary.BigEndian.AppendUint32(bytes.Clone(file[:head]), uint32(len(content)-4))
	out = binary.BigEndian.AppendUint32(append(out, content...), crc32.ChecksumIEEE([]byte(content)))
	return append(out, file[head:]...)
}

// TestShowComfyUI: the graph that ComfyUI writes is read, and what is in one that cannot be followed is shown.
func TestShowComfyUI(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRendererWith(h.renderer)
	h.waitReady()
	const texts = `"6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a blue star"}},
		"7": {"class_type": "CLIPTextEncode", "inputs": {"text": "fog"}}`
	const sampler = `, "3": {"class_type": "KSampler", "inputs": {"seed": 18446744073709551615, "steps": 9, "cfg": 6,
		"sampler_name": "euler", "scheduler": "normal", "positive": ["6", 0], "negative": ["7", 0]}}`
	show := func(graph string) sandbox.Interaction {
		t.Helper()
		file := sandbox.WithFile("picture", "ComfyUI_1_.png", withText(plainPNG(16, 9), "prompt", graph))
		return h.command("show", file)
	}
	h.wantSettings(show("{"+texts+sampler+"}"), "This image was made by ComfyUI. Its graph says:", "CFG scale: 6")
	lost := h.waitText(show("{"+texts+"}"), "I cannot follow its graph, but found this in it:")
	if !strings.Contains(lost.Text(), "a blue star") || len(buttons(lost.Components)) > 0 {
		t.Errorf("got %s, want the texts and no button", describe(lost))
	}
	h.waitText(show(`{"1": {"class_type": "Secret"}}`), "This image was made by ComfyUI. I cannot follow its graph.")
}

// cloudPipeline makes soft clouds of the seed, which look different from each other and survive a JPEG.
type cloudPipeline struct{}

// Render makes clouds.
func (cloudPipeline) Render(_ context.Context, spec picture.Spec, _ render.Job) (*render.Result, error) {
	made := &render.Result{Millis: map[string]int64{"denoise": 5}}
	for i := range spec.Count {
		seed := spec.Tile(i).Seed
		random, small := rand.NewChaCha8([32]byte{byte(seed)}), image.NewGray(image.Rect(0, 0, 9, 9))
		_, _ = random.Read(small.Pix) // never fails
		img := image.NewNRGBA(image.Rect(0, 0, 128, 128))
		draw.BiLinear.Scale(img, img.Bounds(), small, small.Bounds(), draw.Src, nil)
		made.Tiles = append(made.Tiles, render.Tile{Image: img, Seed: seed})
	}
	return made, nil
}

// download fetches a file of a message by its address.
func (h *cluster) download(address string) []byte {
	h.t.Helper()
	answer, err := http.Get(address)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// TestShowByLook: a picture that was encoded anew, without a word in it, is found for those who may see its images. To
// others it is as unknown as any.
func TestShowByLook(t *testing.T) {
	t.Parallel()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRendererOf(cloudPipeline{})
	h.waitReady()
	me, other, here := h.defaults.Member.ID, h.defaults.Moderator.ID, h.defaults.Channel.ID
	first := h.command("imagine", sandbox.With("prompt", "a red boat"), sandbox.With("seed", 40))
	grid := h.waitPictures(first, 4)
	h.waitDone(first)
	img, _, err := encode.Decode(t.Context(), h.download(grid.Files[2].URL), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := jpeg.Encode(&again, img, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	if text := encode.ReadText(again.Bytes()); text != "" {
		t.Fatalf("the picture says %q, want nothing", text)
	}
	show := func(user, channel string) sandbox.Interaction {
		t.Helper()
		return h.commandAs(user, channel, "show", sandbox.WithFile("picture", "IMG_1.jpg", again.Bytes()))
	}
	elsewhere := must(h.sandbox.AddChannel(h.defaults.Guild.ID, "elsewhere")).ID
	for name, i := range map[string]sandbox.Interaction{
		"its owner": show(me, here), "its owner elsewhere": show(me, elsewhere), "where it was posted": show(other, here),
	} {
		if m := h.waitPictures(i, 4); m.Viewer == "" || m.Files[2].Filename != grid.Files[2].Filename {
			t.Errorf("%s: got %s, want the images, privately", name, describe(m))
		}
	}
	const unknown = "I know nothing about this image"
	refused := h.waitText(show(other, elsewhere), unknown)
	never := h.commandAs(other, elsewhere, "show", sandbox.WithFile("picture", "IMG_1.png", plainPNG(64, 3)))
	if m := h.waitText(never, unknown); m.Text() != refused.Text() {
		t.Errorf("got %q for an image of another channel and %q for an unknown one", refused.Text(), m.Text())
	}
}
