package request

import (
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
)

var hashA, hashB = strings.Repeat("a", 64), strings.Repeat("b", 64)

func postcards() Available {
	return Available{Models: []Card{{
		Name: "postcards", Hash: hashA, Sizes: []Size{size(128, 128), size(160, 112), size(112, 160), size(176, 96),
			size(96, 176)},
		Samplers: []string{
			"ddim",
			"euler_a",
		}, Words: Words{"boat", "red", "night sky"}, Examples: []string{"a red boat", "two", "three", "four"},
		ImageToImage: true,
		Defaults:     Defaults{Size: size(128, 128), Steps: 20, GuidanceScale: 4.5, Sampler: "euler_a"},
	}}}
}

func anySize() Available {
	return Available{Models: []Card{{Name: "sd15", Hash: hashB, Samplers: []string{"ddim", "dpmpp_2m_karras"}}}}
}

// oneChunk offers the same model with room for one chunk of words.
func oneChunk() Available {
	o := postcards()
	o.Models[0].Chunks = 1
	return o
}

// multiplesOf offers a model of any size whose sides are multiples of m.
func multiplesOf(m int) func() Available {
	return func() Available {
		o := anySize()
		o.Models[0].Multiple = m
		return o
	}
}

func size(w, h int) Size { return Size{Width: w, Height: h} }

// resolveCase is one line of the table: what is wanted of which models, and what comes of it.
type resolveCase struct {
	name      string
	want      Wanted
	available func() Available

	spec    func(*picture.Spec) // how the Spec differs from the plain one
	notes   []string            // parts of the notes, in order
	refused string              // part of the refusal
}

func TestResolve(t *testing.T) {
	t.Parallel()
	plainSpec := picture.Spec{
		Version: picture.PlainVersion, Dialect: picture.Diffusers, Notation: picture.NotationA1111,
		Model:  picture.Ref{Name: "postcards", Hash: hashA},
		Prompt: "red boat", Width: 128, Height: 128, Seed: 42, Count: 4, Steps: 20, GuidanceScale: 4.5, Sampler: "euler_a",
	}
	for _, r := range []resolveCase{
		{name: "every default is resolved", want: Wanted{Prompt: "red boat"}},
		{name: "every option is taken", want: Wanted{Prompt: "red boat", Negative: new("fog"), Size: new("176x96"),
			Seed: new(int64(7)), Steps: new(9),
			GuidanceScale: new(2.5), Sampler: new("ddim"), Count: new(2)}, spec: func(s *picture.Spec) {
			s.Negative, s.Width, s.Height, s.Seed, s.Steps, s.GuidanceScale, s.Sampler, s.Count = "fog", 176, 96, 7, 9, 2.5,
				"ddim", 2
		}},
		{name: "flags at the end are taken", want: Wanted{Prompt: "red boat --ar 3:2 —no fog, rain --seed 9 --steps 5"},
			spec: func(s *picture.Spec) {
				s.Width, s.Height, s.Negative, s.Seed, s.Steps = 160, 112, "fog, rain", 9, 5
			}},
		{name: "an option beats a flag, and that is said", want: Wanted{Prompt: "red boat --seed 9", Seed: new(int64(3))},
			spec: func(s *picture.Spec) { s.Seed = 3 }, notes: []string{"--seed 9 was ignored"}},
		{name: "an unknown flag is named and left out", want: Wanted{Prompt: "red boat --chaos 50"},
			notes: []string{"Unknown flag --chaos 50 was ignored. Choices such as {red|blue} or --repeat"}},
		{name: "Midjourney's flags that can be honoured are", want: Wanted{Prompt: "red boat --q 0.5 --stop 60"},
			spec: func(s *picture.Spec) { s.Version, s.Steps, s.Stop = 4, 10, 60 }},
		{name: "a stop at the end is none", want: Wanted{Prompt: "red boat --stop 100 --quality 2"},
			spec: func(s *picture.Spec) { s.Steps = 40 }},
		{name: "own flags are taken",
			want: Wanted{Prompt: "red boat --cfg 2.5 --count 2 --emphasis no-norm " +
				"--notation midjourney --sampler ddim --clip-skip 2"},
			spec: func(s *picture.Spec) {
				s.GuidanceScale, s.Count, s.Emphasis, s.Notation = 2.5, 2, picture.EmphasisNoNorm, picture.NotationMidjourney
				s.Sampler, s.ClipSkip = "ddim", 2
			}},
		{name: "a flag for start images needs one", want: Wanted{Prompt: "red boat --iw 2"},
			notes: []string{"--iw was ignored: there is no start image"}},
		{name: "a clip skip that the model does not have is told", want: Wanted{Prompt: "red boat --clip-skip 12"},
			available: func() Available {
				all := postcards()
				all.Models[0].SkippableLayers = new(1)
				return all
			},
			notes: []string{"The clip skip was ignored"}},
		{name: "words that a model has no room for are told",
			want: Wanted{Prompt: strings.Repeat("red ", 76), Negative: new(strings.Repeat("fog ", 75))}, available: oneChunk,
			spec: func(s *picture.Spec) {
				s.Prompt, s.Negative = strings.Repeat("red ", 75)+"red", strings.Repeat("fog ", 75)
			},
			notes: []string{"postcards reads about the first 75 words of the prompt"}},
		{name: "a flag with a bad value is named and left out", want: Wanted{Prompt: "red boat --seed many"},
			notes: []string{"--seed many"},
			spec:  func(s *picture.Spec) {}},
		{name: "tile is a flag without value", want: Wanted{Prompt: "red boat --tile --seed 9"},
			spec: func(s *picture.Spec) { s.Tiling, s.Seed = true, 9 }},
		{name: "an option beats that flag, too", want: Wanted{Prompt: "red boat --tile", Tiling: new(false)},
			notes: []string{"--tile was ignored"}},
		{name: "weights behind :: are Midjourney's", want: Wanted{Prompt: "red::2 boat"},
			spec: func(s *picture.Spec) { s.Prompt, s.Notation = "red::2 boat", picture.NotationMidjourney }},
		{name: "unless somebody says that they are not", want: Wanted{Prompt: "red::2 boat", Notation: new("a1111")},
			spec: func(s *picture.Spec) { s.Prompt = "red::2 boat" }},
		{name: "a notation may be chosen", want: Wanted{Prompt: "red boat", Notation: new("midjourney")},
			spec: func(s *picture.Spec) { s.Notation = picture.NotationMidjourney }},
		{name: "an unknown notation is refused", want: Wanted{Prompt: "red boat", Notation: new("comfy")},
			refused: "Unknown notation “comfy”"},
		{name: "weights that leave nothing are refused", want: Wanted{Prompt: "red:: boat::-1"}, refused: "add up to 0"},
		{name: "an emphasis may be chosen", want: Wanted{Prompt: "red boat", Emphasis: new("no_norm")},
			spec: func(s *picture.Spec) { s.Emphasis = picture.EmphasisNoNorm }},
		{name: "an unknown emphasis is refused", want: Wanted{Prompt: "red boat", Emphasis: new("loud")},
			refused: "Unknown emphasis “loud”"},
		{name: "an aspect becomes the nearest size", want: Wanted{Prompt: "red boat", Aspect: new("16:9")},
			spec: func(s *picture.Spec) { s.Width, s.Height = 176, 96 }},
		{name: "an aspect far from all sizes is said", want: Wanted{Prompt: "red boat", Aspect: new("4:1")},
			spec:  func(s *picture.Spec) { s.Width, s.Height = 176, 96 },
			notes: []string{"postcards has no size of 4:1. The nearest, 176×96, is used"}},
		{name: "a size goes before an aspect", want: Wanted{Prompt: "red boat", Aspect: new("1:1"), Size: new("96×176")},
			spec: func(s *picture.Spec) { s.Width, s.Height = 96, 176 }, notes: []string{"aspect ratio 1:1 was ignored"}},
		{name: "a size that is not offered becomes the nearest by aspect",
			want: Wanted{Prompt: "red boat", Size: new("1024x1024")}, notes: []string{"does not have the size 1024×1024"}},
		{name: "a size that cannot be read is refused", want: Wanted{Prompt: "red boat", Size: new("wide")},
			refused: "Unknown size “wide”"},
		{name: "an aspect that cannot be read is refused", want: Wanted{Prompt: "red boat", Aspect: new("3:0")},
			refused: "Unknown aspect ratio"},
		{name: "numbers outside what is possible are clamped",
			want: Wanted{Prompt: "red boat", Steps: new(0), Count: new(9), GuidanceScale: new(99.),
				Seed: new(int64(picture.MaxSeed + 1))},
			spec: func(s *picture.Spec) { s.Steps, s.GuidanceScale, s.Seed = 1, 30, picture.MaxSeed },
			notes: []string{"Seed set to", "Number of steps set to 1. Possible: 1 to 150",
				"Number of images set to 4. Possible: 1 to 4", "set to 30. Possible: 0 to 30"}},
		{name: "a negative seed asks for any", want: Wanted{Prompt: "red boat", Seed: new(int64(-1))}},
		{name: "an unknown sampler is refused with the known ones", want: Wanted{Prompt: "red boat", Sampler: new("heun")},
			refused: "Try one of: Euler a, DDIM."},
		{name: "a prompt of nothing is possible", want: Wanted{Prompt: "  "}, spec: func(s *picture.Spec) { s.Prompt = "" }},
		{name: "a prompt of only flags, too", want: Wanted{Prompt: "--seed 3"},
			spec: func(s *picture.Spec) { s.Prompt, s.Seed = "", 3 }},
		{name: "too long a prompt is refused with the count", want: Wanted{Prompt: strings.Repeat("ü", 4001)},
			refused: "Prompt too long: 4,001 characters, at most 4,000"},
		{name: "too long a negative prompt is refused", want: Wanted{Prompt: "red boat",
			Negative: new(strings.Repeat("x", 4001))}, refused: "Negative prompt too long: 4,001"},
		{name: "a strength without a start picture is named", want: Wanted{Prompt: "red boat", Strength: new(0.5)},
			notes: []string{"there is no start image"}},
		{name: "a card that says nothing gets what people expect", want: Wanted{Prompt: "red boat", Aspect: new("3:2")},
			available: anySize, spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 640, 448, 7,
					"dpmpp_2m_karras"
			}},
		{name: "a model that says nothing takes multiples of 64", want: Wanted{Prompt: "red boat", Size: new("600x776")},
			available: anySize, notes: []string{"sd15 does not have the size 600×776. The nearest, 576×768, is used"},
			spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 576, 768, 7,
					"dpmpp_2m_karras"
			}},
		{name: "a model of any size takes the multiples it announces",
			want: Wanted{Prompt: "red boat", Size: new("520x776")}, available: multiplesOf(16),
			notes: []string{"does not have the size 520×776"},
			spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 528, 784, 7,
					"dpmpp_2m_karras"
			}},
		{name: "an aspect becomes such multiples, too", want: Wanted{Prompt: "red boat", Aspect: new("3:2")},
			available: multiplesOf(128), notes: []string{"The nearest, 640×384"}, spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 640, 384, 7,
					"dpmpp_2m_karras"
			}},
		{name: "a card's own size that cannot be painted is not the default", want: Wanted{Prompt: "red boat"},
			available: func() Available {
				o := anySize()
				o.Models[0].Defaults.Size = size(520, 520)
				return o
			}, spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 512, 512, 7,
					"dpmpp_2m_karras"
			}},
		{name: "four times the default's area is as it was asked for",
			want: Wanted{Prompt: "red boat", Size: new("1024x1024")}, available: anySize, spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 1024, 1024, 7,
					"dpmpp_2m_karras"
			}},
		{name: "a larger area is lowered to that", want: Wanted{Prompt: "red boat", Size: new("2048x2048")},
			available: anySize, notes: []string{"The nearest, 1024×1024"}, spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 1024, 1024, 7,
					"dpmpp_2m_karras"
			}},
		{name: "a size between two multiples becomes the nearest", want: Wanted{Prompt: "red boat", Size: new("515x770")},
			available: anySize, notes: []string{"does not have the size 515×770"},
			spec: func(s *picture.Spec) {
				s.Model, s.Width, s.Height, s.GuidanceScale, s.Sampler = picture.Ref{Name: "sd15", Hash: hashB}, 512, 768, 7,
					"dpmpp_2m_karras"
			}},
	} {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			o := postcards
			if r.available != nil {
				o = r.available
			}
			got, no := Resolve(r.want, o(), 42)
			if r.refused != "" {
				if no == nil || !strings.Contains(no.Error(), r.refused) {
					t.Fatalf("refusal: got %v, want %q in it", no, r.refused)
				}
				return
			}
			if no != nil {
				t.Fatalf("refused: %v", no)
			}
			want := plainSpec
			if r.spec != nil {
				r.spec(&want)
			}
			want.Version = max(picture.PlainVersion, want.FieldsVersion())
			if !reflect.DeepEqual(got.Spec, want) {
				t.Errorf("spec:\ngot  %+v\nwant %+v", got.Spec, want)
			}
			if len(got.Notes) != len(r.notes) {
				t.Fatalf("notes: got %q, want %d", got.Notes, len(r.notes))
			}
			for i, n := range r.notes {
				if !strings.Contains(got.Notes[i].String(), n) {
					t.Errorf("note %d: got %q, want %q in it", i, got.Notes[i].String(), n)
				}
			}
		})
	}
}

func TestInitImage(t *testing.T) {
	t.Parallel()
	picture := Attachment{ID: "1", URL: "https://x", ContentType: "image/png", Size: 1000, Width: 64, Height: 64}
	with := func(change func(*Attachment)) Wanted {
		a := picture
		change(&a)
		return Wanted{Prompt: "red boat", Init: &a}
	}
	got, no := Resolve(with(func(*Attachment) {}), postcards(), 1)
	if no != nil || got.PendingInit == nil || got.PendingInit.File != picture ||
		got.PendingInit.Strength != defaultStrength ||
		got.Spec.Init != nil {
		t.Errorf("a start picture: got %+v, %v; want it to be copied", got.PendingInit, no)
	}
	w := with(func(*Attachment) {})
	w.Strength = new(7.)
	if got, _ := Resolve(w, postcards(), 1); got.PendingInit.Strength != 1 || len(got.Notes) != 1 {
		t.Errorf("a strength of 7: got %g, notes %q; want 1 and a note", got.PendingInit.Strength, got.Notes)
	}
	for asked, want := range map[float64]float64{0: 0.01, -3: 0.01, 0.005: 0.01, 0.01: 0.01, 0.02: 0.02, 1: 1, 1.5: 1} {
		w.Strength = &asked
		got, no := Resolve(w, postcards(), 1)
		if no != nil || got.PendingInit.Strength != want || (len(got.Notes) == 1) != (asked != want) {
			t.Errorf("a strength of %g: got %+v, %q, %v, want %g", asked, got.PendingInit, got.Notes, no, want)
		}
	}
	for _, kind := range []string{"application/octet-stream", "", "image/jpeg; charset=binary"} {
		got, no := Resolve(with(func(a *Attachment) { a.ContentType = kind }), postcards(), 1)
		if no != nil || got.PendingInit == nil {
			t.Errorf("an image of type %q: got %v, want it to be looked into", kind, no)
		}
	}
	for name, c := range map[string]struct {
		change func(*Attachment)
		offer  Available
		says   string
	}{
		"no picture by its type": {func(a *Attachment) { a.ContentType = "application/pdf" }, postcards(),
			"is not an image file"},
		"an iPhone's photo": {func(a *Attachment) { a.ContentType = "image/HEIC" }, postcards(),
			"The start image is a HEIC photo, as iPhones take them."},
		"too many bytes": {func(a *Attachment) { a.Size = MaxInputBytes + 1 }, postcards(),
			"too large: 25.0 MB, at most 25 MB"},
		"too many pixels":            {func(a *Attachment) { a.Width, a.Height = 1<<20, 1<<20 }, postcards(), "too large"},
		"a model that cannot use it": {func(*Attachment) {}, anySize(), "cannot start from an image"},
	} {
		if _, no := Resolve(with(c.change), c.offer, 1); no == nil || !strings.Contains(no.Sentence.String(), c.says) {
			t.Errorf("%s: got %v, want %q", name, no, c.says)
		}
	}
}

// TestResolveExactAgrees sees that the same words and settings give the same Spec, byte for byte, at the shell and in
// a chat.
func TestResolveExactAgrees(t *testing.T) {
	t.Parallel()
	for _, w := range []Wanted{
		{Prompt: "red boat"},
		{Prompt: "red boat --ar 3:2 --no fog --seed 5"},
		{Prompt: "red boat --steps 500 --tile"},
		{Prompt: "red boat --ar 9:1 --chaos 5 --seed many"},
		{Prompt: "red::2 boat --steps 7"},
		{Prompt: "(red:1.3) boat, [fog:rain:0.5] —no snow"},
		{Prompt: "red boat --seed 9 --steps 3", Seed: new(int64(3)), Steps: new(12)},
		{Prompt: "red boat", Negative: new(""), Size: new("176x96"), Sampler: new("ddim"), Count: new(1)},
		{Prompt: "red boat", Seed: new(int64(-1)), GuidanceScale: new(99.)},
		{Prompt: "red boat", GuidanceScale: new(-3.), Notation: new("midjourney"), Emphasis: new("no_norm")},
		{Prompt: "red boat", Init: &Attachment{Name: "me.png"}},
		{Prompt: "red boat", Init: &Attachment{Name: "me.png"}, Strength: new(0.3)},
		{Prompt: "red boat", Tiling: new(true), Preset: &Preset{Words: "in oils",
			Settings: Wanted{Steps: new(5), Aspect: new("1:1")}}},
	} {
		for name, card := range map[string]Card{"sizes of its own": postcards().Models[0], "any size": anySize().Models[0]} {
			card.ImageToImage, card.Samplers = true, []string{"ddim", "dpmpp_2m_karras", "euler_a"}
			if w.Size != nil && len(card.Sizes) == 0 {
				continue // the size is not one that it paints
			}
			chat, chatRefusal := Resolve(w, only(card), 42)
			shell, shellRefusal := ResolveExact(w, only(card), 42)
			if chatRefusal != nil || shellRefusal != nil {
				t.Fatalf("%s, %+v: refused: %v, %v", name, w, chatRefusal, shellRefusal)
			}
			want, err := chat.Spec.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := shell.Spec.Encode(); err != nil || string(got) != string(want) {
				t.Errorf("%s, %q:\ngot  %s, %v\nwant %s", name, w.Prompt, got, err, want)
			}
			if !reflect.DeepEqual(shell.Notes, chat.Notes) || !reflect.DeepEqual(shell.PendingInit, chat.PendingInit) {
				t.Errorf(
					"%s, %q: got %q, %+v, want %q, %+v",
					name,
					w.Prompt,
					shell.Notes,
					shell.PendingInit,
					chat.Notes,
					chat.PendingInit,
				)
			}
		}
	}
}

func TestResolveExactTakesOptionsAsTheyAre(t *testing.T) {
	t.Parallel()
	w := Wanted{
		Prompt: "red boat --steps 500 --ar 1:1", Size: new("1024x1000"), Seed: new(int64(picture.MaxSeed + 1)), Steps: new(0),
		Sampler: new("magic"), Strength: new(2.), Init: &Attachment{},
	}
	got, no := ResolveExact(w, postcards(), 1)
	if no != nil {
		t.Fatal(no)
	}
	s := got.Spec
	if s.Width != 1024 || s.Height != 1000 || s.Seed != picture.MaxSeed+1 || s.Steps != 0 || s.Sampler != "magic" ||
		got.PendingInit.Strength != 2 {
		t.Errorf("got %+v with %+v, want what was asked for", s, got.PendingInit)
	}
	if len(got.Notes) != 2 {
		t.Errorf("got %q, want a note for each of the two flags", got.Notes)
	}
}

// only offers one model and no add-ons.
func only(card Card) Available { return Available{Models: []Card{card}} }
