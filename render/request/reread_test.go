package request

import (
	"reflect"
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
		got, no := reread(encode.ParseParameters(text), a)
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
	got, no := reread(encode.ParseParameters(encode.FormatParameters(spec, encode.Extra{})), withAddons())
	if no != nil || !reflect.DeepEqual(got.Spec, spec) {
		t.Errorf("got  %+v, %v\nwant %+v", got.Spec, no, spec)
	}
}

// reread resolves what the text in an image says about how it was made. What it does not say is the model's default. It
// holds the text to its promise: nothing that decides the image is lost in it.
func reread(p encode.Parameters, available Available) (Resolved, *Refusal) {
	res, refusal := ResolveExact(rereadWanted(p), available, max(p.Seed, 0))
	if refusal != nil {
		return Resolved{}, refusal
	}
	s := &res.Spec
	if p.Dialect != "" {
		s.Dialect = p.Dialect
	}
	if p.Notation == "" {
		s.Notation = picture.NotationA1111
	}
	s.ClipSkip, s.Eta, s.Rescale, s.SeedDelta, s.SeedSize = p.ClipSkip, p.Eta, p.Rescale, p.SeedDelta, p.SeedSize
	s.Stop = p.Stop
	s.Variations, s.Init, s.Hires, s.Upscale, s.Upscaler = p.Variations, p.Init, p.Hires, p.Upscale, p.Upscaler
	if p.Reading == picture.ReadingV2 {
		s.Version = picture.PlainVersion
	}
	res.SettleVersion()
	return res, nil
}

// rereadWanted is what the text says, in the words of a request.
func rereadWanted(p encode.Parameters) Wanted {
	one := 1
	w := Wanted{Prompt: p.Prompt, Negative: &p.Negative, Count: &one}
	if p.Steps > 0 {
		w.Steps = &p.Steps
	}
	if _, said := p.Field("CFG scale"); said {
		w.GuidanceScale = &p.GuidanceScale
	}
	if p.Sampler != "" {
		w.Sampler = &p.Sampler
	}
	if p.Width > 0 && p.Height > 0 {
		w.Size = new(Size{Width: p.Width, Height: p.Height}.String())
	}
	if p.Model.Name != "" {
		w.Model = new(p.Model.Name + hashMark + p.Model.Hash)
	}
	if p.Dialect != "" { // this program would have said which
		w.VAE = &ownVAE[0]
	}
	if p.VAE != nil {
		w.VAE = new(p.VAE.Name + hashMark + p.VAE.Hash)
	}
	if p.Notation != "" {
		w.Notation = new(string(p.Notation))
	}
	if p.Emphasis != "" {
		w.Emphasis = new(string(p.Emphasis))
	}
	if p.Tiling {
		w.Tiling = &p.Tiling
	}
	return w
}
