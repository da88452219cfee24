package render

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"darkroom/render/picture"
	"darkroom/render/tensor"
)

// louderUnet is a UNet with an add-on: what it predicts is multiplied.
type louderUnet struct {
	unet Unet
	by   float32
}

func (u louderUnet) Unet(
	ctx context.Context, x tensor.Tensor, time float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	out, err := u.unet.Unet(ctx, x, time, conditioning)
	return tensor.Scale(out, u.by), err
}

// extendable returns a renderer whose model takes LoRAs, and the names of those that were read, in their order.
func extendable(t testing.TB) (*Renderer, *[]string) {
	t.Helper()
	r, _ := newFake(t, Options{})
	var read []string
	r.parts.Extend = func(_ context.Context, spec picture.Spec) (Extended, error) {
		p, by := r.parts, float32(1)
		for _, a := range spec.Addons {
			if a.Name == "gone" {
				return Extended{}, refuse("the LoRA %q is not here", a.Name)
			}
			read = append(read, a.Name)
			by += float32(a.Strength) / 10
		}
		p.Unet = louderUnet{p.Unet, by}
		return Extended{Parts: p, Notes: []string{"read"}}, nil
	}
	return r, &read
}

func withLoRA(name string, strength float64) picture.Spec {
	s := boatSpec()
	s.Addons = []picture.Addon{{Kind: picture.LoRA, Name: name, Hash: strings.Repeat("a", 64), Strength: strength}}
	return s
}

func TestAddonsAreAppliedAndKept(t *testing.T) {
	t.Parallel()
	r, read := extendable(t)
	render := func(s picture.Spec) *Result {
		t.Helper()
		got, err := r.Render(t.Context(), s, Job{})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	plain, ink := render(boatSpec()), render(withLoRA("ink", 1))
	if slices.Equal(plain.Latents.Data, ink.Latents.Data) {
		t.Error("a LoRA changes nothing")
	}
	if !slices.Equal(ink.Notes, []string{"read"}) || plain.Notes != nil {
		t.Errorf("got notes %q and %q without one", ink.Notes, plain.Notes)
	}
	if idle := render(withLoRA("ink", 0)); !slices.Equal(plain.Latents.Data, idle.Latents.Data) {
		t.Error("strength 0 is not the model alone")
	}
	render(withLoRA("fog", 1))
	if again := render(withLoRA("ink", 1)); !slices.Equal(again.Latents.Data, ink.Latents.Data) || len(*read) != 2 {
		t.Errorf("two that alternate: read %q, want each once", *read)
	}
	render(withLoRA("ink", 0.5))
	render(withLoRA("fog", 1))
	if want := []string{"ink", "fog", "ink", "fog"}; !slices.Equal(*read, want) {
		t.Errorf("with a third one: read %q, want %q", *read, want)
	}
}

func TestAddonsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	r, _ := extendable(t)
	var refusal *Refusal
	if _, err := r.Render(t.Context(), withLoRA("gone", 1), Job{}); !errors.As(err, &refusal) {
		t.Errorf("a LoRA that is gone: got %v, want a refusal", err)
	}
	r.parts.Extend = nil
	if _, err := r.Render(t.Context(), withLoRA("ink", 1), Job{}); !errors.As(err, &refusal) {
		t.Errorf("a model that takes none: got %v, want a refusal", err)
	}
}

// BenchmarkSwitch is what a change between two combinations of add-ons costs that are both ready. What is left of a
// change until the UNet runs: the prompt is encoded, unless it was before, and the noise is drawn.
func BenchmarkSwitch(b *testing.B) {
	r, read := extendable(b)
	specs := []picture.Spec{withLoRA("a", 1), withLoRA("b", 1)}
	for i := 0; b.Loop(); i++ {
		if _, err := r.extended(b.Context(), specs[i%2]); err != nil {
			b.Fatal(err)
		}
	}
	if len(*read) != 2 {
		b.Errorf("%d LoRAs were read, want each once", len(*read))
	}
}

// firstCall says when the UNet is called for the first time.
type firstCall struct {
	unet Unet
	at   *time.Time
}

func (u firstCall) Unet(
	ctx context.Context, x tensor.Tensor, at float64, conditioning Conditioning,
) (tensor.Tensor, error) {
	if u.at.IsZero() {
		*u.at = time.Now()
	}
	return u.unet.Unet(ctx, x, at, conditioning)
}

// BenchmarkAlternateAddons is the time from Render to the first run of the UNet when jobs with two LoRAs alternate,
// both at hand. Which network is fed is all that changes, so the size of the LoRAs does not count.
func BenchmarkAlternateAddons(b *testing.B) {
	r, _ := newFake(b, Options{})
	var at time.Time
	r.parts.Extend = func(context.Context, picture.Spec) (Extended, error) {
		p := r.parts
		p.Unet = firstCall{p.Unet, &at}
		return Extended{Parts: p}, nil
	}
	specs := []picture.Spec{withLoRA("ink", 1), withLoRA("fog", 1)}
	var total time.Duration
	for i := 0; b.Loop(); i++ {
		at = time.Time{}
		began := time.Now()
		if _, err := r.Render(b.Context(), specs[i%2], Job{}); err != nil {
			b.Fatal(err)
		}
		total += at.Sub(began)
	}
	b.ReportMetric(float64(total.Microseconds())/float64(b.N), "µs/first-call")
}
