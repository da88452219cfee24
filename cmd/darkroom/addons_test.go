//go:build cgo

package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/bot/button"
	"darkroom/bot/sandbox"
	"darkroom/render/encode"
)

// addonsTest is a whole darkroom with the demo model and its add-ons, and a folder for more of them.
type addonsTest struct {
	*cluster
	models string
}

// startAddonsTest starts it and waits until it offers the demo's LoRA.
func startAddonsTest(t *testing.T) addonsTest {
	t.Helper()
	library(t)
	cl := newCluster(t, clusterOptions{realModels: true})
	a := addonsTest{cluster: cl, models: t.TempDir()}
	if err := os.Mkdir(filepath.Join(a.models, "loras"), 0o700); err != nil {
		t.Fatal(err)
	}
	cl.start("up", "up", "--data", cl.data, "--models", a.models, "--threads", "1")
	cl.waitOnline()
	cl.until("the demo's LoRA is offered", func() bool {
		return slices.Contains(a.suggested("lora", "glass"), "stained-glass")
	})
	return a
}

// suggested lists the names that autocomplete shows for what was typed, without strengths and trigger words.
func (a addonsTest) suggested(option, typed string) (names []string) {
	a.t.Helper()
	choices, err := a.Autocomplete(a.ctx(), a.home.Member.ID, a.home.Channel.ID, "imagine", option,
		sandbox.With("prompt", "a boat"), sandbox.With(option, typed))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, c := range choices {
		name, _, _ := strings.Cut(c.Name, " ×")
		names = append(names, name)
	}
	return names
}

// paint asks for one image with seed 5 and returns it with its message.
func (a addonsTest) paint(prompt string, options ...sandbox.Option) (sandbox.Message, painted) {
	a.t.Helper()
	options = append(options, sandbox.With("seed", 5), sandbox.With("count", 1))
	m := a.waitResult(a.ask(a.home.Member.ID, prompt, 2, options...))
	return m, a.painted(m)
}

// press presses a button of a message and waits for the images that it makes.
func (a addonsTest) press(m sandbox.Message, verb button.Verb) (sandbox.Message, painted) {
	a.t.Helper()
	next := a.waitResult(a.click(m, verb))
	return next, a.painted(next)
}

func (a addonsTest) click(m sandbox.Message, verb button.Verb) sandbox.Interaction {
	a.t.Helper()
	i, err := a.Click(a.home.Member.ID, m.ID, a.button(m, verb))
	if err != nil {
		a.t.Fatalf("press %s: %v", verb, err)
	}
	return i
}

// painted is the first image of a message: its pixels, and the text in its file.
type painted struct {
	pixels any
	text   encode.Parameters
}

func (a addonsTest) painted(m sandbox.Message) painted {
	a.t.Helper()
	file, err := a.Download(m.Files[0].ID)
	if err != nil {
		a.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		a.t.Fatal(err)
	}
	text, err := encode.ReadParameters(file)
	if err != nil {
		a.t.Fatal(err)
	}
	return painted{img, text}
}

// addons lists the add-ons that the text in an image's file names, each with 12 digits of its hash.
func (p painted) addons() (all []string) {
	for _, x := range p.text.Addons {
		if len(x.Hash) == 12 {
			all = append(all, x.Name)
		}
	}
	return all
}

func (a addonsTest) want(what string, p painted, addons ...string) {
	a.t.Helper()
	if got := p.addons(); !reflect.DeepEqual(got, addons) {
		a.t.Errorf("%s: the file names the add-ons %q, want %q", what, got, addons)
	}
}

// TestAddonsInTheWhole asks a whole darkroom for images with the demo's add-ons, in every way that people can, and
// works on them with every button.
func TestAddonsInTheWhole(t *testing.T) {
	t.Parallel()
	a := startAddonsTest(t)

	_, plain := a.paint("a red boat")
	a.want("no add-on", plain)
	glass, option := a.paint("a red boat", sandbox.With("lora", "stained-glass:0.8"))
	a.want("the option", option, "stained-glass")
	if reflect.DeepEqual(plain.pixels, option.pixels) {
		t.Error("the LoRA changes nothing")
	}
	if want := "a red boat <lora:stained-glass:0.8>"; option.text.Prompt != want {
		t.Errorf("the file says %q, want %q", option.text.Prompt, want)
	}
	if !strings.Contains(words(glass), "<lora:stained-glass:0.8>") {
		t.Errorf("the message says %q, want the LoRA as a tag", glass.Text())
	}
	_, off := a.paint("a red boat <lora:stained-glass:0>")
	if !reflect.DeepEqual(plain.pixels, off.pixels) {
		t.Error("strength 0 gives another image than no LoRA")
	}

	three := []string{"stained-glass", "kite", "sepia"}
	all, first := a.paint("<lora:stained-glass:1> <hypernet:sepia:0.7> kite")
	a.want("three kinds", first, three...)
	_, again := a.press(all, button.Reroll)
	a.want("reroll", again, three...)
	if reflect.DeepEqual(first.pixels, again.pixels) || first.text.Seed == again.text.Seed {
		t.Error("reroll gives the same image")
	}
	_, varied := a.press(all, button.Vary)
	a.want("vary", varied, three...)
	_, large := a.press(all, button.Upscale)
	a.want("upscale", large, three...)

	more := a.waitText(a.click(all, button.More), "More")
	info := words(a.waitText(a.click(more, button.Info), "Add-ons"))
	for _, want := range []string{"stained-glass ×1", "sepia ×0.7 (hypernetwork)", "kite (embedding)"} {
		if !strings.Contains(info, want) {
			t.Errorf("info says %q, want %q", info, want)
		}
	}
	form := a.click(all, button.Remix)
	a.until("the form opens", func() bool { i, _ := a.FindInteraction(form.ID); return i.Form != nil })
	changed := map[string]string{"prompt": "<lora:stained-glass:0.5> kite --steps 2"}
	sent, err := a.Submit(a.home.Member.ID, form.ID, changed)
	if err != nil {
		t.Fatal(err)
	}
	a.want("remix", a.painted(a.waitResult(sent)), "stained-glass", "kite")

	no := words(a.waitText(a.ask(a.home.Member.ID, "a boat <lora:stainedglass:1>", 2), "There is no LoRA"))
	if !strings.Contains(no, "“stainedglass”") || !strings.Contains(no, "Did you mean stained-glass?") {
		t.Errorf("an unknown LoRA: got %q, want the nearest name", no)
	}
}

// words is what a message says, without the signs that keep Discord from formatting it.
func words(m sandbox.Message) string { return strings.ReplaceAll(m.Text(), `\`, "") }

// TestLoRAComesAndGoes drops a LoRA into the folder of a running darkroom, uses it, and takes it away.
func TestLoRAComesAndGoes(t *testing.T) {
	t.Parallel()
	a := startAddonsTest(t)
	data, err := os.ReadFile("../../render/demo/addons/lora/stained-glass.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(a.models, "loras", "window.safetensors")
	// Spaces that JSON allows behind the header's last brace make it another file with the same weights.
	if err := os.WriteFile(path, padHeader(t, data), 0o600); err != nil {
		t.Fatal(err)
	}
	a.until("the new LoRA is offered", func() bool { return slices.Contains(a.suggested("lora", "win"), "window") })
	m, p := a.paint("a red boat", sandbox.With("lora", "window:0.8"))
	a.want("the new LoRA", p, "window")
	_, glass := a.paint("a red boat", sandbox.With("lora", "stained-glass:0.8"))
	if !reflect.DeepEqual(p.pixels, glass.pixels) {
		t.Error("the same weights under another name give another image")
	}

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	a.until("the LoRA is no longer offered", func() bool { return len(a.suggested("lora", "win")) == 0 })
	gone := a.waitText(a.click(m, button.Reroll), "No renderer has")
	if !strings.Contains(gone.Text(), "window") {
		t.Errorf("the reroll says %q, want the name of what is gone", gone.Text())
	}
}

// padHeader returns a safetensors file with eight more spaces behind its header.
func padHeader(t *testing.T, file []byte) []byte {
	t.Helper()
	n := int(file[0]) | int(file[1])<<8 | int(file[2])<<16
	padded := slices.Concat(file[:8+n], []byte("        "), file[8+n:])
	n += 8
	padded[0], padded[1], padded[2] = byte(n), byte(n>>8), byte(n>>16)
	return padded
}
