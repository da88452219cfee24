//go:build cgo

package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/config"
	"darkroom/render/folder"
	"darkroom/render/tensor"
)

func TestFewSteps(t *testing.T) {
	t.Parallel()
	model, seven := *postcards(t), 7
	o := drawRequest{settings: config.Draw{Prompt: "a boat", FewSteps: true, Count: 1}, folder: &model}
	if err := o.resolve(); err != nil || o.spec.Steps != 4 || o.spec.GuidanceScale != 3 || o.spec.Sampler != "dpmpp_2m" {
		t.Errorf("got %+v, %v, want 4 steps of dpmpp_2m with guidance 3, as its card has it", o.spec, err)
	}
	o.settings.Steps = &seven
	if err := o.resolve(); err != nil || o.spec.Steps != 7 || o.spec.Sampler != "dpmpp_2m" {
		t.Errorf("with --steps 7: got %+v, %v", o.spec, err)
	}
	model.Card.FewSteps = folder.Defaults{}
	if err := o.resolve(); err == nil || !strings.Contains(err.Error(), "--few-steps: the model postcards") {
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
		o := drawRequest{settings: config.Draw{Prompt: prompt, Negative: &fog, Seed: &seed, Wildcards: dir, Count: 1}, folder: postcards(t)}
		if err := o.expand(t.Context()); err != nil {
			return o, err
		}
		return o, o.resolve()
	}
	o, err := words("a {red|blue} __ships__")
	if p := o.spec.Prompt; err != nil || p != "a red boat" && p != "a blue boat" || o.spec.Negative != "fog" || o.spec.Seed != 7 {
		t.Errorf("got %q without %q, seed %d, %v, want a choice without fog", p, o.spec.Negative, o.spec.Seed, err)
	}
	for prompt, want := range map[string]string{"a {red, blue} boat": "2 prompts", "a __fleet__": "There are: __ships__"} {
		if _, err := words(prompt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", prompt, err, want)
		}
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	t.Run("sides that the UNet cannot halve", func(t *testing.T) {
		t.Parallel()
		free := *postcards(t)
		free.Card.Sizes = nil
		o := drawRequest{settings: config.Draw{Prompt: "a boat", Size: &config.Size{Width: 128, Height: 136}, Count: 1}, folder: &free}
		if err := o.resolve(); err == nil || !strings.Contains(err.Error(), "128x136") || !strings.Contains(err.Error(), "multiples of 16") {
			t.Errorf("got %v, want the size and the multiple", err)
		}
		o.settings.Size.Height = 144
		if err := o.resolve(); err != nil {
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
		if err := o.resolve(); err == nil || !strings.Contains(err.Error(), "no finite numbers") {
			t.Errorf("got %v, want to hear of numbers that are not finite", err)
		}
	})
}
