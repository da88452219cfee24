package picture

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// TilePrompt is what one tile shows, where the choices in a prompt gave the tiles different texts.
type TilePrompt struct {
	Prompt   string `json:"prompt"`
	Negative string `json:"negative,omitempty"`
}

// SetPrompts gives each tile its prompts. Where they are all the same, the Spec says them once.
func (s *Spec) SetPrompts(tiles []TilePrompt) {
	tiles = tiles[:min(len(tiles), s.Count)]
	if len(tiles) == 0 {
		return
	}
	s.Prompt, s.Negative, s.Tiles = tiles[0].Prompt, tiles[0].Negative, nil
	if slices.ContainsFunc(tiles, func(t TilePrompt) bool { return t != tiles[0] }) {
		s.Tiles = slices.Clone(tiles)
	}
}

// Prompts returns what each tile shows.
func (s Spec) Prompts() []TilePrompt {
	if len(s.Tiles) > 0 {
		return slices.Clone(s.Tiles)
	}
	return slices.Repeat([]TilePrompt{{s.Prompt, s.Negative}}, max(s.Count, 0))
}

// SetCount changes the number of tiles. Further ones show what the last one does.
func (s *Spec) SetCount(n int) {
	if len(s.Tiles) == 0 {
		s.Count = n
		return
	}
	tiles := s.Prompts()
	for len(tiles) < n {
		tiles = append(tiles, tiles[len(tiles)-1])
	}
	s.Count = n
	s.SetPrompts(tiles)
}

// validateTiles judges the prompts of the tiles. Prompt and Negative are those of the first, so that whoever shows one
// text shows a true one.
func (s Spec) validateTiles(f *faults) {
	if len(s.Tiles) == 0 {
		return
	}
	f.check(len(s.Tiles) == s.Count, "prompts of %d tiles, want %d", len(s.Tiles), s.Count)
	f.check(s.Tiles[0] == TilePrompt{s.Prompt, s.Negative}, "the first tile's prompts are not the Spec's")
	for i, t := range s.Tiles {
		validatePrompt(f, fmt.Sprintf("prompt of tile %d", i+1), t.Prompt)
		validatePrompt(f, fmt.Sprintf("negative prompt of tile %d", i+1), t.Negative)
	}
}

func validatePrompt(f *faults, name, text string) {
	n := utf8.RuneCountInString(text)
	f.check(n <= MaxPromptRunes, "%s: %d characters, at most %d", name, n, MaxPromptRunes)
	f.check(utf8.ValidString(text), "%s: not valid UTF-8", name) // JSON would change it, and the image with it
}
