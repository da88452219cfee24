package message

import (
	"slices"
	"strings"

	"darkroom/render/picture"
)

// How much of a prompt is shown around what differs from tile to tile, in characters.
const (
	maxAround    = 200
	maxDifferent = 100 // of each tile
)

// PromptText is what a job shows. Where its tiles have prompts of their own, it lists what differs, in their order and
// as a choice is written: a {red|blue|green|red} boat.
func PromptText(spec picture.Spec) string {
	if len(spec.Tiles) == 0 {
		return spec.Prompt
	}
	var words [][]string
	for _, t := range spec.Tiles {
		words = append(words, strings.Fields(t.Prompt))
	}
	before := 0
	for ; sameWord(words, func([]string) int { return before }, before); before++ {
	}
	after := 0
	for ; sameWord(words, func(w []string) int { return len(w) - 1 - after }, before); after++ {
	}
	if slices.ContainsFunc(words[1:], func(w []string) bool { return !slices.Equal(w, words[0]) }) {
		return listDifferent(words, before, after)
	}
	return spec.Prompt // only the negative prompts differ
}

// sameWord tells whether all tiles have the same word at a place, which lies in none of the first words.
func sameWord(words [][]string, place func([]string) int, first int) bool {
	for _, w := range words {
		at := place(w)
		if at < first || at >= len(w) || w[at] != words[0][place(words[0])] {
			return false
		}
	}
	return true
}

func listDifferent(words [][]string, before, after int) string {
	var different []string
	for _, w := range words {
		different = append(different, Shorten(strings.Join(w[before:len(w)-after], " "), maxDifferent))
	}
	around := []string{Shorten(strings.Join(words[0][:before], " "), maxAround)}
	around = append(around, "{"+strings.Join(different, "|")+"}")
	around = append(around, Shorten(strings.Join(words[0][len(words[0])-after:], " "), maxAround))
	return strings.Trim(strings.Join(around, " "), " ")
}
