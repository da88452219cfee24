//go:build cgo

package render_test

import (
	"context"
	"errors"
	"image"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"darkroom/render"
	"darkroom/render/onnx"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

const demoFolder = "demo/postcards"

// timedModel measures how long a model's networks run.
type timedModel struct {
	*onnx.Model
	inside atomic.Int64 // nanoseconds
}

func (m *timedModel) watch(begun time.Time) { m.inside.Add(int64(time.Since(begun))) }

func (m *timedModel) EncodeText(ctx context.Context, ids [][]int32, skip int) (render.TextEncoding, error) {
	defer m.watch(time.Now())
	return m.Model.EncodeText(ctx, ids, skip)
}

func (m *timedModel) Unet(
	ctx context.Context, x tensor.Tensor, at float64, conditioning render.Conditioning,
) (tensor.Tensor, error) {
	defer m.watch(time.Now())
	return m.Model.Unet(ctx, x, at, conditioning)
}

func (m *timedModel) DecodeLatents(ctx context.Context, x tensor.Tensor) (tensor.Tensor, error) {
	defer m.watch(time.Now())
	return m.Model.DecodeLatents(ctx, x)
}

// loadDemo loads the demo model, or skips the test where ONNX Runtime was not fetched.
func loadDemo(t testing.TB) (*render.Renderer, *timedModel) {
	t.Helper()
	m := &timedModel{Model: pipelinetest.Load(t, demoFolder).Model}
	parts, err := pipeline.Parts(m.Model)
	if err != nil {
		t.Fatal(err)
	}
	parts.Text, parts.Unet, parts.Decoder = m, m, m
	r, err := render.New(parts, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r, m
}

func demoSpec() picture.Spec {
	return picture.Spec{
		Version: 1, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "postcards", Hash: strings.Repeat("0", 64)},
		Prompt: "a red boat on a blue sea", Width: 128, Height: 128, Seed: 7, Count: 1,
		Steps: 6, GuidanceScale: 4.5, Sampler: "dpmpp_2m_karras",
	}
}

// TestDemoModel renders with real networks.
func TestDemoModel(t *testing.T) {
	t.Parallel()
	r, _ := loadDemo(t)
	renderSpec := func(t *testing.T, s picture.Spec) *render.Result {
		t.Helper()
		res, err := r.Render(t.Context(), s, render.Job{})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	t.Run("the same Spec gives the same bytes", func(t *testing.T) {
		t.Parallel()
		a, b := renderSpec(t, demoSpec()), renderSpec(t, demoSpec())
		if string(a.Tiles[0].Image.Pix) != string(b.Tiles[0].Image.Pix) {
			t.Errorf("two runs differ")
		}
	})
	t.Run("a tile in a batch is its own Spec's image, to within a level", func(t *testing.T) {
		t.Parallel()
		s := demoSpec()
		s.Count, s.Width, s.Height = 3, 160, 112
		all := renderSpec(t, s)
		one := renderSpec(t, s.Tile(2))
		if off := shareOff(all.Tiles[2].Image, one.Tiles[0].Image); off > 0.001 {
			t.Errorf("%.3f %% of the values are more than a level away, want at most 0.1 %%", 100*off)
		}
	})
	t.Run("a second pass doubles the size", func(t *testing.T) {
		t.Parallel()
		s := demoSpec()
		s.Steps, s.Hires = 3, &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5}
		if got := renderSpec(t, s).Tiles[0].Image.Bounds(); got != image.Rect(0, 0, 256, 256) {
			t.Errorf("got %v, want 256×256", got)
		}
	})
	t.Run("a long weighted prompt is rendered", func(t *testing.T) {
		t.Parallel()
		s := demoSpec()
		s.Prompt, s.Steps = strings.Repeat("(red:1.2) boat, ", 60)+"BREAK [sea", 2
		renderSpec(t, s)
	})
	t.Run("a cancel is noticed within a step", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("not wanted any more")
		last := 0
		_, err := r.Render(ctx, demoSpec(), render.Job{Progress: func(p render.Progress) {
			if last = p.Step; last == 2 {
				cancel(cause)
			}
		}})
		if !errors.Is(err, cause) || last != 2 {
			t.Errorf("got %v after step %d, want %v after step 2", err, last, cause)
		}
	})
}

// shareOff is the share of values that are more than one level of 255 apart.
func shareOff(a, b *image.NRGBA) float64 {
	n := 0
	for i, v := range a.Pix {
		if d := int(v) - int(b.Pix[i]); d > 1 || d < -1 {
			n++
		}
	}
	return float64(n) / float64(len(a.Pix))
}

// BenchmarkRender renders one image, and four, in 20 guided steps, and reports the share of time outside the networks.
func BenchmarkRender(b *testing.B) {
	for name, count := range map[string]int{"one": 1, "four": 4} {
		b.Run(name, func(b *testing.B) {
			r, m := loadDemo(b)
			s := demoSpec()
			s.Steps, s.Count = 20, count
			m.inside.Store(0)
			for b.Loop() {
				if _, err := r.Render(b.Context(), s, render.Job{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(100*(1-float64(m.inside.Load())/float64(b.Elapsed())), "%outside")
		})
	}
}
