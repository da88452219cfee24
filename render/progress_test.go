package render

import (
	"context"
	"errors"
	"image"
	"image/color"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

func TestRenderStops(t *testing.T) {
	t.Parallel()
	t.Run("at the step at which its context ends, with the cause", func(t *testing.T) {
		t.Parallel()
		eachSampler(t, picture.Diffusers, func(m sampler.Method, s picture.Spec, r *Renderer, f *fakeModel) {
			ctx, cancel := context.WithCancelCause(t.Context())
			_, err := r.Render(ctx, s, Job{Progress: func(p Progress) {
				if p.Step == 3 {
					cancel(errCancelled)
				}
			}})
			want := int64(3 * m.CallsPerStep())
			if runs := f.unetRuns.Load(); !errors.Is(err, errCancelled) || runs != want || f.decodes.Load() != 0 {
				t.Errorf(
					"%s: got %v after %d runs and %d decoded, want %v after %d and 0", m.Name, err, runs, f.decodes.Load(),
					errCancelled, want,
				)
			}
		})
	})
	t.Run("with the cause, not with the error that the end caused in a network", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		ctx, cancel := context.WithCancelCause(t.Context())
		f.broken = errors.New("terminated")
		cancel(errCancelled)
		if _, err := r.Render(ctx, boatSpec(), Job{}); !errors.Is(err, errCancelled) {
			t.Errorf("got %v, want %v", err, errCancelled)
		}
	})
	t.Run("with the network's error and the step", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		f.broken = errors.New("out of memory")
		_, err := r.Render(t.Context(), boatSpec(), Job{})
		if !errors.Is(err, f.broken) || !strings.Contains(err.Error(), "step 1 of 8") {
			t.Errorf("got %v, want step 1 of 8: %v", err, f.broken)
		}
	})
}

func TestProgress(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Count, s.Hires = 4, &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
	r, f := newFake(t, Options{BatchPixels: 2 * 64 * 48})
	var seen []Progress
	mustRender(t, r, s, Job{Progress: func(p Progress) { seen = append(seen, p) }})
	// Two groups of 8 steps, then four groups of 3 at four times the pixels.
	if len(seen) != 28 {
		t.Errorf("told %d times, want 28", len(seen))
	}
	for i, p := range seen {
		if p.Step != i+1 || p.Steps != 28 {
			t.Errorf("told %d of %d at step %d of 28", p.Step, p.Steps, i+1)
		}
	}
	if got := f.unetRuns.Load(); got != 28 {
		t.Errorf("got %d runs of the UNet, want as many as steps told", got)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	t.Run("shows all tiles as they are at that step", func(t *testing.T) {
		t.Parallel()
		s := boatSpec()
		s.Count, s.Sampler = 4, "ddim"
		r, f := newFake(t, Options{})
		var first, last image.Image
		res := mustRender(t, r, s, Job{Progress: func(p Progress) {
			switch p.Step {
			case 1:
				first = p.Preview()
			case p.Steps:
				last = p.Preview()
			}
		}})
		for _, sheet := range []image.Image{first, last} {
			if sheet == nil || sheet.Bounds() != image.Rect(0, 0, 128, 96) {
				t.Fatalf("got a sheet %v, want 128×96", sheet)
			}
		}
		tile := image.NewNRGBA(image.Rect(0, 0, 64, 48))
		for i := range 64 * 48 {
			tile.Set(i%64, i/64, last.At(64+i%64, 48+i/64))
		}
		if d := meanDifference(t, tile, res.Tiles[3].Image); d > 3 {
			t.Errorf("the last preview of tile 4 is %v away from its image", d)
		}
		if f.decodes.Load() != 4+8 {
			t.Errorf("decoded %d tiles, want 4 for each sheet that was asked for and 4 images", f.decodes.Load())
		}
	})
	t.Run("is grey where a tile has not begun, and no larger than allowed", func(t *testing.T) {
		t.Parallel()
		s := boatSpec()
		s.Count = 2
		r, _ := newFake(t, Options{BatchPixels: 1, PreviewPixels: 32 * 24})
		var sheet image.Image
		mustRender(t, r, s, Job{Progress: func(p Progress) {
			if p.Step == 1 {
				sheet = p.Preview()
			}
		}})
		if sheet == nil || sheet.Bounds() != image.Rect(0, 0, 64, 24) {
			t.Fatalf("got a sheet of %v, want 64×24", sheet)
		}
		if got := color.NRGBAModel.Convert(sheet.At(40, 10)); got != (color.NRGBA{128, 128, 128, 255}) {
			t.Errorf("a tile that has not begun is %v, want grey", got)
		}
	})
	t.Run("is nil after the job", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		var late Progress
		mustRender(t, r, boatSpec(), Job{Progress: func(p Progress) { late = p }})
		if got := late.Preview(); got != nil {
			t.Errorf("got %v, want nil", got)
		}
	})
	t.Run("may be asked for from another goroutine", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		shots := make(chan Progress, 8)
		done := make(chan int)
		go func() {
			n := 0
			for p := range shots {
				p.Preview()
				n++
			}
			done <- n
		}()
		mustRender(t, r, boatSpec(), Job{Progress: func(p Progress) { shots <- p }})
		close(shots)
		if n := <-done; n != 8 {
			t.Errorf("asked for %d previews, want 8", n)
		}
	})
}

// unstableUnet is a UNet that an adaptive sampler never trusts: now there is nothing, now very much.
type unstableUnet struct {
	*fakeModel
	until int64 // calls; none forever
}

func (r unstableUnet) Unet(ctx context.Context, x tensor.Tensor, time float64, g Conditioning) (tensor.Tensor, error) {
	out, err := r.fakeModel.Unet(ctx, x, time, g)
	if n := r.unetRuns.Load(); r.until == 0 || n < r.until {
		out = tensor.Scale(x, float32(n%2)*1000)
	}
	return out, err
}

func TestProgressOfAttempts(t *testing.T) {
	t.Parallel()
	s := boatSpec()
	s.Dialect, s.Sampler, s.GuidanceScale = picture.A1111, "dpm_adaptive", 1
	renderUnstable := func(t *testing.T, until int64) ([]Progress, error) {
		t.Helper()
		f := unstableUnet{&fakeModel{}, until}
		parts := f.parts()
		parts.Tokenizers, parts.Unet = tokenizers(t), f
		r, err := New(parts, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var reports []Progress
		_, err = r.Render(t.Context(), s, Job{Progress: func(p Progress) { reports = append(reports, p) }})
		return reports, err
	}
	t.Run("what is not taken moves it, and it never runs back", func(t *testing.T) {
		t.Parallel()
		reports, err := renderUnstable(t, 90)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range reports {
			if i > 0 && p.Step < reports[i-1].Step || i < 25 && p.Step != i+1 || p.Step == p.Steps && i < len(reports)-1 {
				t.Fatalf("told %d: got step %d of %d after %d", i+1, p.Step, p.Steps, reports[max(i-1, 0)].Step)
			}
		}
		if last := reports[len(reports)-1]; last.Step != last.Steps {
			t.Errorf("got %d of %d at last, want all", last.Step, last.Steps)
		}
	})
	t.Run("an image for which no step is short enough is refused", func(t *testing.T) {
		t.Parallel()
		reports, err := renderUnstable(t, 0)
		refusal := (*Refusal)(nil)
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Sentence, "choose another sampler") {
			t.Errorf("got %v, want a refusal that tells what to do", err)
		}
		if last := reports[len(reports)-1]; last.Step != last.Steps-1 {
			t.Errorf("got step %d of %d at last, want all but the last", last.Step, last.Steps)
		}
	})
}
