package prompt_test

import (
	"fmt"
	"reflect"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// TestAddonUse holds A1111's reading of arguments: ExtraNetworkParams and ExtraNetworkLora.activate.
func TestAddonUse(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]prompt.AddonUse{
		"<lora:ink>":               {Kind: picture.LoRA, Name: "ink", Strength: 1},
		"<lora:ink:0.8>":           {Kind: picture.LoRA, Name: "ink", Strength: 0.8},
		"<lora:ink: -.5 >":         {Kind: picture.LoRA, Name: "ink", Strength: -0.5},
		"<lyco:ink:１.５>":           {Kind: picture.LoRA, Name: "ink", Strength: 1.5},
		"<lora:ink:0.5:1>":         {Kind: picture.LoRA, Name: "ink", Strength: 1, TextStrength: new(0.5)},
		"<lora:ink:te=0.5:unet=1>": {Kind: picture.LoRA, Name: "ink", Strength: 1, TextStrength: new(0.5)},
		"<lora:ink:unet=0.5>":      {Kind: picture.LoRA, Name: "ink", Strength: 0.5, TextStrength: new(1.)},
		"<lora:ink:te=0.5>":        {Kind: picture.LoRA, Name: "ink", Strength: 0.5},
		"<lora:ink:2:te=0.5>":      {Kind: picture.LoRA, Name: "ink", Strength: 0.5},
		"<lora:ink:0.5:0.5>":       {Kind: picture.LoRA, Name: "ink", Strength: 0.5},
		"<lora:ink:1:1:8>":         {Kind: picture.LoRA, Name: "ink", Strength: 1, Unread: []string{"8"}},
		"<lora:ink:1:dyn=8>":       {Kind: picture.LoRA, Name: "ink", Strength: 1, Unread: []string{"dyn=8"}},
		"<hypernet:fog:0.4>":       {Kind: picture.Hypernet, Name: "fog", Strength: 0.4},
		"<hypernet:fog>":           {Kind: picture.Hypernet, Name: "fog", Strength: 1},
		"<vae:clear>":              {Kind: picture.VAE, Name: "clear", Strength: 1},
		"<wildcard:x:1>":           {Name: "x", Strength: 1, Unread: []string{"1"}},
		"<lora::1>":                {Kind: picture.LoRA, Strength: 1},
	} {
		_, tags := prompt.Addons(tag)
		if got, err := tags[0].Use(); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", tag, got, err, want)
		}
	}
	for _, tag := range []string{
		"<lora:ink:strong>", "<lora:ink:nan>", "<lora:ink:te=inf>", "<hypernet:fog:1e999>", "<lora:ink:>",
	} {
		_, tags := prompt.Addons(tag)
		if got, err := tags[0].Use(); err == nil {
			t.Errorf("%s: got %+v, want an error", tag, got)
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	var got []string
	for _, u := range prompt.Networks(
		"<lora:a:0> b <lora:c:0> <vae:d> <hypernet:e> <lora:f:x> <lora:c:0:1> <g:h> <lora:i:1> <lora:i:0>") {
		got = append(got, fmt.Sprint(u.Name, u.Strength))
	}
	if want := []string{"c1", "e1", "c1"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParseAddon(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"ink": {"lora", "ink"}, "ink:0.8": {"lora", "ink"}, "hypernet:fog:1": {"hypernet", "fog"},
		"<lora:ink:0.8>": {"lora", "ink"}, "Style: Ink": {"lora", "Style"},
	} {
		if got := prompt.ParseAddon("lora", text); got.Kind != want[0] || got.Name != want[1] {
			t.Errorf("%q: got %+v, want %q", text, got, want)
		}
	}
}
