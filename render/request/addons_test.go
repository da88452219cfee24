package request

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// hashOf makes a hash that begins with some digits.
func hashOf(digits string) string { return digits + strings.Repeat("0", 64-len(digits)) }

// withAddons offers two models of two families and add-ons of all kinds.
func withAddons() Available {
	a := Available{Models: []Card{
		{Name: "sd15", Hash: hashB, Family: "Stable Diffusion 1", Samplers: []string{"ddim"}, ImageToImage: true},
		{Name: "xl", Hash: hashA, Family: "SDXL", Samplers: []string{"ddim"}},
		{Name: "refiner", Hash: hashOf("fedcba"), Family: "SDXL refiner", Samplers: []string{"ddim"}},
	}}
	for _, c := range []AddonCard{
		{Kind: picture.LoRA, Name: "ink", Hash: hashOf("11111111111111")},
		{Kind: picture.LoRA, Name: "Ink Wash", Alias: "inkwash_v2", Hash: hashOf("222222"), Short: "abcdefabcdef"},
		{Kind: picture.LoRA, Name: "styles/oil", Alias: "paint", Hash: hashOf("333333")},
		{Kind: picture.LoRA, Name: "chalk", Alias: "paint", Hash: hashOf("444444")},
		{Kind: picture.LoRA, Name: "both", Hash: hashOf("555555"), Families: []string{"Stable Diffusion 1"}},
		{Kind: picture.LoRA, Name: "both", Hash: hashOf("666666"), Families: []string{"SDXL"}},
		{Kind: picture.LoRA, Name: "large", Hash: hashOf("777777"), Families: []string{"SDXL"}},
		{Kind: picture.LoRA, Name: "twice", Hash: hashOf("888888")},
		{Kind: picture.LoRA, Name: "twice", Hash: hashOf("999999")},
		{Kind: picture.LoRA, Name: "bare", Hash: hashOf("aaaaaa"), NSFW: true},
		{Kind: picture.Hypernet, Name: "fog", Hash: hashOf("bbbbbb")},
		{Kind: picture.Embedding, Name: "bad-hands-5", Hash: hashOf("cccccc")},
		{Kind: picture.Embedding, Name: "things/kite", Hash: hashOf("dddddd")},
		{Kind: picture.Embedding, Name: "kite-xl", Hash: hashOf("eeeeee"), Families: []string{"SDXL"}},
		{Kind: picture.VAE, Name: "clear", Hash: hashOf("ffffff")},
	} {
		if len(c.Families) == 0 && c.Name != "chalk" { // of which nothing is known
			c.Families = []string{"Stable Diffusion 1", "SDXL"}
		}
		a.Addons = append(a.Addons, c)
	}
	return a
}

// addonText writes the add-ons of a Spec in short: kind, name, the first digits of the hash, strengths.
func addonText(s picture.Spec) string {
	var all []string
	for _, a := range s.Addons {
		text := fmt.Sprintf("%s %s %s %g", a.Kind, a.Name, a.Hash[:2], a.Strength)
		if a.TextStrength != nil {
			text += fmt.Sprintf("/%g", *a.TextStrength)
		}
		all = append(all, text)
	}
	if s.VAE != nil {
		all = append(all, "vae "+s.VAE.Name+" "+s.VAE.Hash[:2])
	}
	return strings.Join(all, ", ")
}

func TestAddons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, prompt string
		more         Wanted
		safe         bool
		want         string // see addonText
		notes        []string
		refused      string // part of the refusal
		text         string // the Spec's prompt, if it is not the one typed
	}{
		{name: "none", prompt: "a boat"},
		{name: "a LoRA", prompt: "a boat <lora:ink:0.8>", want: "lora ink 11 0.8"},
		{name: "in any case, with its ending", prompt: "<LORA:INK.safetensors>", want: "lora ink 11 1"},
		{name: "strengths for two parts", prompt: "<lora:ink:te=0.5:unet=1>", want: "lora ink 11 1/0.5"},
		{name: "the same by place", prompt: "<lora:ink:0.5:1>", want: "lora ink 11 1/0.5"},
		{name: "LyCORIS's tag, and a hypernetwork", prompt: "<lyco:ink> <hypernet:fog:0.4>",
			want: "lora ink 11 1, hypernet fog bb 0.4"},
		{name: "by its alias", prompt: "<lora:INKWASH_v2>", want: "lora Ink Wash 22 1"},
		{name: "an alias of two means none", prompt: "<lora:paint>", refused: "There is no LoRA “paint”."},
		{name: "without its folder", prompt: "<lora:oil>", want: "lora styles/oil 33 1"},
		{name: "with its folder", prompt: `<lora:styles\oil>`, want: "lora styles/oil 33 1"},
		{name: "with a folder that is not told", prompt: "<lora:drawings/ink>", want: "lora ink 11 1"},
		{name: "with another folder", prompt: "<lora:other/oil>", refused: "There is no LoRA “other/oil”."},
		{name: "by digits of its hash", prompt: "<lora:twice@999999:2>", want: "lora twice 99 2"},
		{name: "by digits of A1111's hash", prompt: "<lora:renamed@ABCDEFAB>", want: "lora Ink Wash 22 1"},
		{name: "a name of two files", prompt: "<lora:twice>",
			refused: "2 different files are called “twice”. Say which: twice@8888880000 or twice@9999990000."},
		{name: "of which the one that fits counts", prompt: "<lora:both>", want: "lora both 55 1"},
		{name: "for the other model the other one", prompt: "<lora:both>", more: Wanted{Model: new("XL")},
			want: "lora both 66 1"},
		{name: "for another family", prompt: "<lora:large>", refused: "The LoRA “large” is for SDXL, and sd15 is a model " +
			"of Stable Diffusion 1. Choose another model: xl."},
		{name: "SDXL's for its refiner", prompt: "<lora:large>", more: Wanted{Model: new("refiner")},
			refused: "The LoRA “large” is for SDXL, and refiner is a model of SDXL refiner. Choose another model: xl."},
		{name: "nothing known of its family", prompt: "<lora:chalk>", more: Wanted{Model: new("xl")},
			want: "lora chalk 44 1"},
		{name: "unknown", prompt: "<lora:inkk:1>", refused: "There is no LoRA “inkk”. Did you mean ink"},
		{name: "like none", prompt: "<lora:zzz:1>", refused: "There is no LoRA “zzz”. None is called anything like it."},
		{name: "a hypernetwork is no LoRA", prompt: "<lora:fog>", refused: "There is no LoRA “fog”."},
		{name: "twice as A1111 does", prompt: "<lora:ink:1> <lora:ink:0.5>", want: "lora ink 11 0.5, lora ink 11 0.5"},
		{name: "strength 0 is none", prompt: "<lora:ink:0> <lora:gone:0>", want: ""},
		{name: "too strong", prompt: "<lora:ink:50>", want: "lora ink 11 10",
			notes: []string{"Strength of “ink” set to 10. Possible: -10 to 10."}},
		{name: "no number", prompt: "<lora:ink:much>", refused: `I cannot read <lora:ink:much>: the strength "much"`},
		{name: "dyn", prompt: "<lora:ink:1:dyn=8>", want: "lora ink 11 1",
			notes: []string{"<lora:ink:1:dyn=8>: dyn=8 was ignored."}},
		{name: "a tag that nobody knows", prompt: "<wildcard:x>", notes: []string{"<wildcard:x> was ignored. Known are"}},
		{name: "a negative prompt's tags", prompt: "a boat", more: Wanted{Negative: new("<lora:ink>")},
			notes: []string{"Ignored in the negative prompt: <lora:ink>."}},
		{name: "too many", prompt: strings.Repeat("<lora:ink>", 9),
			refused: "Too many LoRAs and hypernetworks: 9, at most 8."},
		{name: "an embedding", prompt: "a Kite", more: Wanted{Negative: new("(BAD-HANDS-5:1.2)")},
			want: "embedding kite dd 1, embedding bad-hands-5 cc 1"},
		{name: "as in ComfyUI", prompt: "embedding:things/kite.pt", want: "embedding kite dd 1"},
		{name: "unknown as in ComfyUI", prompt: "embedding:kita", refused: "There is no embedding “kita”. Did you mean kite"},
		{name: "for another family as in ComfyUI", prompt: "embedding:kite-xl",
			refused: "The embedding “kite-xl” is for SDXL"},
		{name: "an embedding for another family is words", prompt: "a kite-xl",
			notes: []string{"“kite-xl” is read as words: The embedding “kite-xl” is for SDXL"}},
		{name: "a part of a word is none", prompt: "kites"},
		{name: "a VAE", prompt: "a boat <vae:CLEAR.safetensors>", want: "vae clear ff"},
		{name: "an option before a tag", prompt: "<vae:clear>", more: Wanted{VAE: new("none")},
			notes: []string{"<vae:clear> was ignored"}},
		{name: "a VAE by option", prompt: "a boat", more: Wanted{VAE: new("clear")}, want: "vae clear ff"},
		{name: "an unknown VAE", prompt: "a boat", more: Wanted{VAE: new("cleer")}, refused: "There is no VAE “cleer”."},
		{name: "options become tags", prompt: "a boat --seed 3", more: Wanted{Addons: []string{"INK:0.7", "hypernet:fog"}},
			want: "lora ink 11 0.7, hypernet fog bb 1", text: "a boat <lora:ink:0.7> <hypernet:fog:1>"},
		{name: "an option by digits", prompt: "a boat", more: Wanted{Addons: []string{"ink@1111111111:0.5"}},
			want: "lora ink 11 0.5", text: "a boat <lora:ink:0.5>"},
		{name: "an option by digits that are needed", prompt: "", more: Wanted{Addons: []string{"twice@9999990000"}},
			want: "lora twice 99 1", text: "<lora:twice@9999990000:1>"},
		{name: "an option with two strengths", prompt: "a",
			more: Wanted{Addons: []string{"ink:0.5:1", "<lora:oil:te=0:unet=1>", " "}},
			want: "lora ink 11 1/0.5, lora styles/oil 33 1/0", text: "a <lora:ink:0.5:1> <lora:oil:0:1>"},
		{name: "an unknown option", prompt: "a", more: Wanted{Addons: []string{"nothing"}},
			refused: "There is no LoRA “nothing”."},
		{name: "of a preset", prompt: "a", more: Wanted{Preset: &Preset{Words: "<lora:oil:0.5>",
			Settings: Wanted{Addons: []string{"ink"}, VAE: new("clear"), Model: new("xl")}}},
			want: "lora styles/oil 33 0.5, lora ink 11 1, vae clear ff", text: "a, <lora:oil:0.5> <lora:ink:1>"},
		{name: "marked as NSFW", prompt: "<lora:bare>", want: "lora bare aa 1"},
		{name: "marked as NSFW, elsewhere", prompt: "<lora:bare>", safe: true,
			refused: "The LoRA “bare” may be used in age-restricted channels only."},
		{name: "nor named there", prompt: "<lora:bar>", safe: true, refused: "None is called anything like it."},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, a := c.more, withAddons()
			w.Prompt, w.Count, a.Safe = c.prompt, new(1), c.safe
			got, no := Resolve(w, a, 3)
			if c.refused != "" {
				if no == nil || !strings.Contains(no.Error(), c.refused) {
					t.Fatalf("got %v, %v, want the refusal %q", got.Spec.Addons, no, c.refused)
				}
				return
			}
			if no != nil {
				t.Fatalf("refused: %v", no)
			}
			text := c.text
			if text == "" {
				text = c.prompt
			}
			if has := addonText(got.Spec); has != c.want || got.Spec.Prompt != text {
				t.Errorf("got %q of %q, want %q of %q", has, got.Spec.Prompt, c.want, text)
			}
			if !reflect.DeepEqual(len(got.Notes), len(c.notes)) {
				t.Fatalf("notes: got %q, want %q", got.Notes, c.notes)
			}
			for i, part := range c.notes {
				if !strings.Contains(got.Notes[i].String(), part) {
					t.Errorf("note: got %q, want %q in it", got.Notes[i].String(), part)
				}
			}
			if err := got.Spec.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestAddonVersions: an add-on alone needs no newer version, strengths in two parts do.
func TestAddonVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"<lora:ink>": 2, "a kite": 2, "<lora:ink:0.5:1>": 3, "<vae:clear>": 3} {
		if got, no := Resolve(Wanted{Prompt: text}, withAddons(), 3); no != nil || got.Spec.Version != want {
			t.Errorf("%s: got version %d, %v, want %d", text, got.Spec.Version, no, want)
		}
	}
}

// TestAddonsOfTiles: as in A1111 the first prompt's tags count for all, and embeddings of each.
func TestAddonsOfTiles(t *testing.T) {
	t.Parallel()
	w := Wanted{Prompt: "<lora:ink:0.5> a", Count: new(2), Tiles: []Wanted{{Prompt: "<lora:oil:1> a kite"}}}
	got, no := Resolve(w, withAddons(), 3)
	if want := "lora ink 11 0.5, embedding kite dd 1"; no != nil || addonText(got.Spec) != want || len(got.Notes) != 1 ||
		!strings.Contains(got.Notes[0].String(), "Those of the first count for all") {
		t.Errorf("got %q with %q, %v, want %q", addonText(got.Spec), got.Notes, no, want)
	}
	w.Tiles[0].Prompt = "<lora:ink:0.5> a kite"
	if got, no := Resolve(w, withAddons(), 3); no != nil || got.Notes != nil {
		t.Errorf("the same tags: got %q, %v, want no note", got.Notes, no)
	}
}

// TestDerivedImagesKeepAddons: what a button makes of an image has its add-ons, or there is a sentence why not.
func TestDerivedImagesKeepAddons(t *testing.T) {
	t.Parallel()
	all := withAddons()
	const text = "a kite <lora:both:0.5> <hypernet:fog>"
	base, no := Resolve(Wanted{Prompt: text, Count: new(1), VAE: new("clear")}, all, 3)
	if no != nil {
		t.Fatal(no)
	}
	derive := map[string]func(a Available) (Resolved, *Refusal){
		"repaint": func(a Available) (Resolved, *Refusal) { return Repaint(base.Spec, a) },
		"upscale": func(a Available) (Resolved, *Refusal) { return Upscale(base.Spec, WantedUpscale{By: 2}, a) },
		"outpaint": func(a Available) (Resolved, *Refusal) {
			return Outpaint(base.Spec, Attachment{ContentType: "image/png"}, a)
		},
		"remix": func(a Available) (Resolved, *Refusal) { return Remix(Wanted{Prompt: text}, a, base.Spec, 5) },
	}
	for name, f := range derive {
		if got, no := f(all); no != nil || addonText(got.Spec) != addonText(base.Spec) {
			t.Errorf("%s: got %q, %v, want %q", name, addonText(got.Spec), no, addonText(base.Spec))
		}
		gone := all
		gone.Addons = all.Addons[:len(all.Addons)-1]
		got, no := f(gone)
		if no == nil {
			no = gone.Check(got.Spec)
		}
		if no == nil || no.Sentence.String() != "No renderer has the VAE “clear” now." {
			t.Errorf("%s without its VAE: got %v", name, no)
		}
		other := all
		other.Models = all.Models[1:]
		got, no = f(other)
		if note := "left out: the LoRA “both”, the hypernetwork “fog”, the embedding “kite” and the VAE “clear”."; name ==
			"repaint" && (no != nil || addonText(got.Spec) != "" ||
			!strings.Contains(strings.Join(got.NoteTexts(), " "), note)) {
			t.Errorf("%s by another model: got %q, %q, %v", name, addonText(got.Spec), got.Notes, no)
		}
	}
}

// TestRemixKeepsTheFile: of several files of one name a remix takes the one that the image has.
func TestRemixKeepsTheFile(t *testing.T) {
	t.Parallel()
	base, no := Resolve(Wanted{Prompt: "<lora:twice@999999:1>"}, withAddons(), 3)
	if no != nil {
		t.Fatal(no)
	}
	got, no := Remix(Wanted{Prompt: "a boat <lora:twice:0.3>"}, withAddons(), base.Spec, 5)
	if no != nil || addonText(got.Spec) != "lora twice 99 0.3" {
		t.Errorf("got %q, %v, want the file of the image", addonText(got.Spec), no)
	}
	withVAE, _ := Resolve(Wanted{Prompt: "a <vae:clear>"}, withAddons(), 3)
	if got, no := Remix(Wanted{Prompt: "a"}, withAddons(), withVAE.Spec, 5); no != nil || got.Spec.VAE != nil {
		t.Errorf("without the tag: got %q, %v, want the model's own VAE", addonText(got.Spec), no)
	}
}

func TestModelByName(t *testing.T) {
	t.Parallel()
	a := withAddons()
	a.Models = append(a.Models, Card{Name: "xl", Hash: hashOf("abc123"), Samplers: []string{"ddim"}})
	for asked, want := range map[string]string{
		"": hashB, "XL": hashA, "xl@abc1230000": hashOf("abc123"), "renamed@abc123": hashOf("abc123"),
		a.Models[len(a.Models)-1].ID(): hashOf("abc123"),
	} {
		got, no := Resolve(Wanted{Prompt: "a", Model: &asked}, a, 3)
		if no != nil || got.Spec.Model.Hash != want || got.Card.Hash != want {
			t.Errorf("%q: got %+v, %v, want %s", asked, got.Spec.Model, no, want)
		}
	}
	a.Models[0].Guess = "sd15 is taken for a Turbo model, because of its name."
	if got, no := Resolve(Wanted{Prompt: "a", Model: new("sd15")}, a, 3); no != nil ||
		!reflect.DeepEqual(got.NoteTexts(), []string{a.Models[0].Guess}) {
		t.Errorf("a guess: got %q, %v, want it told", got.Notes, no)
	}
	if got, _ := Resolve(Wanted{Prompt: "a"}, a, 3); got.Notes != nil {
		t.Errorf("a guess about the first model: got %q, want it told in Info only", got.Notes)
	}
	_, no := Resolve(Wanted{Prompt: "a", Model: new("sd14")}, a, 3)
	if no == nil || no.Error() != "There is no model “sd14”. Try sd15." {
		t.Errorf("an unknown model: got %v", no)
	}
}

// TestAddonIDs: an id in a tag means the same file, whatever its name has in it.
func TestAddonIDs(t *testing.T) {
	t.Parallel()
	for i, name := range []string{"ink", "a:b", "x>y", "#1 {style}", "my__style__", " spaced ", "", "v2@home",
		"a -- b", "日本"} {
		hash := hashOf(fmt.Sprintf("%08d", i))
		a := withAddons()
		a.Addons = []AddonCard{{Kind: picture.LoRA, Name: name, Hash: hash}, {Kind: picture.LoRA, Name: "other", Hash: hashA}}
		got, no := Resolve(Wanted{Prompt: "a", Addons: []string{a.Addons[0].ID() + ":0.5"}}, a, 3)
		if no != nil || len(got.Spec.Addons) != 1 || got.Spec.Addons[0].Hash != hash || got.Spec.Addons[0].Strength != 0.5 {
			t.Errorf("%q: got %+v, %v", name, got.Spec.Addons, no)
			continue
		}
		again, no := Resolve(Wanted{Prompt: got.Spec.Prompt}, a, 3)
		if no != nil || !reflect.DeepEqual(again.Spec.Addons, got.Spec.Addons) {
			t.Errorf("%q as %q: got %+v, %v again", name, got.Spec.Prompt, again.Spec.Addons, no)
		}
	}
}

// TestWordsOfAddonsAreKnown: a model that knows few words learns some from add-ons.
func TestWordsOfAddonsAreKnown(t *testing.T) {
	t.Parallel()
	a := withAddons()
	a.Models[0].Words = Words{"boat"}
	a.Addons[0].Triggers = []string{"ink drawing"}
	got, no := Resolve(Wanted{Prompt: "a boat and a embedding:kite, ink drawing <lora:ink>"}, a, 3)
	if no != nil || got.UnknownWords != nil {
		t.Errorf("got %q, %v, want none unknown", got.UnknownWords, no)
	}
	if got, _ := Resolve(Wanted{Prompt: "a boat, ink drawing"}, a, 3); len(got.UnknownWords) != 2 {
		t.Errorf("without the LoRA: got %q, want its words", got.UnknownWords)
	}
}

func TestMayName(t *testing.T) {
	t.Parallel()
	for _, c := range withAddons().Addons {
		w := Wanted{
			Prompt: "a <lora:INK:1>", Tiles: []Wanted{{Prompt: "<lora:inkwash_v2>"}}, VAE: new("clear.pt"),
			Addons: []string{"styles/oil:0.5", "hypernet:fog"},
		}
		want := c.Kind != picture.LoRA || c.Name == "ink" || c.Name == "Ink Wash" || c.Name == "styles/oil"
		if got := w.MayName(c); got != want {
			t.Errorf("%s %s: got %v, want %v", c.Kind, c.Name, got, want)
		}
		want = c.Kind == picture.LoRA || c.Kind == picture.Embedding
		if got := (Wanted{Prompt: "<lora:renamed@123456>"}).MayName(c); got != want {
			t.Errorf("%s %s, by digits: got %v", c.Kind, c.Name, got)
		}
	}
}

func BenchmarkResolveWithAddons(b *testing.B) {
	a := withAddons()
	for i := range 1000 {
		kind := []string{picture.LoRA, picture.Embedding}[i%2]
		c := AddonCard{Kind: kind, Name: fmt.Sprintf("style %d", i), Hash: hashOf(fmt.Sprintf("%08d", i))}
		a.Addons = append(a.Addons, c)
	}
	w := Wanted{Prompt: strings.Repeat("a boat, ", 200) + "style 7 <lora:style 8:1> <lora:style 10>"}
	for b.Loop() {
		if _, no := Resolve(w, a, 3); no != nil {
			b.Fatal(no)
		}
	}
}

// TestAddonsForAnotherTextEncoder: of one family, and made for text of another width. A word that an embedding happens
// to be called stays a word.
func TestAddonsForAnotherTextEncoder(t *testing.T) {
	t.Parallel()
	small := withAddons()
	small.Models[0].TextWidth = 768
	small.Addons = append(small.Addons,
		AddonCard{Kind: picture.Embedding, Name: "kite", Hash: strings.Repeat("1", 64), TextWidths: []int{128}},
		AddonCard{Kind: picture.LoRA, Name: "glass", Hash: strings.Repeat("2", 64), TextWidths: []int{128}},
		AddonCard{Kind: picture.Hypernet, Name: "sepia", Hash: strings.Repeat("3", 64), TextWidths: []int{128}},
		AddonCard{Kind: picture.Embedding, Name: "twin", Hash: strings.Repeat("4", 64)},
		AddonCard{Kind: picture.Embedding, Name: "twin", Hash: strings.Repeat("5", 64)},
		AddonCard{Kind: picture.Embedding, Name: "bare", Hash: strings.Repeat("6", 64), NSFW: true},
	)
	for _, text := range []string{"a kite", "a twin"} {
		got, no := Resolve(Wanted{Prompt: text}, small, 1)
		if no != nil || len(got.Spec.Addons) != 0 || len(got.Notes) != 1 ||
			!strings.Contains(got.Notes[0].String(), "read as words") {
			t.Errorf("%s: got %v, notes %q, %v, want words and a note", text, got.Spec.Addons, got.Notes, no)
		}
	}
	safe := small
	safe.Safe = true
	if got, no := Resolve(Wanted{Prompt: "a bare tree"}, safe, 1); no != nil || len(got.Spec.Addons)+len(got.Notes) != 0 {
		t.Errorf("an NSFW embedding's name: got %v, notes %q, %v, want words", got.Spec.Addons, got.Notes, no)
	}
	for _, text := range []string{"a embedding:kite", "<lora:glass:1> a", "<hypernet:sepia:1> a"} {
		if _, no := Resolve(Wanted{Prompt: text}, small, 1); no == nil ||
			!strings.Contains(no.Sentence.String(), "another text encoder") {
			t.Errorf("%s: got %v, want a refusal", text, no)
		}
	}
	small.Models[0].TextWidth = 128
	if got, no := Resolve(Wanted{Prompt: "a kite"}, small, 1); no != nil || len(got.Spec.Addons) != 1 {
		t.Errorf("where it fits: got %v, %v", got.Spec.Addons, no)
	}
}
