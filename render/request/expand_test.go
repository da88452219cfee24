package request

import (
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"darkroom/render/prompt/dynamic"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	ships := dynamic.Folder{FS: fstest.MapFS{"ships.txt": {Data: []byte("boat\n")}}}
	prompts := func(w Wanted, drawn int64) (all []string) {
		rows, err := Expand(t.Context(), w, drawn, ships, 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			all = append(all, row.Prompt)
		}
		return all
	}
	if got, want := prompts(Wanted{Prompt: "a {red, blue} __ships__ --seed 7"}, 1),
		[]string{"a red boat --seed 7", "a blue boat --seed 7"}; !slices.Equal(
		got,
		want,
	) {
		t.Errorf("got %q, want %q", got, want)
	}
	many := "{a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q|r|s|t|u|v|w|x|y|z}"
	chosen := prompts(Wanted{Prompt: many}, 7)[0]
	for name, w := range map[string]Wanted{
		"an option": {Prompt: many, Seed: new(int64(7))},
		"a preset":  {Prompt: many, Preset: &Preset{Settings: Wanted{Seed: new(int64(7))}}},
		"a flag":    {Prompt: many + " --seed 7"},
		"an option before all": {Prompt: many + " --seed 1", Seed: new(int64(7)),
			Preset: &Preset{Settings: Wanted{Seed: new(int64(2))}}},
		"a flag before presets": {Prompt: many + " --seed 7", Seed: new(int64(-1)),
			Preset: &Preset{Settings: Wanted{Seed: new(int64(2))}}},
	} {
		if got := prompts(w, 99)[0]; got[:1] != chosen {
			t.Errorf("the seed of %s: got %q, want %q", name, got, chosen)
		}
	}
	w := Wanted{
		Prompt:   "a",
		Negative: new("{x|x}"),
		Preset:   &Preset{Words: "{y|y}", Settings: Wanted{Negative: new("__ships__")}},
	}
	rows, err := Expand(t.Context(), w, 1, ships, 20)
	if err != nil || *rows[0].Negative != "x" || rows[0].Preset.Words != "y" ||
		*rows[0].Preset.Settings.Negative != "boat" ||
		w.Preset.Words != "{y|y}" {
		t.Errorf("got %+v, %v, want all texts expanded and the preset itself as it was", rows, err)
	}
	var unknown *dynamic.UnknownError
	if _, err := Expand(t.Context(), Wanted{Prompt: "__fleet__"}, 1, ships, 20); !errors.As(err, &unknown) {
		t.Errorf("got %v, want an unknown wildcard", err)
	}
	var tooMany *dynamic.TooManyError
	if _, err := Expand(t.Context(), Wanted{Prompt: "{a, b, c}"}, 1, ships, 2); !errors.As(err, &tooMany) {
		t.Errorf("got %v, want too many", err)
	}
}
