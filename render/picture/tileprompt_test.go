package picture_test

import (
	"reflect"
	"testing"

	"darkroom/render/picture"
)

func TestTilePrompts(t *testing.T) {
	t.Parallel()
	boats := []picture.TilePrompt{{Prompt: "a red boat", Negative: "fog"}, {Prompt: "a blue boat"}, {Prompt: "a red boat"}}
	s := plain()
	s.Version, s.Count = 3, 3
	s.SetPrompts(boats)
	if err := s.Validate(); err != nil || s.Prompt != "a red boat" || s.Negative != "fog" ||
		!reflect.DeepEqual(s.Prompts(), boats) {
		t.Fatalf("got %+v, %v, want the prompts of each tile", s, err)
	}
	two := s.Tile(1)
	if two.Prompt != "a blue boat" || two.Negative != "" || two.Tiles != nil || two.Seed != s.Seed+1 {
		t.Errorf("tile 2: got %+v, want its own prompt, seed and nothing of the others", two)
	}
	if again := two.Tile(0); !reflect.DeepEqual(again, two) {
		t.Errorf("a tile of a tile: got %+v, want %+v", again, two)
	}
	if v := two.Vary(9, 0.5, 4); v.Tile(3).Prompt != "a blue boat" {
		t.Errorf("a variation of tile 2: got %q", v.Tile(3).Prompt)
	}
	fewer := s
	if fewer.SetCount(2); fewer.Validate() != nil || len(fewer.Tiles) != 2 || len(s.Tiles) != 3 {
		t.Errorf("two of three: got %+v, %v", fewer, fewer.Validate())
	}
	if fewer.SetCount(1); fewer.Tiles != nil || fewer.Prompt != "a red boat" {
		t.Errorf("one of three: got %+v, want one prompt", fewer)
	}
	more := s
	if more.SetCount(4); more.Validate() != nil || more.Tile(3).Prompt != "a red boat" {
		t.Errorf("four of three: got %+v, %v", more, more.Validate())
	}
}

func TestSetPromptsOfOneText(t *testing.T) {
	t.Parallel()
	s := plain()
	s.Count = 2
	s.SetPrompts([]picture.TilePrompt{{Prompt: "x", Negative: "y"}, {Prompt: "x", Negative: "y"}, {Prompt: "beyond"}})
	if s.Tiles != nil || s.Prompt != "x" || s.Negative != "y" {
		t.Errorf("got %+v, want the prompts once", s)
	}
	if got := s.Prompts(); len(got) != 2 || got[1].Prompt != "x" {
		t.Errorf("got %v, want one for each tile", got)
	}
}
