//go:build cgo

package golden_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"darkroom/render"
	"darkroom/render/golden/goldentest"
	"darkroom/render/picture"
	"darkroom/render/pipeline"
	"darkroom/render/pipeline/pipelinetest"
	"darkroom/render/tensor"
)

// unetCall is one call of the UNet.
type unetCall struct {
	time         float64
	sample       tensor.Tensor // [1, c, h, w]: the first image of the batch
	conditioning render.Conditioning
}

// recordingUnet is a model whose UNet records its calls, in the context of the call.
type recordingUnet struct{ unet render.Unet }

type unetCallsKey struct{}

func (w recordingUnet) Unet(
	ctx context.Context, x tensor.Tensor, time float64, conditioning render.Conditioning,
) (tensor.Tensor, error) {
	if calls, ok := ctx.Value(unetCallsKey{}).(*[]unetCall); ok {
		*calls = append(*calls, unetCall{time, x.Row(0).Clone(), conditioning})
	}
	return w.unet.Unet(ctx, x, time, conditioning)
}

// recordingEncoder is a text encoder that records its ids, in the context of the call.
type recordingEncoder struct{ encoder render.TextEncoder }

type idsKey struct{}

func (r recordingEncoder) EncodeText(ctx context.Context, ids [][]int32, skip int) (render.TextEncoding, error) {
	if all, ok := ctx.Value(idsKey{}).(*[][]int32); ok {
		*all = append(*all, ids...)
	}
	return r.encoder.EncodeText(ctx, ids, skip)
}

// goldenParts loads a golden pipeline, with a UNet and a text encoder that can be watched.
func goldenParts(t testing.TB, name string) render.Parts {
	t.Helper()
	return loadParts(t, goldentest.Model(t, name))
}

// loadParts loads a folder in the same way.
func loadParts(t testing.TB, dir string) render.Parts {
	t.Helper()
	return recordingParts(t, pipelinetest.Load(t, dir))
}

// recordingParts are a loaded model's parts.
func recordingParts(t testing.TB, e *pipeline.Pipeline) render.Parts {
	t.Helper()
	p, err := pipeline.Parts(e.Model)
	if err != nil {
		t.Fatal(err)
	}
	p.Unet, p.Text = recordingUnet{p.Unet}, recordingEncoder{p.Text}
	return p
}

func newRenderer(t testing.TB, p render.Parts) *render.Renderer {
	t.Helper()
	r, err := render.New(p, render.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// baseSpec is the request of the recipe, in a dialect.
func baseSpec(dialect picture.Dialect) picture.Spec {
	s := picture.Spec{
		Version: picture.Version, Dialect: dialect, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "golden", Hash: strings.Repeat("0", 64)},
		Prompt: prompt, Negative: negative, Width: side, Height: side, Seed: seed, Count: 1,
		Steps: 1, GuidanceScale: 1, Sampler: "euler",
	}
	if dialect == picture.A1111 {
		s.Prompt = weighted
	}
	return s
}

// renderRecorded renders and returns the calls of the UNet.
func renderRecorded(ctx context.Context, r *render.Renderer, s picture.Spec) (*render.Result, []unetCall, error) {
	var calls []unetCall
	result, err := r.Render(context.WithValue(ctx, unetCallsKey{}, &calls), s, render.Job{})
	return result, calls, err
}

// maxDifference is the largest difference of two tensors, and the largest value of the second.
func maxDifference(got, want tensor.Tensor) (most, largest float64) {
	if len(got.Data) != len(want.Data) {
		return math.Inf(1), 1
	}
	for i, w := range want.Data {
		largest = max(largest, math.Abs(float64(w)))
		if d := math.Abs(float64(got.Data[i]) - float64(w)); !(d <= most) {
			most = d
		}
	}
	return most, largest
}

// relativeError is the largest difference over the largest value.
func relativeError(got, want tensor.Tensor) float64 {
	most, largest := maxDifference(got, want)
	if largest == 0 {
		return most
	}
	return most / largest
}

// pixelsOff counts the recorded values of an image that are more than a level away. A record holds every 64th value,
// beginning with that of its own number.
func pixelsOff(got render.Tile, w recordedRun) int {
	n := 0
	for i, want := range w.Pixels {
		at := w.index%64 + 64*i // in rows of red, green and blue
		have := int(got.Image.Pix[at/3*4+at%3])
		if have-want > 1 || want-have > 1 {
			n++
		}
	}
	return n
}
