package request

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

func TestAnotherModelDropsUnsupported(t *testing.T) {
	t.Parallel()
	base, _ := Resolve(Wanted{Prompt: "red boat"}, postcards(), 5)
	s := base.Spec
	s.Tiling, s.ClipSkip, s.Rescale = true, 3, 0.5
	o := anySize()
	o.Models[0].Dialect, o.Models[0].Samplers = picture.A1111, []string{"euler"}
	o.Models[0].Tiling, o.Models[0].SkippableLayers = new(false), new(1)
	got, no := Repaint(s, o)
	if no != nil || got.Spec.Tiling || got.Spec.ClipSkip != 0 || got.Spec.Rescale != 0 || len(got.Notes) != 4 {
		t.Errorf("got %+v, %v; want none of the three, and a note for each beside the model's", got, no)
	}
	o.Models[0].Dialect, o.Models[0].Tiling, o.Models[0].SkippableLayers = picture.Diffusers, nil, new(2)
	got, no = Repaint(s, o)
	if no != nil || !got.Spec.Tiling || got.Spec.ClipSkip != 3 || got.Spec.Rescale != 0.5 {
		t.Errorf("a model that can: got %+v, %v; want all three kept", got, no)
	}
}

func TestUnsupportedTilingIsRefused(t *testing.T) {
	t.Parallel()
	o := postcards()
	o.Models[0].Tiling = new(false)
	if _, no := Resolve(Wanted{Prompt: "red boat", Tiling: new(true)}, o, 1); no == nil ||
		!strings.Contains(no.Sentence.String(), "tileable") {
		t.Errorf("got %v, want a refusal", no)
	}
	o.Models[0].Tiling = nil
	if _, no := Resolve(Wanted{Prompt: "red boat", Tiling: new(true)}, o, 1); no != nil {
		t.Errorf("a renderer that does not say: got %v, want it allowed", no)
	}
}

// TestModelsForAdults: a model that is marked as NSFW is neither chosen nor kept outside of age-restricted channels.
func TestModelsForAdults(t *testing.T) {
	t.Parallel()
	adult, plain := postcards().Models[0], postcards().Models[0]
	adult.Name, adult.Hash, adult.NSFW = "bare", strings.Repeat("b", 64), true
	both := Available{Models: []Card{adult, plain}}
	safe := both
	safe.Safe = true
	if got, no := Resolve(Wanted{Prompt: "boat"}, both, 1); no != nil || got.Spec.Model.Name != "bare" {
		t.Errorf("anything goes: got %q, %v, want the first model", got.Spec.Model.Name, no)
	}
	got, no := Resolve(Wanted{Prompt: "boat"}, safe, 1)
	if no != nil || got.Spec.Model.Name != plain.Name {
		t.Errorf("elsewhere: got %q, %v, want the first that may be used", got.Spec.Model.Name, no)
	}
	const want = "The model “bare” may be used in age-restricted channels only."
	if _, no := Resolve(Wanted{Prompt: "boat", Model: new("bare")}, safe, 1); no == nil || no.Sentence.String() != want {
		t.Errorf("by name: got %v, want a refusal", no)
	}
	if _, no := Resolve(Wanted{Prompt: "boat"}, Available{Models: []Card{adult}, Safe: true}, 1); no == nil ||
		no.Sentence.String() != want {
		t.Errorf("no other model: got %v, want a refusal", no)
	}
	old, _ := Resolve(Wanted{Prompt: "boat"}, both, 1)
	if _, no := Repaint(old.Spec, safe); no == nil || no.Sentence.String() != want {
		t.Errorf("a reroll: got %v, want a refusal", no)
	}
}

// TestSpecsHoldWhatACheckpointPredicts: a file beside it can change that, and an image must not change with it.
func TestSpecsHoldWhatACheckpointPredicts(t *testing.T) {
	t.Parallel()
	a := postcards()
	plain, _ := Resolve(Wanted{Prompt: "boat"}, a, 1)
	a.Models[0].Prediction, a.Models[0].ZeroSNR = picture.PredictsVelocity, true
	got, no := Resolve(Wanted{Prompt: "boat"}, a, 1)
	if no != nil || got.Spec.Prediction != picture.PredictsVelocity || !got.Spec.ZeroSNR || got.Spec.Version != 3 ||
		plain.Spec.Prediction != "" {
		t.Errorf("got %+v, %v, and %q of a folder", got.Spec, no, plain.Spec.Prediction)
	}
	a.Models[0].Prediction, a.Models[0].ZeroSNR = picture.PredictsEpsilon, false
	again, no := Repaint(got.Spec, a)
	if no != nil || again.Spec.Prediction != picture.PredictsVelocity || len(again.Notes) != 1 {
		t.Errorf("a reroll: got %q, %v, notes %q, want what it was and a note", again.Spec.Prediction, no, again.Notes)
	}
}

// TestSpecsHoldTheSchedule: a checkpoint's card decides it and may change; a reroll and a remix keep what an image had,
// and say so. A Spec that holds none, as earlier programs wrote them, gets today's.
func TestSpecsHoldTheSchedule(t *testing.T) {
	t.Parallel()
	before := &picture.Schedule{TrainSteps: 1000, BetaStart: 0.00085, BetaEnd: 0.012, BetaSchedule: "scaled_linear"}
	after := *before
	after.Spacing = "trailing"
	a := postcards()
	a.Models[0].Schedule = before
	for name, resolve := range map[string]func(Wanted, Available, int64) (Resolved, *Refusal){
		"a request": Resolve, "the shell": ResolveExact,
	} {
		if got, no := resolve(Wanted{Prompt: "boat"}, a, 1); no != nil || got.Spec.Version != 4 ||
			!reflect.DeepEqual(got.Spec.Schedule, before) || len(got.Notes) > 0 {
			t.Errorf("%s: got %+v, %v, want the card's schedule in version 4", name, got, no)
		}
	}
	old, _ := Resolve(Wanted{Prompt: "boat"}, a, 1)
	unsaid := old.Spec
	unsaid.Schedule, unsaid.Version = nil, 3
	a.Models[0].Schedule = &after
	remixed := func(s picture.Spec) (Resolved, *Refusal) { return Remix(Wanted{Prompt: "star"}, a, s, 2) }
	repainted := func(s picture.Spec) (Resolved, *Refusal) { return Repaint(s, a) }
	for name, c := range map[string]struct {
		again func(picture.Spec) (Resolved, *Refusal)
		spec  picture.Spec
		want  *picture.Schedule
		notes int
	}{
		"a reroll":              {repainted, old.Spec, before, 1},
		"a remix":               {remixed, old.Spec, before, 1},
		"a reroll of an older":  {repainted, unsaid, &after, 0},
		"a remix of an older":   {remixed, unsaid, &after, 0},
		"a reroll of elsewhere": {repainted, elsewhere(old.Spec), &after, 1},
	} {
		got, no := c.again(c.spec)
		if no != nil || !reflect.DeepEqual(got.Spec.Schedule, c.want) || len(got.Notes) != c.notes {
			t.Errorf(
				"%s: got %+v, %v, notes %q, want %+v and %d notes",
				name,
				got.Spec.Schedule,
				no,
				got.Notes,
				c.want,
				c.notes,
			)
		}
	}
}

// TestSpecsHoldTheVAE: which VAE a checkpoint takes lies beside it, so a Spec names it. What somebody chose goes first,
// and what an image has stays.
func TestSpecsHoldTheVAE(t *testing.T) {
	t.Parallel()
	own, chosen := &picture.Ref{Name: "boats.vae", Hash: strings.Repeat("7", 64)}, picture.Ref{
		Name: "clear", Hash: strings.Repeat("8", 64),
	}
	a := postcards()
	plain, _ := Resolve(Wanted{Prompt: "boat"}, a, 1)
	a.Models[0].VAE = own
	a.Addons = []AddonCard{{Kind: picture.VAE, Name: chosen.Name, Hash: chosen.Hash}}
	for name, c := range map[string]struct {
		wanted Wanted
		want   picture.Ref
	}{
		"a request":       {Wanted{Prompt: "boat"}, *own},
		"another VAE":     {Wanted{Prompt: "boat", VAE: new("clear")}, chosen},
		"a tag":           {Wanted{Prompt: "boat <vae:clear>"}, chosen},
		"the model's own": {Wanted{Prompt: "boat", VAE: new("none")}, *own},
	} {
		for way, resolve := range map[string]func(Wanted, Available, int64) (Resolved, *Refusal){
			"": Resolve, ", at the shell": ResolveExact,
		} {
			got, no := resolve(c.wanted, a, 1)
			if no != nil || got.Spec.VAE == nil || *got.Spec.VAE != c.want ||
				!slices.Equal(got.Spec.Needs(), []string{c.want.Hash}) {
				t.Errorf("%s%s: got %v, %v, want %v", name, way, got.Spec.VAE, no, c.want)
			}
		}
	}
	if plain.Spec.VAE != nil {
		t.Errorf("a model with its own: got %v, want none", plain.Spec.VAE)
	}
	old, _ := Resolve(Wanted{Prompt: "boat"}, a, 1)
	if no := a.Check(old.Spec); no != nil {
		t.Errorf("the model's own is here, got %v", no)
	}
	a.Models[0].VAE = &chosen
	for name, s := range map[string]picture.Spec{"a reroll": old.Spec, "a remix": old.Spec} {
		got, no := Repaint(s, a)
		if name == "a remix" {
			got, no = Remix(Wanted{Prompt: "star"}, a, s, 2)
		}
		if no != nil || *got.Spec.VAE != *own {
			t.Errorf("%s where the model takes another by now: got %v, %v, want %v", name, got.Spec.VAE, no, own)
		}
		const gone = "No renderer has the VAE “boats.vae” now."
		if no := a.Check(got.Spec); no == nil || no.Sentence.String() != gone {
			t.Errorf("%s: got %v, want %q", name, no, gone)
		}
	}
	if got, no := Repaint(plain.Spec, a); no != nil || *got.Spec.VAE != chosen {
		t.Errorf("an image of an earlier program: got %v, %v, want today's", got.Spec.VAE, no)
	}
	moved := elsewhere(old.Spec)
	moved.VAE = &chosen
	if got, no := Repaint(moved, a); no != nil || *got.Spec.VAE != chosen || len(got.Notes) != 1 {
		t.Errorf("another model with the same VAE: got %v, %v, %q, want it without a word", got.Spec.VAE, no, got.Notes)
	}
}

// elsewhere is a Spec of a model that is not here.
func elsewhere(s picture.Spec) picture.Spec {
	s.Model = picture.Ref{Name: "gone", Hash: strings.Repeat("9", 64)}
	return s
}
