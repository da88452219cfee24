package pipeline

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/folder"
)

const (
	maxCardName  = 100       // characters; a choice in Discord has no more
	maxCardBytes = 256 << 10 // of a card as it is announced
)

// checkCardTexts checks that what a card says can be shown: in a line of a terminal and in a chat.
func checkCardTexts(c folder.Card) error {
	if n := utf8.RuneCountInString(c.Name); n > maxCardName || !isShown(c.Name) {
		return fmt.Errorf("a name of %d characters, want at most %d, all of which can be shown", n, maxCardName)
	}
	if !isShown(strings.ReplaceAll(c.Description, "\n", " ")) {
		return fmt.Errorf("the description has characters that cannot be shown")
	}
	words := slices.Concat([]string(c.Words), c.Examples)
	for _, g := range c.Groups {
		words = append(append(words, g.Name), g.Words...)
	}
	if i := slices.IndexFunc(words, func(w string) bool { return !isShown(w) }); i >= 0 {
		return fmt.Errorf("%q has characters that cannot be shown", words[i][:min(len(words[i]), maxCardName)])
	}
	data, err := json.Marshal(c)
	if err == nil && len(data) > maxCardBytes {
		err = fmt.Errorf("%d bytes, want at most %d", len(data), maxCardBytes)
	}
	return err
}

// isShown tells whether a text has no control characters, and none that turn the direction of what follows.
func isShown(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsGraphic(r) && r != zeroWidthJoiner
	})
}

// zeroWidthJoiner makes one emoji of several.
const zeroWidthJoiner = '\u200d'
