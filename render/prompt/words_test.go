package prompt_test

import (
	"reflect"
	"slices"
	"testing"

	"darkroom/render/prompt"
)

func TestUnknownWords(t *testing.T) {
	t.Parallel()
	words := []string{"red", "Boat", "sea", "light blue", "artist", "well-made", "café"}
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"all known":                            {"a red boat on the sea", nil},
		"case does not count":                  {"A RED boat", nil},
		"punctuation does not count":           {"red, boat. (sea)! “boat”", nil},
		"brackets and weights do not count":    {"((red)) [boat:1.2] (sea:1.3) \\(a\\)", nil},
		"unknown words come once, in order":    {"a Dragon and a castle, DRAGON", []string{"dragon", "castle"}},
		"small words carry no picture":         {"An red boat beside the sea and under it", nil},
		"words of a longer entry are known":    {"a blue light", nil},
		"a possessive is known by its owner":   {"the artist's boat, the artist’s sea", nil},
		"a compound is known whole":            {"a well-made boat", nil},
		"or by its pieces":                     {"a red-blue boat", nil},
		"an unknown compound is named whole":   {"a sea-dragon, don't", []string{"sea-dragon", "don't"}},
		"numbers are no words":                 {"3 boat 1.5 red", nil},
		"a word with a digit is":               {"boat2", []string{"boat2"}},
		"BREAK is no word":                     {"red BREAK boat", nil},
		"tags are no words":                    {"red <lora:dragon:0.8> boat", nil},
		"weights do not cut words in two":      {"(bo:1.2)ot", []string{"bo", "ot"}},
		"accents count, their spelling not":    {"cafe\u0301 cafe", []string{"cafe"}},
		"other scripts are words":              {"日本 boat", []string{"日本"}},
		"an empty prompt has none":             {"", nil},
		"dashes and apostrophes alone are not": {"- -- ' '' red'", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := prompt.UnknownWords(words, tt.text); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Unknown(%q): got %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// TestEmojiAreWords: a model with a word list knows no pictograph, unless its list has it.
func TestEmojiAreWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"🚀🌙⭐":              {"🚀", "🌙", "⭐"},
		"a red boat 🚀, 🚀!": {"🚀"},
		"boat🚀boat":        {"🚀"},
		"👍🏽 ❤️ 👩‍🚀 🇩🇪🇯🇵":     {"👍🏽", "❤️", "👩‍🚀", "🇩🇪", "🇯🇵"},
		"a boat © 2026, 20°": nil,
		"(🌙:1.2) [⭐]":        {"🌙", "⭐"},
		"☃ in a boat":        nil,
	} {
		if got := prompt.UnknownWords([]string{"red", "boat", "☃"}, text); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
