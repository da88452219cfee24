package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/bot/message"
	"darkroom/bot/sandbox"
	"darkroom/queue"
	"darkroom/queue/worker"
	"darkroom/render"
	"darkroom/render/encode"
	"darkroom/render/picture"
	"darkroom/store"
)

// noisePipeline makes noise, which no form makes much smaller.
type noisePipeline struct {
	side int
	hold chan struct{} // it waits until this is closed
}

// Render makes noise.
func (p noisePipeline) Render(ctx context.Context, spec picture.Spec, _ render.Job) (*render.Result, error) {
	select {
	case <-p.hold:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	made := &render.Result{Millis: map[string]int64{"denoise": 5}}
	for i := range spec.Count {
		random, img := rand.NewChaCha8([32]byte{byte(i)}), image.NewNRGBA(image.Rect(0, 0, p.side, p.side))
		_, _ = random.Read(img.Pix) // never fails
		for at := 3; at < len(img.Pix); at += 4 {
			img.Pix[at] = 255
		}
		made.Tiles = append(made.Tiles, render.Tile{Image: img, Seed: spec.Tile(i).Seed})
	}
	return made, nil
}

// startNoise makes a cluster whose renderer makes noise of that many pixels a side, once it may.
func startNoise(t *testing.T, side int) (h *cluster, release func()) {
	t.Helper()
	hold := make(chan struct{})
	h = newCluster(t, sandbox.Options{})
	h.sandbox.Rules().Allow("refused") // refusals of what is too large are what this is about
	h.startBot()
	h.startRendererOf(noisePipeline{side, hold})
	h.waitReady()
	return h, func() { close(hold) }
}

// startRendererOf starts a renderer whose files are encoded as in the program.
func (h *cluster) startRendererOf(p worker.Pipeline) {
	h.startRendererWith(worker.SpecRenderer{
		Load: func(context.Context, string) (worker.Pipeline, error) { return p, nil },
		FileLimit: func(address json.RawMessage) (int64, error) {
			to, err := message.DecodeAddress(address)
			return to.FileLimit, err
		},
	})
}

// paddedRenderer makes images whose files have that many bytes.
type paddedRenderer struct {
	*fakeRenderer
	bytes int
}

// Render makes images with zeros after their end.
func (p paddedRenderer) Render(
	ctx context.Context, l queue.Lease, progress func(int, func() image.Image),
) (worker.Result, error) {
	made, err := p.fakeRenderer.Render(ctx, l, progress)
	for i, f := range made.Images {
		made.Images[i].Data = slices.Concat(f.Data, make([]byte, p.bytes-len(f.Data)))
	}
	return made, err
}

func startPadded(t *testing.T, bytes int) *cluster {
	t.Helper()
	h := newCluster(t, sandbox.Options{})
	h.startBot()
	h.startRendererWith(paddedRenderer{h.renderer, bytes})
	h.waitReady()
	return h
}

// wantForm holds that a message shows one file of that kind within a limit, with the settings in it and a line about
// it.
func (h *cluster) wantForm(m sandbox.Message, ext string, side int, limit int64, says string) {
	h.t.Helper()
	f := m.Files[0]
	if int64(f.Size) > limit || !strings.HasSuffix(f.Filename, ext) || f.Width != side || f.Height != side {
		h.t.Errorf("got %s of %d bytes, %d x %d; want a %s of at most %d", f.Filename, f.Size, f.Width, f.Height, ext, limit)
	}
	if !strings.Contains(m.Text(), says) {
		h.t.Errorf("got %q, want a line that says %q", m.Text(), says)
	}
	if r, err := encode.ReadParameters(h.download(f.URL)); err != nil || r.Prompt != "a red boat" {
		h.t.Errorf("got %q and error %v, want the prompt in the file", r.Prompt, err)
	}
}

func TestLargeImages(t *testing.T) {
	t.Parallel()
	boat := []sandbox.Option{sandbox.With("prompt", "a red boat"), sandbox.With("count", 1)}
	t.Run("an upscale of 4096 pixels a side becomes a JPEG that fits", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("encodes 16 megapixels of noise several times")
		}
		h, release := startNoise(t, 4096)
		release()
		i := h.command("imagine", boat...)
		m := h.waitPictures(i, 1)
		h.wantForm(m, ".jpg", 4096, 10<<20, "JPEG of quality ")
		h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
		var out queue.Outcome
		if err := json.Unmarshal(h.job(i).Outcome, &out); err != nil {
			t.Fatal(err)
		}
		if f := out.Files[0]; f.PNGBytes < 40<<20 || f.Limit != 10<<20 || f.Quality == 0 || f.Shrunk {
			t.Errorf("got %+v, want what a PNG would have had", f)
		}
	})
	t.Run("a place that takes less than it said gets the next step down", func(t *testing.T) {
		t.Parallel()
		h, release := startNoise(t, 700)
		h.sandbox.SetFileLimit(h.defaults.Guild.ID, 50<<20)
		i := h.command("imagine", boat...)
		h.waitText(i, "#1")
		h.sandbox.SetFileLimit(h.defaults.Guild.ID, 900<<10)
		release()
		h.wantForm(h.waitPictures(i, 1), ".jpg", 700, 900<<10, "since a PNG would have about 1.4 MB")
	})
	t.Run("four images that no request has room for come into one message", func(t *testing.T) {
		t.Parallel()
		h := startPadded(t, 9<<20)
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		m := h.waitPictures(i, 4)
		for n, f := range m.Files {
			if want := fmt.Sprintf("%s-0-%d.png", i.ID, n+1); f.Filename != want || f.Size != 9<<20 {
				t.Errorf("file %d: got %s of %d bytes, want %s", n+1, f.Filename, f.Size, want)
			}
		}
		h.waitPictures(h.click(h.defaults.Member.ID, m.ID, "1:reroll:"+i.ID+"-0:0"), 4)
	})
	t.Run("late ones too, as a new message", func(t *testing.T) {
		t.Parallel()
		h := startPadded(t, 9<<20)
		h.sandbox.Rules().Allow("forbidden")
		release := h.renderer.pause()
		i := h.command("imagine", sandbox.With("prompt", "a red boat"))
		old := h.waitText(i, "Generating")
		h.refuseRequests(http.MethodPatch, `^/channels/\d+/messages/`+old.ID, 50083)
		h.clock.advance(16 * time.Minute)
		release()
		m, err := h.sandbox.WaitMessage(h.ctx, h.defaults.Member.ID, h.defaults.Channel.ID,
			func(m sandbox.Message) bool { return len(m.Files) == 4 })
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		if m.ID == old.ID || len(m.Pings) != 1 {
			t.Errorf("got message %s with %d pings, want a new one with one", m.ID, len(m.Pings))
		}
		h.pollUntil("the store to say done", func() bool { e := h.job(i); return e.State == store.Done && e.Message == m.ID })
		if n := h.countPictureMessages(h.defaults.Channel.ID); n != 1 {
			t.Errorf("messages with images: got %d, want one", n)
		}
	})
	t.Run("direct messages take less than a boosted server", func(t *testing.T) {
		t.Parallel()
		h, release := startNoise(t, 2000)
		h.sandbox.Rules().Allow("forbidden")
		h.sandbox.SetFileLimit(h.defaults.Guild.ID, 50<<20)
		i := h.command("imagine", boat...)
		h.waitText(i, "#1")
		h.sandbox.SetBotPermissions(h.defaults.Channel.ID, 0)
		h.clock.advance(16 * time.Minute)
		release()
		dm := must(h.sandbox.DM(h.defaults.Member.ID))
		m, err := h.sandbox.WaitMessage(
			h.ctx, h.defaults.Member.ID, dm.ID, func(m sandbox.Message) bool { return len(m.Files) == 1 },
		)
		if err != nil {
			t.Fatalf("%v\nlog:\n%s", err, h.log)
		}
		h.wantForm(m, ".jpg", 2000, 10<<20, "and at most 10 fit here")
		h.pollUntil("the store to say done", func() bool { return h.job(i).State == store.Done })
	})
}
