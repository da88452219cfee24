package render

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// promptRecorder records the hidden states of each UNet call, by tile.
type promptRecorder struct {
	*fakeModel
	calls [][]float32 // by call: the first values of each item
}

func (h *promptRecorder) Unet(
	ctx context.Context, x tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	var prompts []float32
	for i := range conditioning.Hidden.Batch() {
		prompts = append(prompts, conditioning.Hidden.Row(i).Data[2]) // of the first word
	}
	h.calls = append(h.calls, prompts)
	return h.fakeModel.Unet(ctx, x, time, conditioning)
}

// recordPrompts renders a prompt in that many steps without guidance and returns the hidden states of each call.
func recordPrompts(t *testing.T, typed, by string, steps int) []float32 {
	t.Helper()
	h := &promptRecorder{fakeModel: &fakeModel{}}
	parts := h.parts()
	parts.Tokenizers, parts.Unet = tokenizers(t), h
	r, err := New(parts, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := boatSpec()
	s.Prompt, s.Sampler, s.Steps, s.GuidanceScale, s.Count = typed, by, steps, 1, 1
	mustRender(t, r, s, Job{})
	var prompts []float32
	for _, call := range h.calls {
		prompts = append(prompts, call[0])
	}
	return prompts
}

// encodedWord is what the fake encoder makes of a word that begins a prompt.
func encodedWord(t *testing.T, typed string) float32 { return recordPrompts(t, typed, "ddim", 1)[0] }

func TestPromptEditing(t *testing.T) {
	t.Parallel()
	boat, house := encodedWord(t, "boat"), encodedWord(t, "star")
	if boat == house {
		t.Fatal("both words sound alike to the fake encoder: choose others")
	}
	of := func(letters string) []float32 {
		var prompts []float32
		for _, l := range letters {
			prompts = append(prompts, map[rune]float32{'b': boat, 's': house}[l])
		}
		return prompts
	}
	for _, w := range []struct{ typed, sampler, want string }{
		{"[boat:star:0.5]", "ddim", "bbbbbsss"}, // A1111 reads the first text once more than the number says
		{"[boat:star:2]", "ddim", "bbbsssss"},
		{"[boat|star]", "ddim", "bbsbsbsb"},
		{"[boat:star:0.5]", "heun", "bbbbbbbbbssssss"}, // 16 calls are counted, the last one is not made
		{"boat", "euler", "bbbbbbbb"},
	} {
		if got, want := recordPrompts(t, w.typed, w.sampler, 8), of(w.want); !slices.Equal(got, want) {
			t.Errorf("%s by %s: the UNet heard %v, want %v", w.typed, w.sampler, got, want)
		}
	}
}

func TestComposedPrompts(t *testing.T) {
	t.Parallel()
	t.Run("each leads by its weight", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		s := boatSpec()
		s.Prompt, s.Negative = "a boat :1.5 AND a star AND a moon :-0.5", "fog"
		p, err := r.newRun(s, Job{})
		if err != nil {
			t.Fatal(err)
		}
		prompts := firstPassConditioning(t, p)
		x := noise.Draw(noise.NewTorch(1), 2, 4, 2, 2)
		got, err := p.predictor(prompts, 2)(t.Context(), x, 500)
		if err != nil {
			t.Fatal(err)
		}
		alone := func(track scheduledPrompt) tensor.Tensor {
			read, _ := track.at(0)
			out, _ := f.Unet(t.Context(), x, 500, Conditioning{Hidden: tensor.Repeat(read.Hidden, 2)})
			return out
		}
		without := alone(prompts.negative)
		want := without.Clone()
		for i, weight := range []float32{1.5, 1, -0.5} {
			with := alone(prompts.terms[i].scheduledPrompt)
			for k := range want.Data {
				want.Data[k] += float32(s.GuidanceScale) * weight * (with.Data[k] - without.Data[k])
			}
		}
		for i, v := range got.Data {
			if d := v - want.Data[i]; d > 1e-4 || d < -1e-4 {
				t.Errorf("value %d: got %v, want %v", i, v, want.Data[i])
			}
		}
	})
	t.Run("one alone is an ordinary prompt, to the last bit", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Prompt = "a boat"
		a := mustRender(t, r, s, Job{})
		s.Prompt = "a boat :1.0"
		if b := mustRender(t, r, s, Job{}); !sameImage(a.Tiles[0].Image, b.Tiles[0].Image) {
			t.Error("the weight 1 changes the image")
		}
	})
	t.Run("too many are refused", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		s.Prompt = strings.Repeat("a boat AND ", maxTerms) + "a star"
		_, err := r.Render(t.Context(), s, Job{})
		var no *Refusal
		if !errors.As(err, &no) || !strings.Contains(no.Error(), "at most 8") {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

// The samplers with two calls a step must be those that prompt editing counts twice.
func TestCallsPerStep(t *testing.T) {
	t.Parallel()
	for _, d := range []sampler.Dialect{sampler.Diffusers, sampler.A1111} {
		for _, name := range sampler.Names(d) {
			m, err := sampler.Find(d, name)
			if err != nil {
				t.Fatal(err)
			}
			if name == "dpm_adaptive" || name == "dpm_fast" || name == "plms" {
				continue // the calls of these do not follow from their steps, and A1111 counts them once
			}
			plan, err := m.Plan(sampler.StableDiffusion(), m.NearestSteps(6))
			if err != nil {
				t.Fatal(err)
			}
			calls := 0
			inputs := sampler.Inputs{
				Denoise: func(_ context.Context, x tensor.Tensor, _ sampler.Step) (tensor.Tensor, error) {
					calls++
					return x, nil
				},
				Noise: func() tensor.Tensor { return tensor.New(1, 4, 2, 2) },
				BrownianPath: func(float64, float64) sampler.BrownianPath {
					return func(float64, float64) tensor.Tensor { return tensor.New(1, 4, 2, 2) }
				},
			}
			if _, err := m.Sample(t.Context(), plan, inputs, tensor.New(1, 4, 2, 2)); err != nil {
				t.Fatal(err)
			}
			once := m.CallsPerStep() - 1 // in the step that ends at zero
			if plan.Steps[len(plan.Steps)-1].NextSigma > 0 {
				once = 0
			}
			if want := len(plan.Steps)*m.CallsPerStep() - once; calls != want {
				t.Errorf("%s, %s: %d calls in %d steps, want %d", d, name, calls, len(plan.Steps), want)
			}
		}
	}
}
