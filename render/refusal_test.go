package render

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"darkroom/render/noise"
	"darkroom/render/picture"
	"darkroom/render/sampler"
	"darkroom/render/tensor"
)

// refusalOf renders and returns the sentence of the refusal.
func refusalOf(t *testing.T, r *Renderer, s picture.Spec, j Job) string {
	t.Helper()
	_, err := r.Render(t.Context(), s, j)
	var no *Refusal
	if !errors.As(err, &no) {
		t.Fatalf("got %v, want a refusal", err)
	}
	return no.Sentence
}

// TestRefusalSentences renders what fails at every attempt: each error is a Refusal, with a sentence for the person.
func TestRefusalSentences(t *testing.T) {
	t.Parallel()
	start := func(s *picture.Spec) {
		s.Init = &picture.Init{Picture: picture.Input{SHA256: strings.Repeat("a", 64), Width: 8, Height: 8}, Strength: 0.5}
	}
	for name, c := range map[string]struct {
		model func(*Config)
		spec  func(*picture.Spec)
		input string
		want  string
	}{
		"settings that do not go together": {nil, func(s *picture.Spec) { s.Steps = 0 }, "", "do not go together"},
		"an unknown sampler": {
			nil, func(s *picture.Spec) { s.Sampler = "magic" }, "", `unknown sampler "magic"`,
		},
		"an add-on": {nil, func(s *picture.Spec) {
			s.Addons = []picture.Addon{{Kind: "lora", Name: "ink", Hash: strings.Repeat("b", 64), Strength: 1}}
		}, "", "ink"},
		"more steps than were trained": {
			func(c *Config) { c.Sampler.TrainSteps = 5 }, func(*picture.Spec) {}, "", "in 8 steps",
		},
		"a sampler that strays": {func(c *Config) { c.Sampler.Prediction = sampler.Velocity },
			func(s *picture.Spec) { s.Dialect, s.Sampler = picture.A1111, "dpm_adaptive" }, "", "DPM adaptive diverges"},
		"layers that cannot be skipped": {
			func(c *Config) { c.SkippableLayers = 0 }, func(s *picture.Spec) { s.ClipSkip = 2 }, "", "clip skip of 2",
		},
		"more layers than can be skipped": {
			func(c *Config) { c.SkippableLayers = 2 }, func(s *picture.Spec) { s.ClipSkip = 4 }, "",
			"a clip skip of 4 is not possible: this model takes at most 3",
		},
		"prompts joined for a model that leads itself": {func(c *Config) { c.GuidanceWidth = 8 },
			func(s *picture.Spec) { s.Prompt = "a boat AND a star" }, "", "takes the guidance scale as an input"},
		"a prompt weighed for a model that leads itself": {func(c *Config) { c.GuidanceWidth = 8 },
			func(s *picture.Spec) { s.Prompt = "a boat :1.5" }, "", "takes the guidance scale as an input"},
		"a side that cannot be halved": {
			func(c *Config) { c.SizeMultiple = 64 },
			func(*picture.Spec) {},
			"",
			"cannot generate 64×48: its sides must be multiples of 64",
		},
		"one size only, enlarged": {func(c *Config) { c.FixedSize = true },
			func(s *picture.Spec) { s.Hires = &picture.Hires{Scale: 2, Steps: 2, Strength: 0.5} }, "", "cannot upscale"},
		"enlarged to a side that cannot be halved": {func(c *Config) { c.SizeMultiple = 16 },
			func(s *picture.Spec) { s.Hires = &picture.Hires{Scale: 1.5, Steps: 2, Strength: 0.5} }, "",
			"cannot upscale to 96×72"},
		"another start picture": {nil, start, "another picture", "not the one that was sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := newFake(t, Options{})
			if c.model != nil {
				c.model(&r.parts.Config)
			}
			s := boatSpec()
			c.spec(&s)
			job := Job{Input: func(context.Context, string) ([]byte, error) { return []byte(c.input), nil }}
			if got := refusalOf(t, r, s, job); !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q in it", got, c.want)
			}
		})
	}
	t.Run("a start image that is no image", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		inputs, s := inputStore{}, boatSpec()
		s.Init = &picture.Init{Picture: inputs.addBytes([]byte("hello")), Strength: 0.5}
		s.Init.Picture.Width, s.Init.Picture.Height = 8, 8
		if got := refusalOf(t, r, s, Job{Input: inputs.find}); !strings.Contains(got, "cannot be read") {
			t.Errorf("got %q, want to hear that it cannot be read", got)
		}
	})
	t.Run("an input that is not found now may be found later", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		s := boatSpec()
		start(&s)
		if _, err := r.Render(t.Context(), s, Job{Input: inputStore{}.find}); err == nil || errors.As(err, new(*Refusal)) {
			t.Errorf("got %v, want an error that is no refusal", err)
		}
	})
}

// overflowingDecoder is a decoder whose last value is no number.
type overflowingDecoder struct{ *fakeModel }

func (f overflowingDecoder) DecodeLatents(ctx context.Context, l tensor.Tensor) (tensor.Tensor, error) {
	t, err := f.fakeModel.DecodeLatents(ctx, l)
	t.Data[len(t.Data)-1] = float32(math.NaN())
	return t, err
}

func TestNotANumber(t *testing.T) {
	t.Parallel()
	t.Run("gives no image", func(t *testing.T) {
		t.Parallel()
		r, f := newFake(t, Options{})
		r.parts.Decoder = overflowingDecoder{f}
		if got, want := refusalOf(t, r, boatSpec(), Job{}), "the model produced no image (not a number)"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("is refused as latents", func(t *testing.T) {
		t.Parallel()
		r, _ := newFake(t, Options{})
		given := noise.Draw(noise.NewTorch(1), 1, 4, 6, 8)
		given.Data[5] = float32(math.Inf(-1))
		if _, err := r.Render(t.Context(), boatSpec(), Job{Latents: &given}); err == nil ||
			!strings.Contains(err.Error(), "not finite") {
			t.Errorf("got %v, want an error about numbers that are not finite", err)
		}
	})
}
