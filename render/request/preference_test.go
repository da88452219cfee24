package request

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/prompt/dynamic"
)

// preferring is what a person and a server want, with a request for a boat.
func preferring(person, server Preference) Wanted {
	person.From, server.From = FromPerson, FromServer
	return Wanted{Prompt: "a boat", Preferences: []Preference{person, server}}
}

func TestPreferencesThatCannotBe(t *testing.T) {
	t.Parallel()
	no := false
	first := Card{
		Name: "tiny", Hash: strings.Repeat("a", 64), Samplers: []string{"ddim", "euler"}, Tiling: &no,
		Sizes: []Size{{Width: 64, Height: 64}, {Width: 96, Height: 64}},
	}
	adult := Card{Name: "adult", Hash: strings.Repeat("b", 64), Samplers: []string{"ddim"}, NSFW: true}
	vae := AddonCard{Kind: "vae", Name: "soft", Hash: strings.Repeat("c", 64)}
	available := Available{
		Models: []Card{first, adult}, Addons: []AddonCard{vae}, Safe: true,
		Renderers: [][]string{{first.Hash}, {adult.Hash, vae.Hash}},
	}
	for name, c := range map[string]struct {
		w    Wanted
		note string
		got  func(Resolved) any
		want any
	}{
		"a model that is gone": {
			preferring(Preference{Settings: Wanted{Model: new("old")}}, Preference{}),
			"The model “old” of /prefer is not available. tiny is used instead.",
			func(r Resolved) any { return r.Spec.Model.Name }, "tiny",
		},
		"a model that is gone, and the server's": {
			preferring(Preference{Settings: Wanted{Model: new("old")}}, Preference{Settings: Wanted{Model: new("tiny")}}),
			"The model “old” of /prefer is not available.",
			func(r Resolved) any { return r.Origins }, []Origin{{FromServer, []string{"model"}}},
		},
		"a model for age-restricted channels": {
			preferring(Preference{}, Preference{Settings: Wanted{Model: new("adult")}}),
			"The model “adult” of /settings may be used in age-restricted channels only. tiny is used instead.",
			func(r Resolved) any { return r.Spec.Model.Name }, "tiny",
		},
		"a sampler that the model lacks": {
			preferring(Preference{Settings: Wanted{Sampler: new("heun")}}, Preference{Settings: Wanted{Sampler: new("euler")}}),
			"The sampler “Heun” of /prefer was left out: tiny does not have it.",
			func(r Resolved) any { return r.Spec.Sampler }, "euler",
		},
		"a sampler in a suffix": {
			preferring(Preference{Suffix: "--sampler heun"}, Preference{}), "The sampler “Heun” of /prefer was left out",
			func(r Resolved) any { return r.Spec.Sampler }, "ddim",
		},
		"tiling": {
			preferring(Preference{}, Preference{Settings: Wanted{Tiling: new(true)}}),
			"Tiling was left out, which /settings asks for: tiny cannot generate tileable images.",
			func(r Resolved) any { return r.Spec.Tiling }, false,
		},
		"a VAE that no renderer has beside the model": {
			preferring(Preference{Settings: Wanted{VAE: new("soft")}}, Preference{}),
			"The VAE “soft” of /prefer was left out: it cannot be used with tiny now.",
			func(r Resolved) any { return r.Spec.VAE == nil }, true,
		},
		"a size that the model lacks": {
			preferring(Preference{Settings: Wanted{Size: new("900x600")}}, Preference{}), "The nearest, 96×64, is used.",
			func(r Resolved) any { return r.Spec.Width }, 96,
		},
		"too many steps": {
			preferring(Preference{Settings: Wanted{Steps: new(100000)}}, Preference{}), "Number of steps set to",
			func(r Resolved) any { return r.Spec.Steps < 1000 }, true,
		},
		"a LoRA in a suffix that is gone": {
			preferring(Preference{Suffix: "oil <lora:ink:1> --steps 5"}, Preference{}),
			"The suffix of /prefer was left out. There is no LoRA “ink”.",
			func(r Resolved) any { return []any{r.Spec.Prompt, r.Spec.Steps} }, []any{"a boat", 5},
		},
		"an embedding in a negative prompt that is gone": {
			preferring(Preference{}, Preference{Settings: Wanted{Negative: new("embedding:bad")}}),
			"The negative prompt of /settings was left out. There is no embedding “bad”.",
			func(r Resolved) any { return r.Spec.Negative }, "",
		},
		"an embedding in a suffix's --no that is gone": {
			preferring(Preference{Suffix: "--no embedding:bad"}, Preference{}), "The negative prompt of /prefer was left out.",
			func(r Resolved) any { return r.Spec.Negative }, "",
		},
		"words of another version": {
			preferring(Preference{Settings: Wanted{Notation: new("poem")}}, Preference{Settings: Wanted{Size: new("vast")}}),
			"The size “vast” of /settings was left out: I cannot read it.",
			func(r Resolved) any { return r.Notes[0].String() },
			"The notation “poem” of /prefer was left out: I cannot read it.",
		},
		"a wildcard that is gone": {
			preferring(Preference{Suffix: "__gone__ --steps 5", Unread: true}, Preference{}),
			"The suffix of /prefer was left out: its choices or wildcards cannot be read now.",
			func(r Resolved) any { return []any{r.Spec.Prompt, r.Spec.Steps} }, []any{"a boat", 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, refusal := Resolve(c.w, available, 1)
			if refusal != nil {
				t.Fatal(refusal)
			}
			if !strings.Contains(fmt.Sprint(got.Notes), c.note) {
				t.Errorf("notes: got %q, want %q in them", got.Notes, c.note)
			}
			if v := c.got(got); !reflect.DeepEqual(v, c.want) {
				t.Errorf("got %v, want %v", v, c.want)
			}
		})
	}
	t.Run("what is asked for is still refused", func(t *testing.T) {
		t.Parallel()
		if _, refusal := Resolve(Wanted{Prompt: "a boat", Sampler: new("heun")}, available, 1); refusal == nil {
			t.Error("a sampler that the model lacks was not refused")
		}
	})
	t.Run("no note about what another source sets", func(t *testing.T) {
		t.Parallel()
		w := preferring(Preference{Settings: Wanted{Sampler: new("heun"), Tiling: new(true)}}, Preference{})
		w.Sampler, w.Tiling = new("euler"), &no
		if got, refusal := Resolve(w, available, 1); refusal != nil || len(got.Notes) > 0 {
			t.Errorf("got %q, %v, want no notes", got.Notes, refusal)
		}
	})
}

func TestSuffix(t *testing.T) {
	t.Parallel()
	available := Available{Models: []Card{{Name: "m", Hash: strings.Repeat("a", 64), Samplers: []string{"ddim"}}}}
	w := preferring(Preference{Suffix: "oil on canvas --ar 3:2 --stop 500 --sref x --no text --spoiler"}, Preference{})
	w.Prompt, w.Preset = "a boat --no fog", &Preset{Words: "sea"}
	got, refusal := Resolve(w, available, 1)
	if refusal != nil {
		t.Fatal(refusal)
	}
	if s := got.Spec; s.Prompt != "a boat, sea, oil on canvas" || s.Width <= s.Height || s.Negative != "fog, text" ||
		!got.Spoiler {
		t.Errorf("got %+v", s)
	}
	if len(got.Notes) > 0 {
		t.Errorf("notes at every request: %q", got.Notes)
	}
	if got.Flags != "--no fog" {
		t.Errorf("flags: got %q, want those of the request alone", got.Flags)
	}
	want := []Origin{{FromPerson, []string{"aspect_ratio", "suffix"}}}
	if !reflect.DeepEqual(got.Origins, want) {
		t.Errorf("origins: got %v, want %v", got.Origins, want)
	}
	if text := FormatOrigins(want); text != "prefer:aspect_ratio,suffix" || !reflect.DeepEqual(ParseOrigins(text), want) {
		t.Errorf("origins as text: got %q, which reads as %v", text, ParseOrigins(text))
	}
	again, refusal := Remix(Wanted{Prompt: got.Spec.Prompt}, available, got.Spec, 2)
	if refusal != nil || again.Spec.Prompt != got.Spec.Prompt || len(again.Origins) > 0 {
		t.Errorf("a remix: got %q, %v, want the suffix once", again.Spec.Prompt, refusal)
	}
}

func TestExpandSuffix(t *testing.T) {
	t.Parallel()
	expand := func(w Wanted) []Wanted {
		all, err := Expand(t.Context(), w, 1, 1, dynamic.Wildcards(nil), 20)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	servers := Preference{Settings: Wanted{Negative: new("{a, b}")}}
	prefer := preferring(Preference{Suffix: "{oil, ink} --repeat 2"}, servers)
	all := expand(prefer)
	if len(all) != 8 {
		t.Fatalf("got %d requests, want 8: two suffixes and two negative prompts, twice", len(all))
	}
	if a, b := all[0].Preferences[0].Suffix, all[2].Preferences[0].Suffix; a == b || strings.Contains(a+b, "{") {
		t.Errorf("suffixes: got %q and %q", a, b)
	}
	if got := *prefer.Preferences[1].Settings.Negative; got != "{a, b}" {
		t.Errorf("the request itself was changed: %q", got)
	}
	prefer.Negative, prefer.Prompt = new("fog"), "a boat --repeat 1"
	if all := expand(prefer); len(all) != 2 {
		t.Errorf("got %d requests, want 2: neither the server's negative prompt nor --repeat of the suffix counts", len(all))
	}
	seeded := preferring(Preference{Suffix: "{red|blue|green|black} --seed 7"}, Preference{})
	first := expand(seeded)[0].Preferences[0].Suffix
	seeded.Preferences[0].Suffix, seeded.Prompt = "{red|blue|green|black}", "a boat --seed 7"
	if got := expand(seeded)[0].Preferences[0].Suffix + " --seed 7"; got != first {
		t.Errorf("choices by the seed of the suffix: got %q, want %q", first, got)
	}
}
