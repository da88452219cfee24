package render

import (
	"cmp"
	"context"
	"errors"
	"image"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/tensor"
	"darkroom/render/upscale"
)

// brighten is an upscaler that doubles pictures and makes them white, or of another value.
type brighten struct {
	traits upscale.Traits
	value  float32
	runs   atomic.Int64
}

// always finds a network whatever is named.
func always(network upscale.Upscaler) func(context.Context, picture.Ref) (upscale.Upscaler, func(), error) {
	return func(context.Context, picture.Ref) (upscale.Upscaler, func(), error) { return network, func() {}, nil }
}

func (b *brighten) Traits() upscale.Traits { return b.traits }

func (b *brighten) Upscale(_ context.Context, in tensor.Tensor) (tensor.Tensor, error) {
	b.runs.Add(1)
	out := tensor.New(1, 3, 2*in.Shape[2], 2*in.Shape[3])
	for i := range out.Data {
		out.Data[i] = cmp.Or(b.value, 1)
	}
	return out, nil
}

// sizedModel is a fake that notes the sizes of the latents that its UNet sees.
type sizedModel struct {
	*fakeModel
	largest atomic.Int64
}

func (m *sizedModel) Unet(
	ctx context.Context, x tensor.Tensor, time float64, c Conditioning,
) (tensor.Tensor, error) {
	m.largest.Store(max(m.largest.Load(), int64(x.Shape[2]*x.Shape[3])))
	return m.fakeModel.Unet(ctx, x, time, c)
}

func newSized(t *testing.T, change func(*Parts)) (*Renderer, *sizedModel) {
	t.Helper()
	m := &sizedModel{fakeModel: &fakeModel{}}
	parts := m.parts()
	parts.Unet, parts.Tokenizers = m, tokenizers(t)
	if change != nil {
		change(&parts)
	}
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

func upscaleSpec() picture.Spec {
	s := boatSpec()
	s.Version, s.Upscale = 3, &picture.Upscale{Scale: 2}
	return s
}

func TestUpscale(t *testing.T) {
	t.Parallel()
	plain, _ := newFake(t, Options{})
	original := mustRender(t, plain, boatSpec(), Job{}).Tiles[0].Image
	t.Run("without a network it is the image enlarged by Lanczos's filter", func(t *testing.T) {
		t.Parallel()
		got := mustRender(t, plain, upscaleSpec(), Job{}).Tiles[0].Image
		if want := upscale.Lanczos(original, got.Rect.Size()); got.Rect.Dx() != 128 || !sameImage(got, want) {
			t.Errorf("got another image of %v", got.Rect)
		}
	})
	t.Run("the network that the Spec names enlarges it", func(t *testing.T) {
		t.Parallel()
		network := &brighten{traits: upscale.Traits{Scale: 2}}
		hash := strings.Repeat("e", 64)
		opened, released := 0, 0
		r, _ := newSized(t, func(p *Parts) {
			p.Upscaler = func(_ context.Context, named picture.Ref) (upscale.Upscaler, func(), error) {
				if named.Hash != hash {
					return nil, nil, refuse("the upscaler %q is not here", named.Name)
				}
				opened++
				return network, func() { released++ }, nil
			}
		})
		s := upscaleSpec()
		s.Upscaler = &picture.Ref{Name: "white", Hash: hash}
		got := mustRender(t, r, s, Job{}).Tiles[0].Image
		if c := got.NRGBAAt(100, 90); c.R != 255 || network.runs.Load() != 1 {
			t.Errorf("got %v after %d runs, want white after one", c, network.runs.Load())
		}
		if opened != 1 || released != 1 {
			t.Errorf("it was opened %d times and released %d times, want each once", opened, released)
		}
		s.Upscaler.Hash = strings.Repeat("f", 64)
		var refusal *Refusal
		if _, err := r.Render(t.Context(), s, Job{}); !errors.As(err, &refusal) || !strings.Contains(err.Error(), "white") {
			t.Errorf("an upscaler that is not here: got %v, want a refusal that names it", err)
		}
	})
	t.Run("each tile of a network counts as progress", func(t *testing.T) {
		t.Parallel()
		network := &brighten{traits: upscale.Traits{Scale: 2, BytesPerPixel: 1}}
		r, _ := newSized(t, func(p *Parts) { p.Upscaler = always(network) })
		r.options.UpscaleMemory = 64 * 64
		s := upscaleSpec()
		s.Width, s.Height, s.Count, s.Upscaler = 128, 96, 2, &picture.Ref{Name: "white", Hash: strings.Repeat("e", 64)}
		last, reports := Progress{}, 0
		mustRender(t, r, s, Job{Progress: func(p Progress) {
			if reports++; p.Step < last.Step {
				t.Errorf("step %d after step %d", p.Step, last.Step)
			}
			last = p
		}})
		if runs := int(network.runs.Load()); runs < 8 || last.Step != last.Steps || last.Steps < s.Steps+runs {
			t.Errorf("got step %d of %d after %d tiles, want the last one, and all tiles among them", last.Step, last.Steps,
				runs)
		}
	})
	t.Run("a network that makes no numbers is refused by name", func(t *testing.T) {
		t.Parallel()
		network := &brighten{traits: upscale.Traits{Scale: 2}, value: float32(math.NaN())}
		r, _ := newSized(t, func(p *Parts) { p.Upscaler = always(network) })
		s := upscaleSpec()
		s.Upscaler = &picture.Ref{Name: "broken", Hash: strings.Repeat("e", 64)}
		var refusal *Refusal
		if _, err := r.Render(t.Context(), s, Job{}); !errors.As(err, &refusal) ||
			refusal.Sentence != `the upscaler "broken" cannot be used` || !errors.Is(err, upscale.ErrNotNumbers) {
			t.Errorf("got %v, want a refusal", err)
		}
	})
	t.Run("an image with new ground around it is enlarged too", func(t *testing.T) {
		t.Parallel()
		s, job, _ := windowJob(t, 160, 96, picture.Placement{X: 32, Width: 128, Height: 96})
		small := mustRender(t, plain, s, job)
		s.Upscale = &picture.Upscale{Scale: 2}
		large := mustRender(t, plain, s, job)
		for i, tile := range large.Tiles {
			if want := upscale.Lanczos(small.Tiles[i].Image, image.Pt(320, 192)); !sameImage(tile.Image, want) {
				t.Errorf("tile %d: got %v, want twice the canvas", i, tile.Image.Rect)
			}
		}
		s.Upscale = &picture.Upscale{Scale: 2, Steps: 8, Strength: 0.3, Tile: &picture.Size{Width: 64, Height: 64}}
		again := mustRender(t, plain, s, job).Tiles[0].Image
		if again.Rect.Dx() != 320 || sameImage(again, large.Tiles[0].Image) {
			t.Errorf("got %v, want it repainted", again.Rect)
		}
	})
	t.Run("it is repainted in tiles, and never as a whole", func(t *testing.T) {
		t.Parallel()
		r, m := newSized(t, nil)
		s := upscaleSpec()
		s.Upscale.Steps, s.Upscale.Strength, s.Upscale.Tile = 8, 0.3, &picture.Size{Width: 64, Height: 48}
		last := 0
		got := mustRender(t, r, s, Job{Progress: func(p Progress) {
			if p.Step < last || p.Step > p.Steps {
				t.Errorf("step %d of %d after step %d", p.Step, p.Steps, last)
			}
			last = p.Step
		}}).Tiles[0].Image
		if got.Rect.Dx() != 128 || got.Rect.Dy() != 96 {
			t.Errorf("got %v, want twice the size", got.Rect)
		}
		if n := m.largest.Load(); n > 8*6 {
			t.Errorf("the UNet saw %d latents at once, want at most those of a tile", n)
		}
		if want := mustRender(t, plain, upscaleSpec(), Job{}).Tiles[0].Image; sameImage(got, want) {
			t.Error("nothing was repainted")
		}
		if last <= s.Steps {
			t.Errorf("the last step is %d, want those of the repainting too", last)
		}
	})
	t.Run("a model of one size upscales too", func(t *testing.T) {
		t.Parallel()
		r, m := newSized(t, func(p *Parts) { p.Config.FixedSize = true })
		s := upscaleSpec()
		s.Upscale.Steps, s.Upscale.Strength, s.Upscale.Tile = 8, 0.3, &picture.Size{Width: 64, Height: 48}
		mustRender(t, r, s, Job{})
		if n := m.largest.Load(); n != 8*6 {
			t.Errorf("the UNet saw %d latents, want those of its size", n)
		}
	})
	t.Run("a model without an encoder cannot repaint", func(t *testing.T) {
		t.Parallel()
		r, _ := newSized(t, func(p *Parts) { p.Encoder = nil })
		s := upscaleSpec()
		mustRender(t, r, s, Job{})
		s.Upscale.Steps, s.Upscale.Strength, s.Upscale.Tile = 8, 0.3, &picture.Size{Width: 64, Height: 48}
		var refusal *Refusal
		if _, err := r.Render(t.Context(), s, Job{}); !errors.As(err, &refusal) {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}
