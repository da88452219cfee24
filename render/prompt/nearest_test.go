package prompt_test

import (
	"slices"
	"testing"

	"darkroom/render/prompt"
)

func TestNearestWords(t *testing.T) {
	t.Parallel()
	known := []string{
		"boat", "mountain", "moon", "night sky", "sun", "sunset", "house", "watercolour", "cat", "fog", "sea",
	}
	for unknown, want := range map[string][]string{
		"boats":       {"boat"},
		"bota":        {"boat"}, // two letters changed places
		"mount":       {"mountain"},
		"moonlight":   {"moon"},
		"sunny":       {"sun"},
		"suns":        {"sun", "sunset"},
		"watercolors": {"watercolour"},
		"nightsky":    {"night sky"},
		"zebra":       nil,
		"dog":         nil, // one letter from fog, and nothing like it
		"se":          nil,
		"猫":           nil,
		"":            nil,
	} {
		if got := prompt.NearestWords(known, unknown, 2); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", unknown, got, want)
		}
	}
}
