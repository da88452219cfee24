package render

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// wideEncoder is a model whose encoder gives the same variance everywhere, besides the mean.
type wideEncoder struct {
	*fakeModel
	logVariance float32 // of the variance
	channels    int
}

func (u wideEncoder) EncodeImage(ctx context.Context, p tensor.Tensor) (tensor.Tensor, error) {
	out, err := u.fakeModel.EncodeImage(ctx, p)
	s := out.Shape
	wide := tensor.New(s[0], u.channels, s[2], s[3])
	for i := range wide.Data {
		wide.Data[i] = u.logVariance
	}
	copy(wide.Data, out.Data)
	return wide, err
}

// Golden records hold what is drawn; this test is about the rest.
func TestPosterior(t *testing.T) {
	t.Parallel()
	inputs := inputStore{}
	in := inputs.add(t, twoColours(64, 48, red, green))
	latentsFor := func(t *testing.T, d picture.Dialect, log float32, channels int) (tensor.Tensor, error) {
		t.Helper()
		f := wideEncoder{&fakeModel{}, log, channels}
		parts := f.parts()
		parts.Tokenizers, parts.Encoder = tokenizers(t), f
		r, err := New(parts, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := boatSpec()
		s.Dialect, s.Sampler, s.Count, s.Init = d, "euler", 2, &picture.Init{Picture: in, Strength: 0.5}
		done, err := r.Render(t.Context(), s, Job{Input: inputs.find})
		if err != nil {
			return tensor.Tensor{}, err
		}
		return done.Latents, nil
	}
	sure := func(t *testing.T, d picture.Dialect, log float32) tensor.Tensor {
		t.Helper()
		out, err := latentsFor(t, d, log, 8)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	t.Run("diffusers draws, as far as the encoder says", func(t *testing.T) {
		t.Parallel()
		narrow, wide := sure(t, picture.Diffusers, -30), sure(t, picture.Diffusers, 0)
		if most := maxDifference(wide, narrow); most < 0.1 {
			t.Errorf("a wide distribution moves the latents by %.2g, want much more", most)
		}
		if below := maxDifference(sure(t, picture.Diffusers, -1000), narrow); below != 0 {
			t.Errorf("a logarithm below the least moves the latents by %.2g, want nothing", below)
		}
	})
	t.Run("A1111's mean is taken however wide it is", func(t *testing.T) {
		t.Parallel()
		if a, b := sure(t, picture.A1111, -30), sure(t, picture.A1111, 2); !slices.Equal(a.Data, b.Data) {
			t.Error("the spread moves the latents, want none of it")
		}
	})
	t.Run("an encoder of other channels is refused", func(t *testing.T) {
		t.Parallel()
		if _, err := latentsFor(t, picture.Diffusers, 0, 6); err == nil ||
			!strings.Contains(err.Error(), "[1 6 6 8], want [1 4 6 8] or [1 8 6 8]") {
			t.Errorf("got %v, want both shapes that it may have", err)
		}
	})
}

// maxDifference is the largest difference of two maps.
func maxDifference(a, b tensor.Tensor) (most float64) {
	for i, v := range a.Data {
		most = max(most, math.Abs(float64(v-b.Data[i])))
	}
	return most
}
