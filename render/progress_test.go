package render

import (
	"context"
	"errors"
	"slices"
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

// TestStop stops half way: each sampler does half of its steps, and the image is what a preview showed at the last one.
func TestStop(t *testing.T) {
	t.Parallel()
	eachSampler(t, picture.Diffusers, func(m sampler.Method, s picture.Spec, r *Renderer, _ *fakeModel) {
		whole, steps := 0, 0
		mustRender(t, r, s, Job{Progress: func(p Progress) { whole = p.Steps }})
		var estimate []tensor.Tensor
		s.Stop, s.Version = 50, 3
		run, err := r.newRun(s, Job{Progress: func(p Progress) { steps = p.Step }})
		if err != nil {
			t.Fatal(err)
		}
		if err := run.encode(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := run.denoise(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		estimate = run.previews.snapshot()
		if want := (whole + 1) / 2; steps != want || run.steps() != want {
			t.Errorf("%s: %d steps done, %d announced, want %d of %d", m.Name, steps, run.steps(), want, whole)
		}
		if !slices.Equal(got.Row(0).Data, estimate[0].Data) {
			t.Errorf("%s: the result is not the last estimate", m.Name)
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
