package request

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/sampler"
)

// allSamplers offers a model with every sampler of a dialect.
func allSamplers(d picture.Dialect) Available {
	o := postcards()
	o.Models[0].Dialect, o.Models[0].Samplers = d, sampler.NamesFor(d, sampler.Epsilon, false)
	return o
}

func TestSamplerNames(t *testing.T) {
	t.Parallel()
	for _, d := range []picture.Dialect{picture.Diffusers, picture.A1111} {
		names := allSamplers(d).Models[0].SamplerNames()
		if names[0] != "euler_a" || len(names) != len(allSamplers(d).Models[0].Samplers) {
			t.Errorf(
				"%s: got %d names from %s, want all of %d from the default",
				d,
				len(names),
				names[0],
				len(allSamplers(d).Models[0].Samplers),
			)
		}
		// A list of suggestions has room for 25: every sampler with its usual schedule must be among them.
		for _, name := range names {
			if _, schedule := sampler.SplitName(name); schedule == "" && !slices.Contains(names[:25], name) {
				t.Errorf("%s: %s is not among the first 25", d, name)
			}
		}
	}
}

func TestSampler(t *testing.T) {
	t.Parallel()
	ask := func(d picture.Dialect, name string) (Resolved, *Refusal) {
		return Resolve(Wanted{Prompt: "red boat", Sampler: &name}, allSamplers(d), 5)
	}
	t.Run("may be named as A1111 names it", func(t *testing.T) {
		t.Parallel()
		got, no := ask(picture.A1111, "DPM++ 2M SDE Karras")
		if no != nil || got.Spec.Sampler != "dpmpp_2m_sde_karras" || got.Spec.Dialect != picture.A1111 {
			t.Errorf("got %+v and %v", got.Spec, no)
		}
	})
	t.Run("takes the steps that the model's schedule needs", func(t *testing.T) {
		t.Parallel()
		card, name, two := allSamplers(picture.Diffusers).Models[0], "pndm", 2
		for want, traits := range map[int]sampler.Traits{2: {}, 4: {RungeKutta: true}} {
			card.Traits = traits
			got, no := Resolve(Wanted{Prompt: "red boat", Sampler: &name, Steps: &two}, only(card), 5)
			if no != nil || got.Spec.Steps != want {
				t.Errorf("%+v: got %d steps, %v, want %d", traits, got.Spec.Steps, no, want)
			}
		}
	})
	t.Run("brings its own number of steps", func(t *testing.T) {
		t.Parallel()
		got, no := ask(picture.Diffusers, "euler_ays")
		if no != nil || got.Spec.Steps != 10 || len(got.Notes) != 1 ||
			!strings.Contains(got.Notes[0].String(), "Euler Align Your Steps takes 10 steps") {
			t.Errorf("got %d steps, %q and %v; want 10 and a note", got.Spec.Steps, got.Notes, no)
		}
	})
	t.Run("for models of few steps takes no more than those", func(t *testing.T) {
		t.Parallel()
		few := allSamplers(picture.Diffusers)
		few.Models[0].Samplers, few.Models[0].Defaults.Sampler = []string{"lcm", "tcd"}, "lcm"
		got, no := Resolve(Wanted{Prompt: "red boat", Steps: new(60)}, few, 5)
		if no != nil || got.Spec.Steps != 50 || len(got.Notes) != 1 {
			t.Errorf("got %d steps, %q and %v; want 50 and a note", got.Spec.Steps, got.Notes, no)
		}
	})
	t.Run("of another dialect or for other models is refused", func(t *testing.T) {
		t.Parallel()
		for d, name := range map[picture.Dialect]string{picture.A1111: "pndm", picture.Diffusers: "lcm"} {
			if _, no := ask(d, name); no == nil || !strings.Contains(no.Error(), "Unknown sampler") ||
				len([]rune(no.Error())) > 600 {
				t.Errorf("%s, %s: got %v, want a short refusal", d, name, no)
			}
		}
	})
	t.Run("that is not offered any more is replaced, and that is said", func(t *testing.T) {
		t.Parallel()
		was, no := ask(picture.Diffusers, "ddim")
		if no != nil {
			t.Fatal(no)
		}
		spec, eta := was.Spec, 0.5
		spec.Sampler, spec.Eta = "tcd", &eta
		got, no := Repaint(spec, allSamplers(picture.Diffusers))
		if no != nil || got.Spec.Sampler != "euler_a" || got.Spec.Eta != nil || len(got.Notes) != 1 {
			t.Errorf("got %+v, %q and %v; want the default sampler without eta, and a note", got.Spec, got.Notes, no)
		}
	})
	t.Run("stays in its dialect until another is asked for", func(t *testing.T) {
		t.Parallel()
		was, no := ask(picture.Diffusers, "pndm")
		if no != nil {
			t.Fatal(no)
		}
		kept, no := Remix(Wanted{Prompt: "night sky"}, allSamplers(picture.A1111), was.Spec, 9)
		if no != nil || kept.Spec.Sampler != "pndm" || kept.Spec.Dialect != picture.Diffusers {
			t.Errorf("got %+v and %v, want pndm as it was", kept.Spec, no)
		}
		other, no := Remix(Wanted{Prompt: "night sky", Sampler: new("plms")}, allSamplers(picture.A1111), was.Spec, 9)
		if no != nil || other.Spec.Sampler != "plms" || other.Spec.Dialect != picture.A1111 {
			t.Errorf("got %+v and %v, want plms in its dialect", other.Spec, no)
		}
	})
	t.Run("keeps an eta it takes", func(t *testing.T) {
		t.Parallel()
		was, no := ask(picture.Diffusers, "ddim")
		if no != nil {
			t.Fatal(no)
		}
		spec, eta := was.Spec, 0.5
		spec.Eta = &eta
		got, no := Repaint(spec, allSamplers(picture.Diffusers))
		if no != nil || !reflect.DeepEqual(got.Spec, spec) {
			t.Errorf("got %+v and %v, want %+v", got.Spec, no, spec)
		}
	})
}
