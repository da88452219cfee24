package request

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/picture"
	"darkroom/render/prompt/dynamic"
)

func TestExpand(t *testing.T) {
	t.Parallel()
	ships := dynamic.Folder{FS: fstest.MapFS{"ships.txt": {Data: []byte("boat\n")}}}
	prompts := func(w Wanted, drawn int64) (all []string) {
		rows, err := Expand(t.Context(), w, drawn, 1, ships, 20)
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
	rows, err := Expand(t.Context(), w, 1, 1, ships, 20)
	if err != nil || *rows[0].Negative != "x" || rows[0].Preset.Words != "y" ||
		*rows[0].Preset.Settings.Negative != "boat" ||
		w.Preset.Words != "{y|y}" {
		t.Errorf("got %+v, %v, want all texts expanded and the preset itself as it was", rows, err)
	}
	var unknown *dynamic.UnknownError
	if _, err := Expand(t.Context(), Wanted{Prompt: "__fleet__"}, 1, 1, ships, 20); !errors.As(err, &unknown) {
		t.Errorf("got %v, want an unknown wildcard", err)
	}
	var tooMany *dynamic.TooManyError
	if _, err := Expand(t.Context(), Wanted{Prompt: "{a, b, c}"}, 1, 1, ships, 2); !errors.As(err, &tooMany) {
		t.Errorf("got %v, want too many", err)
	}
}

// TestTilesDrawByTheirSeeds: A1111's dynamic prompts draw anew for each picture of a batch, by seed + i.
func TestTilesDrawByTheirSeeds(t *testing.T) {
	t.Parallel()
	card := postcards().Models[0]
	w := Wanted{Prompt: "a {red|blue|green} boat --no {fog|rain}", Seed: new(int64(3)), Count: new(4)}
	rows, err := Expand(t.Context(), w, 1, 4, dynamic.Folder{}, 20)
	if err != nil || len(rows) != 1 || len(rows[0].Tiles) != 3 {
		t.Fatalf("got %+v, %v, want one request with the words of four tiles", rows, err)
	}
	res, refusal := Resolve(rows[0], only(card), 1)
	if refusal != nil {
		t.Fatal(refusal)
	}
	s := res.Spec
	if len(s.Tiles) != 4 || s.Version != 3 || s.Validate() != nil {
		t.Fatalf("got %+v, %v, want prompts of four tiles in version 3", s, s.Validate())
	}
	seen := map[string]bool{}
	for i := range 4 {
		one := w
		one.Seed, one.Count = new(int64(3+i)), new(1)
		alone, err := Expand(t.Context(), one, 1, 1, dynamic.Folder{}, 20)
		if err != nil {
			t.Fatal(err)
		}
		want, refusal := Resolve(alone[0], only(card), 1)
		if got := s.Tile(i); refusal != nil || got.Prompt != want.Spec.Prompt || got.Negative != want.Spec.Negative ||
			got.Seed != want.Spec.Seed {
			t.Errorf("tile %d: got %q without %q, want %q without %q", i+1, got.Prompt, got.Negative, want.Spec.Prompt,
				want.Spec.Negative)
		}
		seen[s.Tile(i).Prompt] = true
	}
	if len(seen) < 2 {
		t.Errorf("got %v, want several colours", seen)
	}
	two := rows[0]
	two.Count = new(2)
	if res, refusal := Resolve(two, only(card), 1); refusal != nil || len(res.Spec.Prompts()) != 2 {
		t.Errorf("two tiles: got %+v, %v", res.Spec, refusal)
	}
}

// TestTilesOfPermutations: each permutation has the tiles' own choices.
func TestTilesOfPermutations(t *testing.T) {
	t.Parallel()
	rows, err := Expand(t.Context(), Wanted{Prompt: "{a, b} {1|2|3|4|5}"}, 8, 4, dynamic.Folder{}, 20)
	if err != nil || len(rows) != 2 {
		t.Fatalf("got %+v, %v, want two", rows, err)
	}
	for i, lead := range []string{"a ", "b "} {
		for _, tile := range rows[i].Tiles {
			if !strings.HasPrefix(tile.Prompt, lead) {
				t.Errorf("a tile of %q: got %q", rows[i].Prompt, tile.Prompt)
			}
		}
	}
	if rows[0].Tiles[0].Prompt[2:] != rows[1].Tiles[0].Prompt[2:] {
		t.Errorf("got %q and %q, want the same choice in both", rows[0].Tiles[0].Prompt, rows[1].Tiles[0].Prompt)
	}
	uneven, err := Expand(t.Context(), Wanted{Prompt: "{{a, b}|c}"}, 8, 4, dynamic.Folder{}, 20)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range uneven {
		for _, tile := range row.Tiles {
			if !slices.Contains([]string{"a", "b", "c"}, tile.Prompt) {
				t.Errorf("got %q in %+v", tile.Prompt, row)
			}
		}
	}
	plain, err := Expand(t.Context(), Wanted{Prompt: "a boat"}, 8, 4, dynamic.Folder{}, 20)
	if err != nil || plain[0].Tiles != nil {
		t.Errorf("without choices: got %+v, %v, want nothing for tiles", plain, err)
	}
}

// TestTilesAreKept: a button that changes no words leaves each tile its own.
func TestTilesAreKept(t *testing.T) {
	t.Parallel()
	base, refusal := Resolve(Wanted{
		Prompt: "a red boat", Count: new(3), Tiles: []Wanted{{Prompt: "a blue boat"}, {Prompt: "a red boat --no fog"}},
	}, postcards(), 5)
	if refusal != nil || base.Spec.Tile(1).Prompt != "a blue boat" || base.Spec.Tile(2).Negative != "fog" {
		t.Fatalf("got %+v, %v", base.Spec, refusal)
	}
	s := base.Spec
	s.Seed = 9
	if got, refusal := Repaint(s, postcards()); refusal != nil || !reflect.DeepEqual(got.Spec.Tiles, s.Tiles) {
		t.Errorf("a reroll: got %+v, %v, want %+v", got.Spec.Tiles, refusal, s.Tiles)
	}
	tile, refusal := Repaint(s.Tile(1).Vary(3, 0.5, 4), postcards())
	if refusal != nil || tile.Spec.Prompt != "a blue boat" || tile.Spec.Tiles != nil ||
		tile.Spec.Version != picture.PlainVersion {
		t.Errorf("a variation of tile 2: got %+v, %v, want its words alone", tile.Spec, refusal)
	}
	for name, c := range map[string]struct {
		w    Wanted
		want []picture.TilePrompt
	}{
		"the same words": {Wanted{Prompt: "a red boat"}, s.Tiles},
		"another negative prompt": {Wanted{Prompt: "a red boat", Negative: new("rain")}, []picture.TilePrompt{
			{Prompt: "a red boat", Negative: "rain"}, {Prompt: "a blue boat", Negative: "rain"},
			{Prompt: "a red boat", Negative: "rain"},
		}},
		"fewer":  {Wanted{Prompt: "a red boat", Count: new(2)}, s.Tiles[:2]},
		"more":   {Wanted{Prompt: "a red boat", Count: new(4)}, append(s.Tiles[:3:3], s.Tiles[2])},
		"others": {Wanted{Prompt: "a star"}, nil},
		"new chance": {Wanted{Prompt: "a red boat", Tiles: []Wanted{{Prompt: "a star"}}, Count: new(2)},
			[]picture.TilePrompt{{Prompt: "a red boat"}, {Prompt: "a star"}}},
	} {
		got, refusal := Remix(c.w, postcards(), base.Spec, 7)
		if refusal != nil || !reflect.DeepEqual(got.Spec.Tiles, c.want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got.Spec.Tiles, refusal, c.want)
		}
	}
}

func TestExpandRepeats(t *testing.T) {
	t.Parallel()
	rows, err := Expand(t.Context(), Wanted{Prompt: "a {red, blue} boat --repeat 3"}, 100, picture.MaxCount, nil, 20)
	if err != nil || len(rows) != 6 {
		t.Fatalf("got %d prompts, %v, want 6", len(rows), err)
	}
	seeds := map[int64]int{}
	for _, row := range rows {
		res, refusal := Resolve(row, postcards(), 100)
		if refusal != nil || len(res.Notes) > 0 {
			t.Fatalf("got %v, notes %q", refusal, res.Notes)
		}
		seeds[res.Spec.Seed]++
	}
	if want := (map[int64]int{100: 2, 104: 2, 108: 2}); !reflect.DeepEqual(seeds, want) {
		t.Errorf("got seeds %v, want %v", seeds, want)
	}
	var many *dynamic.TooManyError
	if _, err := Expand(t.Context(), Wanted{Prompt: "a {red, blue} boat --r 11"}, 1, 1, nil, 20); !errors.As(err, &many) ||
		many.Count != 22 {
		t.Errorf("got %v, want to hear of 22 prompts", err)
	}
}
