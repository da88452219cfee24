package request

import (
	"reflect"
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
		got, no := Upscale(base, 2, false, c.available)
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
	known := Size{Width: 160, Height: 112}
	for name, available := range map[string]Available{"a network": withNetwork, "Lanczos": postcards()} {
		got, no := Upscale(base, 2, true, available)
		want := picture.Upscale{Scale: 2, Steps: 20, Strength: creativeStrength, Tile: &known}
		if no != nil || !reflect.DeepEqual(*got.Spec.Upscale, want) {
			t.Errorf("creative after %s: got %+v, %v; want %+v", name, got.Spec.Upscale, no, want)
		}
	}
	if _, no := Upscale(base, 2, true, blind); no == nil || no.Hint != "Use the subtle upscale." {
		t.Errorf("creative with a model that cannot: got %v, want a refusal with the way out", no)
	}
	large := boat(t, anySize(), "512x512")
	large.Width = 4096
	if _, no := Upscale(large, 2, false, anySize()); no == nil {
		t.Error("a picture of 4096 pixels: got no refusal")
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
