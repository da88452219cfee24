//go:build cgo

package main

import (
	"encoding/json"
	"errors"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/admit"
	botcommand "darkroom/bot/command"
	"darkroom/config"
	"darkroom/render/folder"
	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
	"darkroom/render/request"
	"darkroom/render/tensor"
	"darkroom/store"
)

func TestFewSteps(t *testing.T) {
	t.Parallel()
	model, seven := *postcards(t), 7
	o := drawRequest{settings: config.Draw{Prompt: "a boat", FewSteps: true, Count: 1}, folder: &model}
	if err := o.resolve(t.Context()); err != nil || o.spec.Steps != 4 || o.spec.GuidanceScale != 3 ||
		o.spec.Sampler != "dpmpp_2m" {
		t.Errorf("got %+v, %v, want 4 steps of dpmpp_2m with guidance 3, as its card has it", o.spec, err)
	}
	o.settings.Steps = &seven
	if err := o.resolve(t.Context()); err != nil || o.spec.Steps != 7 || o.spec.Sampler != "dpmpp_2m" {
		t.Errorf("with --steps 7: got %+v, %v", o.spec, err)
	}
	model.Card.FewSteps = folder.Defaults{}
	if err := o.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "--few-steps: the model postcards") {
		t.Errorf("a card without: got %v, want the flag and the model", err)
	}
}

func TestRequestExpandsPrompt(t *testing.T) {
	t.Parallel()
	dir, seed, fog := t.TempDir(), int64(7), "{fog|fog}"
	if err := os.WriteFile(filepath.Join(dir, "ships.txt"), []byte("boat\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	words := func(prompt string) (drawRequest, error) {
		o := drawRequest{
			settings: config.Draw{Prompt: prompt, Negative: &fog, Seed: &seed, Wildcards: dir, Count: 1},
			folder:   postcards(t),
		}
		if err := o.expand(t.Context()); err != nil {
			return o, err
		}
		return o, o.resolve(t.Context())
	}
	o, err := words("a {red|blue} __ships__")
	if p := o.spec.Prompt; err != nil || p != "a red boat" && p != "a blue boat" || o.spec.Negative != "fog" ||
		o.spec.Seed != 7 {
		t.Errorf("got %q without %q, seed %d, %v, want a choice without fog", p, o.spec.Negative, o.spec.Seed, err)
	}
	for prompt, want := range map[string]string{
		"a {red, blue} boat": "2 prompts", "a __fleet__": "Try one of: __ships__",
	} {
		if _, err := words(prompt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", prompt, err, want)
		}
	}
}

// inkLoRA is a LoRA that both have.
func inkLoRA() []request.AddonCard {
	return []request.AddonCard{{Kind: picture.LoRA, Name: "ink", Hash: strings.Repeat("1", 64)}}
}

// announced is a model as the bot knows it, with a LoRA: as a renderer announces it and SQL remembers it.
func announced(t *testing.T, f *folder.Model) request.Available {
	t.Helper()
	var card request.Card
	if err := json.Unmarshal(cardJSON(t, f), &card); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(request.Available{Models: []request.Card{card}, Addons: inkLoRA()})
	if err != nil {
		t.Fatal(err)
	}
	var known request.Available
	if err := json.Unmarshal(text, &known); err != nil {
		t.Fatal(err)
	}
	return known
}

// TestDrawAgreesWithImagine gives the same words and settings to the shell and to the bot: the Specs are the same,
// byte for byte.
func TestDrawAgreesWithImagine(t *testing.T) {
	t.Parallel()
	dir, one, white := t.TempDir(), 1, filepath.Join(t.TempDir(), "white.png")
	writePNG(t, white, color.White)
	if err := os.WriteFile(filepath.Join(dir, "ships.txt"), []byte("boat\nrocket\nballoon\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	free := *postcards(t)
	free.Card = folder.Card{}
	for _, c := range []struct {
		prompt  string
		flags   []string              // of the command line
		options func(*request.Wanted) // the same of /imagine
	}{
		{prompt: "a red boat"},
		{prompt: "a red boat --ar 3:2 --no fog --seed 5"},
		{prompt: "a red boat --ar 16:9 --steps 12"},
		{prompt: "a red boat --aspect 4:1"},
		{prompt: "a red boat --ar 3:0 --seed 7"},
		{prompt: "a red boat --seed many --steps 9"},
		{prompt: "a red boat --seed -1"},
		{prompt: "a red boat --steps 500"},
		{prompt: "a red boat --tile"},
		{prompt: "a red boat --chaos 50 --v 6 --seed 3"},
		{prompt: "a red boat —no fog, rain —seed 8"},
		{prompt: "a red::2 boat::1 --seed 3"},
		{prompt: "(red:1.4) [boat:star:0.5] AND a moon :0.5 --steps 7"},
		{prompt: "a {red|blue|green} __ships__ --seed 11"},
		{prompt: "a {red|blue|green} {boat|star}"},
		{prompt: "a boat <lora:ink:0.8> --ar 1:1"},
		{prompt: "boat — a quiet one --seed 4"},
		{"a red boat --seed 9 --no fog", []string{"--seed", "3", "--negative", "rain"},
			func(w *request.Wanted) { w.Seed, w.Negative = new(int64(3)), new("rain") }},
		{"a red boat --steps 9 --ar 3:2", []string{"--steps", "7", "--size", "112x160"},
			func(w *request.Wanted) { w.Steps, w.Size = new(7), new("112x160") }},
		{"a red boat", []string{"--cfg", "99", "--seed", "-1"},
			func(w *request.Wanted) { w.GuidanceScale, w.Seed = new(99.), new(int64(-1)) }},
		{"a red boat", []string{"--cfg", "-2"}, func(w *request.Wanted) { w.GuidanceScale = new(-2.) }},
		{"a red boat --tile", []string{"--sampler", "DPM++ 2M Karras", "--emphasis", "no_norm", "--notation", "midjourney"},
			func(w *request.Wanted) {
				w.Sampler, w.Emphasis, w.Notation = new("DPM++ 2M Karras"), new("no_norm"), new("midjourney")
			}},
		{
			"a red boat --seed 2",
			[]string{"--init", white},
			func(w *request.Wanted) { w.Init = &request.Attachment{Name: white, Width: 16, Height: 16} },
		},
		{"a red boat --seed 2", []string{"--init", white, "--strength", "0.3"},
			func(w *request.Wanted) {
				w.Init, w.Strength = &request.Attachment{Name: white, Width: 16, Height: 16}, new(0.3)
			}},
		{"a red boat --seed 2 --resize fill", []string{"--init", white},
			func(w *request.Wanted) { w.Init = &request.Attachment{Name: white, Width: 16, Height: 16} }},
		{"a red boat --resize fill", []string{"--init", white, "--resize", "stretch"},
			func(w *request.Wanted) {
				w.Init, w.Resize = &request.Attachment{Name: white, Width: 16, Height: 16}, new("stretch")
			}},
		{"a red boat --fit fill", nil, nil},
		{"a red boat --fit fill", []string{"--init", white, "--fit", "crop"},
			func(w *request.Wanted) {
				w.Init, w.Resize = &request.Attachment{Name: white, Width: 16, Height: 16}, new("crop")
			}},
		{"a red boat --hires 2 --steps 4", nil, nil},
		{"a red boat --hires 2", []string{"--hires", "1.5"}, func(w *request.Wanted) { w.Hires = new(1.5) }},
	} {
		for name, f := range map[string]*folder.Model{"postcards": postcards(t), "a model without a card": &free} {
			args := append([]string{"draw", c.prompt, "--wildcards", dir}, c.flags...)
			settings, err := config.Load(
				config.Sources{Args: args, Getenv: func(string) string { return "" }, ReadFile: os.ReadFile},
			)
			if err != nil {
				t.Fatal(err)
			}
			o := drawRequest{
				settings: settings.Draw, folder: f, seed: 42, inputs: map[string][]byte{}, addons: inkLoRA(),
			}
			if err := errors.Join(o.expand(t.Context()), o.resolve(t.Context())); err != nil {
				t.Fatalf("%s, %q: %v", name, args, err)
			}
			w := request.Wanted{Prompt: c.prompt, Count: &one}
			if c.options != nil {
				c.options(&w)
			}
			rows, err := request.Expand(t.Context(), w, 42, 1, dynamic.Folder{FS: os.DirFS(dir)}, 20)
			if err != nil || len(rows) != 1 {
				t.Fatalf("%s, %q: got %+v, %v, want one request", name, c.prompt, rows, err)
			}
			r, no := admit.Judge(
				botcommand.Request{Place: botcommand.Place{Kind: "dm"}, Wanted: rows[0]},
				announced(t, f),
				store.Policy{},
				42,
			)
			if no != nil {
				t.Fatalf("%s, %q: the bot refuses: %v", name, c.prompt, no)
			}
			if r.PendingInit != nil { // as the bot copies it, see attachInput
				r.Spec.Init = &picture.Init{Picture: o.spec.Init.Picture, Strength: r.PendingInit.Strength}
			}
			got, errGot := o.spec.Encode()
			want, errWant := r.Spec.Encode()
			if errGot != nil || errWant != nil || string(got) != string(want) {
				t.Errorf("%s, %q:\ngot  %s, %v\nwant %s, %v", name, args, got, errGot, want, errWant)
			}
			for _, n := range o.notes {
				if !slices.Contains(r.NoteTexts(), n) {
					t.Errorf("%s, %q: the shell notes %q, the bot %q", name, args, o.notes, r.NoteTexts())
				}
			}
		}
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	t.Run("sides that the UNet cannot halve", func(t *testing.T) {
		t.Parallel()
		free := *postcards(t)
		free.Card.Sizes = nil
		o := drawRequest{
			settings: config.Draw{Prompt: "a boat", Size: &config.Size{Width: 128, Height: 136}, Count: 1},
			folder:   &free,
		}
		if err := o.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "128x136") ||
			!strings.Contains(err.Error(), "multiples of 16") {
			t.Errorf("got %v, want the size and the multiple", err)
		}
		o.settings.Size.Height = 144
		if err := o.resolve(t.Context()); err != nil {
			t.Errorf("a multiple of 16: %v", err)
		}
	})
	t.Run("latents that are no numbers", func(t *testing.T) {
		t.Parallel()
		path := filepath.Join(t.TempDir(), "latents.npy")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		latents := tensor.New(1, 4, 16, 16)
		latents.Data[3] = float32(math.NaN())
		if err := tensor.WriteNPY(f, latents); err != nil {
			t.Fatal(err)
		}
		model := postcards(t)
		model.Card.Defaults.Size = folder.Size{Width: 128, Height: 128}
		o := drawRequest{settings: config.Draw{Prompt: "a boat", Latents: path, Count: 1}, folder: model}
		if err := o.resolve(t.Context()); err == nil || !strings.Contains(err.Error(), "not finite numbers") {
			t.Errorf("got %v, want to hear of numbers that are not finite", err)
		}
	})
}

// TestDrawGivesEachPictureItsChoice: at the shell too, each picture draws its choices by its own seed.
func TestDrawGivesEachPictureItsChoice(t *testing.T) {
	t.Parallel()
	const words = "a {red|blue|green|grey} boat"
	seed := int64(7)
	o := drawRequest{settings: config.Draw{Prompt: words, Seed: &seed, Count: 6}, folder: postcards(t)}
	if err := errors.Join(o.expand(t.Context()), o.resolve(t.Context())); err != nil {
		t.Fatal(err)
	}
	first, second := o.part(0, 4), o.part(4, 2)
	if err := errors.Join(first.Validate(), second.Validate()); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for i := range 6 {
		got := first.Tile(i)
		if i >= 4 {
			got = second.Tile(i - 4)
		}
		rows, err := dynamic.Expand(t.Context(), []string{words, "", "", ""}, seed+int64(i), dynamic.Folder{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got.Seed != seed+int64(i) || got.Tiles != nil || got.Prompt != rows[0][0] {
			t.Errorf("picture %d: got %+v, want %q with seed %d", i+1, got, rows[0][0], seed+int64(i))
		}
		seen[got.Prompt] = true
	}
	if len(seen) < 2 {
		t.Errorf("got %v, want several colours", seen)
	}
}
