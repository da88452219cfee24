package request

import (
	"testing"

	"darkroom/render/prompt"
)

func TestFlagsOfARequest(t *testing.T) {
	t.Parallel()
	fog, wide, file := "fog, rain", "3:2", Attachment{URL: "https://cdn.discordapp.com/a.png"}
	fill, size := "fill", "160x112"
	for name, c := range map[string]struct {
		in   Wanted
		want string
	}{
		"flags as they were typed, in one order": {
			Wanted{Prompt: "a boat --seed 7 --no fog --ar 3:2 --no rain --tile"}, "--ar 3:2 --no fog, rain --seed 7 --tile",
		},
		"options become flags": {
			Wanted{Prompt: "a boat", Aspect: &wide, Negative: &fog, Steps: new(9)}, "--ar 3:2 --no fog, rain --steps 9",
		},
		"what has no flag is not one": {Wanted{Prompt: "a boat", Size: &size, Notation: new("a1111")}, ""},
		"numbers and words": {
			Wanted{
				Prompt: "a boat --q 0.5 --stop 60 --repeat 2", Count: new(2), GuidanceScale: new(3.5), ClipSkip: new(2),
				Emphasis: new("no_norm"), Sampler: new("Euler a"),
			},
			"--q 0.5 --stop 60 --cfg 3.5 --sampler Euler a --count 2 --clip-skip 2 --emphasis no-norm",
		},
		"a second pass":              {Wanted{Prompt: "a boat --hires 2"}, "--hires 2"},
		"no second pass":             {Wanted{Prompt: "a boat", Hires: new(1.)}, ""},
		"a weight without a picture": {Wanted{Prompt: "a boat --iw 2"}, ""},
		"a weight with a picture":    {Wanted{Prompt: "a boat --iw 2", Init: &file}, "--iw 2"},
		"any seed is none":           {Wanted{Prompt: "a boat", Seed: new(int64(-1))}, ""},
		"a preset is not asked for": {
			Wanted{Prompt: "a boat", Preset: &Preset{Settings: Wanted{Steps: new(9), Aspect: &wide}}}, "",
		},
		"a fit needs a picture":     {Wanted{Prompt: "a boat", Resize: &fill}, ""},
		"and stands with a picture": {Wanted{Prompt: "a boat", Resize: &fill, Init: &file}, "--fit fill"},
	} {
		res, no := Resolve(c.in, postcards(), 5)
		if no != nil || res.Flags != c.want {
			t.Errorf("%s: got %q, %v; want %q", name, res.Flags, no, c.want)
		}
		again, no := Resolve(Wanted{Prompt: "a boat " + res.Flags, Init: c.in.Init}, postcards(), 5)
		if no != nil || again.Flags != res.Flags {
			t.Errorf("%s: pasted back, got %q, %v; want %q", name, again.Flags, no, res.Flags)
		}
	}
	const all = "--ar 3:2 --no fog, rain --seed 7"
	if got, want := WithoutFlags(all, prompt.FlagSeed, prompt.FlagAspect), "--no fog, rain"; got != want {
		t.Errorf("without seed and aspect: got %q, want %q", got, want)
	}
	if got := WithoutFlags("", prompt.FlagSeed); got != "" {
		t.Errorf("without any: got %q", got)
	}
}
