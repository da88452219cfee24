// Package addon turns the files that people add to a model into changes of its weights: LoRAs, the kinds of LyCORIS,
// DoRAs, full differences. Its packages read textual inversions (embedding), hypernetworks (hypernet) and the files of
// torch.save that both may come in (torchfile).
//
// A file is untrusted: what it claims is checked against the model before a value is used, and what does not fit is
// counted or refused, never dropped silently.
package addon

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Refusal is the error of an add-on that this model cannot use, however often it is asked for. It is a sentence for the
// person who asked, in lower case and without a full stop.
type Refusal string

// Error returns the sentence.
func (r Refusal) Error() string { return string(r) }

func refuse(format string, a ...any) error { return Refusal(fmt.Sprintf(format, a...)) }

// shorten makes a name from a file fit to be shown.
func shorten(name string) string {
	const most = 80
	clean := strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return '·' // a control character, or one that turns the direction of text
	}, name)
	if runes := []rune(clean); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return clean
}

// some names the first few of a list.
func some(names []string) string {
	const most = 3
	var shown []string
	for _, n := range names[:min(most, len(names))] {
		shown = append(shown, shorten(n))
	}
	if len(names) > most {
		shown = append(shown, "…")
	}
	return strings.Join(slices.Clip(shown), ", ")
}
