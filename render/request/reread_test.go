package request

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/encode"
	"darkroom/render/picture"
)

// TestReread: the text in an image gives the Spec that it was made by.
func TestReread(t *testing.T) {
	t.Parallel()
	a := withAddons()
	for i := range a.Models { // of another model of the same name
		twin := Card{Name: a.Models[i].Name, Hash: hashOf("0123456789abcdef"), Samplers: []string{"ddim"}}
		a.Models = append(a.Models, twin)
	}
	for _, w := range []Wanted{
		{Prompt: "a boat"},
		{Prompt: "a boat <lora:INK:0.8>, (b:1.2)", Negative: new("fog"), Steps: new(7), GuidanceScale: new(3.5)},
		{Prompt: "a <lora:inkwash_v2:te=0.5:unet=1> <lyco:oil:-1> <hypernet:fog:0.5>"},
		{Prompt: "a <lora:twice@999999:1>"},
		{Prompt: "a <lora:ink:1> <lora:ink:0.5> <lora:gone:0> <lora:ink:50>"},
		{Prompt: "a", Addons: []string{"twice@8888880000:0.3", "hypernet:fog"}, VAE: new("clear")},
		{Prompt: "a <vae:clear>"},
		{Prompt: "a <vae:clear>", VAE: new("none")},
		{Prompt: "a kite, embedding:things/kite.pt", Negative: new("bad-hands-5")},
		{Prompt: "hot:: kite::2 <lora:ink>", Emphasis: new("no_norm"), Tiling: new(true)},
		{Prompt: "hot:: kite::2", Notation: new("a1111"), Model: new("xl@0123456789")},
		{Prompt: "猫AND狗 <lora:both:1>", Model: new("xl")},
	} {
		first, no := Resolve(w, a, 77)
		if no != nil {
			t.Fatalf("%q: %v", w.Prompt, no)
		}
		spec := first.Spec.Tile(0)
		text := encode.FormatParameters(spec, encode.Extra{Version: "darkroom test", Short: a.Short})
		got, no := Reread(encode.ParseParameters(text), a)
		if no != nil || !reflect.DeepEqual(got.Spec, spec) {
			t.Errorf("%s\ngot  %+v, %v\nwant %+v", text, got.Spec, no, spec)
		}
	}
}

// TestRereadRest: settings that no option has.
func TestRereadRest(t *testing.T) {
	t.Parallel()
	first, no := Resolve(Wanted{Prompt: "猫AND狗", Count: new(1)}, withAddons(), 77)
	if no != nil {
		t.Fatal(no)
	}
	spec := first.Spec
	spec.Version, spec.Reading = picture.ReadingVersion, picture.ReadingV2
	spec.ClipSkip, spec.Eta, spec.Rescale, spec.SeedDelta = 2, new(0.5), 0.7, 31337
	spec.SeedSize = &picture.Size{Width: 512, Height: 768}
	spec.Variations = []picture.Variation{{Seed: 1, Strength: 0.5}, {Seed: 2, Strength: 0.25}}
	spec.Hires = &picture.Hires{Scale: 2, Steps: 3, Strength: 0.5}
	spec.Upscale = &picture.Upscale{Scale: 2}
	got, no := Reread(encode.ParseParameters(encode.FormatParameters(spec, encode.Extra{})), withAddons())
	if no != nil || !reflect.DeepEqual(got.Spec, spec) {
		t.Errorf("got  %+v, %v\nwant %+v", got.Spec, no, spec)
	}
}

// TestRereadByHash: as in A1111, a file that has another name here is found by its hash, and by its name where no hash
// is known.
func TestRereadByHash(t *testing.T) {
	t.Parallel()
	const text = "a <lora:theirs:0.5> <lora:ink>\nSteps: 5, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, " +
		`Lora hashes: "theirs: abcdefabcdef, ink: 0123456789ab"`
	a := withAddons()
	a.Models[0].Samplers = []string{"euler_a"}
	got, no := Reread(encode.ParseParameters(text), a)
	if want := "lora Ink Wash 22 0.5, lora ink 11 1"; no != nil || addonText(got.Spec) != want {
		t.Errorf("got %q, %v, want %q", addonText(got.Spec), no, want)
	}
	if _, no := Reread(encode.ParseParameters(strings.Replace(text, "abcdefabcdef", "000", 1)), a); no == nil {
		t.Error("a name and a hash that nobody knows: want a refusal")
	}
}
