package command_test

import (
	"maps"
	"slices"
	"testing"

	"darkroom/bot/command"
	"darkroom/render/request"
)

func TestDefaults(t *testing.T) {
	t.Parallel()
	want := []string{
		"model", "aspect_ratio", "size", "count", "steps", "guidance_scale", "sampler", "negative_prompt", "vae", "clip_skip",
		"tile", "hires", "notation", "emphasis",
	}
	if got := command.DefaultNames(); !slices.Equal(got, want) {
		t.Errorf("names: got %q, want %q", got, want)
	}
	all := map[string]string{
		"steps": "9", "size": "64x64", "seed": "7", "lora": "ink", "sampler": "", "aspect_ratio": "1:1",
	}
	if got := command.DefaultOptions(all); !maps.Equal(got, map[string]string{"steps": "9", "size": "64x64"}) {
		t.Errorf("defaults: got %v, want steps and size", got)
	}
	for name, c := range map[string]struct{ was, change, want map[string]string }{
		"of nothing": {nil, map[string]string{"steps": "9"}, map[string]string{"steps": "9"}},
		"another value": {
			map[string]string{"steps": "9", "vae": "a"}, map[string]string{"steps": "8"},
			map[string]string{"steps": "8", "vae": "a"},
		},
		"a shape in place of a size": {
			map[string]string{"size": "64x64"}, map[string]string{"aspect_ratio": "1:1"},
			map[string]string{"aspect_ratio": "1:1"},
		},
		"a size in place of a shape": {
			map[string]string{"aspect_ratio": "1:1"}, map[string]string{"size": "64x64"},
			map[string]string{"size": "64x64"},
		},
	} {
		before := maps.Clone(c.was)
		if got := command.WithDefaults(c.was, c.change); !maps.Equal(got, c.want) || !maps.Equal(c.was, before) {
			t.Errorf("%s: got %v of %v, want %v", name, got, c.was, c.want)
		}
	}
	p := command.Preference(request.FromPerson, map[string]string{"clip_skip": "2", "later": "x"}, "oil")
	if p.From != request.FromPerson || p.Suffix != "oil" || p.Settings.ClipSkip == nil || *p.Settings.ClipSkip != 2 {
		t.Errorf("preference: got %+v", p)
	}
}
