package request

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"darkroom/render/picture"
)

// boat is a resolved Spec of a model at a size.
func boat(t *testing.T, available Available, at string) picture.Spec {
	t.Helper()
	res, no := Resolve(Wanted{Prompt: "red boat", Size: &at, Count: new(1)}, available, 5)
	if no != nil {
		t.Fatal(no)
	}
	return res.Spec
}

func TestUpscale(t *testing.T) {
	t.Parallel()
	network := &picture.Ref{Name: "postcards", Hash: hashB}
	withNetwork := postcards()
	withNetwork.Models[0].Upscaler = network
	blind := postcards()
	blind.Models[0].ImageToImage = false
	base := boat(t, postcards(), "160x112")
	for name, c := range map[string]struct {
		available Available
		upscaler  *picture.Ref
		want      picture.Upscale
	}{
		"the model's own network enlarges, and nothing is repainted": {withNetwork, network, picture.Upscale{Scale: 2}},
		"without one it is repainted in a size that the model knows": {
			postcards(), nil,
			picture.Upscale{Scale: 2, Steps: 20, Strength: repaintStrength, Tile: &Size{Width: 160, Height: 112}},
		},
		"a model that cannot begin with a picture repaints nothing": {blind, nil, picture.Upscale{Scale: 2}},
	} {
		got, no := Upscale(base, WantedUpscale{By: 2}, c.available)
		if no != nil || !reflect.DeepEqual(*got.Spec.Upscale, c.want) || !reflect.DeepEqual(got.Spec.Upscaler, c.upscaler) {
			t.Errorf("%s: got %+v by %+v, %v; want %+v", name, got.Spec.Upscale, got.Spec.Upscaler, no, c.want)
		}
		if got.Spec.Version != 3 || got.Spec.Hires != nil || got.Spec.Seed != base.Seed {
			t.Errorf("%s: got %+v, want version 3 of the same picture", name, got.Spec)
		}
	}
	if base.Upscale != nil || base.Version != 2 {
		t.Error("the Spec that was shown was changed")
	}
	creative, known := WantedUpscale{By: 2, Strength: new(CreativeStrength)}, Size{Width: 160, Height: 112}
	for name, available := range map[string]Available{"a network": withNetwork, "Lanczos": postcards()} {
		got, no := Upscale(base, creative, available)
		want := picture.Upscale{Scale: 2, Steps: 20, Strength: CreativeStrength, Tile: &known}
		if no != nil || !reflect.DeepEqual(*got.Spec.Upscale, want) {
			t.Errorf("creative after %s: got %+v, %v; want %+v", name, got.Spec.Upscale, no, want)
		}
	}
	if _, no := Upscale(base, creative, blind); no == nil || no.Hint.String() != "Use the subtle upscale." {
		t.Errorf("creative with a model that cannot: got %v, want a refusal with the way out", no)
	}
	large := boat(t, anySize(), "512x512")
	large.Width = 4096
	if _, no := Upscale(large, WantedUpscale{By: 2}, anySize()); no == nil {
		t.Error("a picture of 4096 pixels: got no refusal")
	}
}

// withUpscalers offers the demo model with two renderers: one has the upscalers, one a LoRA.
func withUpscalers() Available {
	a := postcards()
	a.Addons = []AddonCard{
		{Kind: picture.Upscaler, Name: "zebra", Hash: strings.Repeat("c", 64), Scale: 4},
		{Kind: picture.Upscaler, Name: "clean", Hash: strings.Repeat("d", 64), Scale: 1},
		{Kind: picture.Upscaler, Name: "sharp", Hash: strings.Repeat("e", 64), Scale: 4},
		{Kind: picture.Upscaler, Name: "bare", Hash: strings.Repeat("f", 64), Scale: 4, NSFW: true},
		{Kind: picture.Upscaler, Name: "postcards", Hash: strings.Repeat("1", 64), Scale: 2},
		{Kind: picture.Upscaler, Name: "elsewhere", Hash: strings.Repeat("2", 64), Scale: 2},
	}
	has := []string{hashA}
	for _, c := range a.Addons[:5] {
		has = append(has, c.Hash)
	}
	a.Renderers, a.Safe = [][]string{has, {hashA, strings.Repeat("3", 64)}}, true
	return a
}

func TestChosenUpscaler(t *testing.T) {
	t.Parallel()
	own := withUpscalers()
	own.Models[0].Upscaler = &picture.Ref{Name: "postcards", Hash: hashB}
	largest := withUpscalers()
	largest.Addons[0].Work, largest.Addons[1].Work, largest.Addons[2].Work = 20, 900, 20
	largest.Addons[3].Work, largest.Addons[4].Work, largest.Addons[5].Work = 900, 10, 900
	blind := withUpscalers()
	blind.Models[0].ImageToImage = false
	set := func(a Available, name string) Available { a.Upscaler = name; return a }
	base := boat(t, postcards(), "160x112")
	for _, c := range []struct {
		name      string
		available Available
		want      WantedUpscale
		upscaler  string // the name in the Spec, "" for Lanczos's filter
		strength  float64
		notes     int
		refusal   string
	}{
		{"the first of those alike that enlarge", withUpscalers(), WantedUpscale{By: 2}, "upscalers/postcards", 0, 0, ""},
		{"the largest that enlarges and may be used", largest, WantedUpscale{By: 2}, "sharp", 0, 0, ""},
		{"the operator's goes before it", set(withUpscalers(), "Zebra"), WantedUpscale{By: 2}, "zebra", 0, 0, ""},
		{"the operator wants none", set(withUpscalers(), "lanczos"), WantedUpscale{By: 2}, "", repaintStrength, 0, ""},
		{
			"the operator's is not here", set(withUpscalers(), "gone"), WantedUpscale{By: 2}, "upscalers/postcards", 0, 1, "",
		},
		{
			"the operator's is beside no model", set(withUpscalers(), "elsewhere"), WantedUpscale{By: 2}, "upscalers/postcards",
			0, 1, "",
		},
		{"the model's own goes before all", set(own, "zebra"), WantedUpscale{By: 2}, "postcards", 0, 0, ""},
		{"the model's own by its name", own, WantedUpscale{By: 2, Upscaler: "Postcards"}, "postcards", 0, 0, ""},
		{"another one by name", own, WantedUpscale{By: 3, Upscaler: " sharp "}, "sharp", 0, 0, ""},
		{"another one by its file", own, WantedUpscale{By: 2, Upscaler: "zebra.onnx"}, "zebra", 0, 0, ""},
		{"one that cleans", own, WantedUpscale{By: 2, Upscaler: "clean"}, "clean", 0, 0, ""},
		{"Lanczos by name", own, WantedUpscale{By: 1.5, Upscaler: "Lanczos"}, "", repaintStrength, 0, ""},
		{"Lanczos, and nothing repainted", own, WantedUpscale{By: 2, Upscaler: "none", Strength: new(0.)}, "", 0, 0, ""},
		{"creative", own, WantedUpscale{By: 2, Strength: new(CreativeStrength)}, "postcards", CreativeStrength, 0, ""},
		{"a size that cannot be repainted stays as it is", postcards(), WantedUpscale{By: 1.3}, "", 0, 0, ""},
		{"that size, creative", own, WantedUpscale{By: 1.3, Strength: new(0.3)}, "", 0, 0, "sides must be multiples of 8"},
		{"a model that cannot repaint", blind, WantedUpscale{By: 2, Strength: new(0.3)}, "", 0, 0, "cannot paint new detail"},
		{"too much repainting", own, WantedUpscale{By: 2, Strength: new(1.5)}, "", 0, 0, "strength of repainting 1.5"},
		{"not a number", own, WantedUpscale{By: 2, Strength: new(math.NaN())}, "", 0, 0, "Unknown strength"},
		{"an unknown one", own, WantedUpscale{By: 2, Upscaler: "shrap"}, "", 0, 0, "There is no upscaler “shrap”."},
		{"one for adults", own, WantedUpscale{By: 2, Upscaler: "bare"}, "", 0, 0, "age-restricted channels only"},
		{"no larger", own, WantedUpscale{By: 1}, "", 0, 0, "more than 1 and at most 4 times larger, not 1 times"},
		{"too large", own, WantedUpscale{By: 5}, "", 0, 0, "at most 4 times larger, not 5 times"},
		{"no factor", own, WantedUpscale{By: math.NaN()}, "", 0, 0, "at most 4 times larger"},
	} {
		got, no := Upscale(base, c.want, c.available)
		if c.refusal != "" {
			if no == nil || !strings.Contains(no.Sentence.String(), c.refusal) {
				t.Errorf("%s: got %v, want %q", c.name, no, c.refusal)
			}
			continue
		}
		if no != nil {
			t.Errorf("%s: got %v", c.name, no)
			continue
		}
		name, s := "", got.Spec
		if s.Upscaler != nil {
			name = s.Upscaler.Name
		}
		if name != c.upscaler || s.Upscale.Strength != c.strength || s.Upscale.Scale != c.want.By ||
			len(got.Notes) != c.notes {
			t.Errorf("%s: got %q, %+v, notes %q, want %q, %v, %d notes", c.name, name, s.Upscale, got.Notes, c.upscaler,
				c.strength, c.notes)
		}
		if no := c.available.Check(s); no != nil || s.Validate() != nil {
			t.Errorf("%s: got %v, %v", c.name, no, s.Validate())
		}
		alone, no := Enlarge(Resolved{Spec: base, Card: c.available.Models[0].WithDefaults()}, c.want, c.available)
		if no != nil || !reflect.DeepEqual(alone.Spec, s) {
			t.Errorf("%s at once: got %+v, %v, want %+v", c.name, alone.Spec, no, s)
		}
	}
}

func TestUpscalerNames(t *testing.T) {
	t.Parallel()
	a := withUpscalers()
	a.Models[0].Upscaler = &picture.Ref{Name: "postcards", Hash: hashB}
	a.Upscaler = "sharp"
	got := a.UpscalerNames(boat(t, postcards(), "160x112"))
	if want := []string{"postcards", "sharp", "zebra", Lanczos}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	a = withUpscalers()
	a.Upscaler, a.Safe = "zebra", false
	got = a.UpscalerNames(boat(t, postcards(), "160x112"))
	if want := []string{"zebra", "bare", "postcards", "sharp", Lanczos}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := postcards().UpscalerNames(boat(t, postcards(), "160x112")); !slices.Equal(got, []string{Lanczos}) {
		t.Errorf("none installed: got %q", got)
	}
}

// TestPartsOfUpscalers: one that is installed is a need of its own even where it is called like the model.
func TestPartsOfUpscalers(t *testing.T) {
	t.Parallel()
	got, no := Upscale(boat(t, postcards(), "160x112"), WantedUpscale{By: 2}, withUpscalers())
	if no != nil {
		t.Fatal(no)
	}
	parts := got.Spec.Parts()
	if len(parts) != 2 || parts[1].Kind != picture.Upscaler || parts[1].Hash != strings.Repeat("1", 64) {
		t.Errorf("got %v, want the model and the upscaler", parts)
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	fixed, free := postcards().Models[0].WithDefaults(), anySize().Models[0].WithDefaults()
	for _, c := range []struct {
		name     string
		card     Card
		at, want Size
	}{
		{"one of the model's sizes is its own window", fixed, size(176, 96), size(176, 96)},
		{"a picture that was panned", fixed, size(192, 128), size(128, 128)},
		{"one that was panned up", fixed, size(160, 168), size(160, 112)},
		{"one that is smaller than any", fixed, size(64, 64), size(128, 128)},
		{"any size near the default", free, size(512, 768), size(512, 768)},
		{"a size far above it", free, size(2048, 1024), size(704, 384)},
		{"a long one", free, size(1024, 256), size(1024, 256)},
	} {
		if got := c.card.window(c.at); got != c.want {
			t.Errorf("%s, %v: got %v, want %v", c.name, c.at, got, c.want)
		}
	}
}
