package prompt

import (
	"slices"
	"strings"

	"darkroom/render/picture"
	"darkroom/render/pyre"
)

// Reading is how the notations are read. A Spec keeps its reading for ever, so that it gives the same image.
type Reading int

const (
	// Current is A1111's: blanks, digits and letters are Unicode's, as Python has them, and a BREAK inside brackets is a
	// weighted word.
	Current Reading = iota
	// V2 is that of Spec versions 1 and 2: AND ends at ASCII letters, numbers have ASCII digits and blanks, and a BREAK
	// inside brackets is a break.
	V2
)

// ReadingOf returns how the prompts of a Spec are read.
func ReadingOf(s picture.Spec) Reading {
	if s.Version < picture.ReadingVersion || s.Reading == picture.ReadingV2 {
		return V2
	}
	return Current
}

// SettleVersion gives a Spec the lowest version that can express it, and keeps how its prompts are read. A Spec of
// version 1 keeps that where it can; any other has picture.PlainVersion at least. It is the only place that decides on
// a version: call it after the last change to a Spec.
func SettleVersion(s *picture.Spec) {
	reading, fields := ReadingOf(*s), s.FieldsVersion()
	if s.Version != 1 {
		fields = max(fields, picture.PlainVersion)
	}
	switch {
	case readAlike(*s):
		s.Version, s.Reading = fields, ""
	case reading == Current:
		s.Version, s.Reading = max(fields, picture.ReadingVersion), ""
	case fields < picture.ReadingVersion:
		s.Version, s.Reading = fields, ""
	default:
		s.Version, s.Reading = fields, picture.ReadingV2
	}
}

// readAlike tells whether both readings read the prompts of a Spec in the same way.
func readAlike(s picture.Spec) bool {
	for i := range s.Count {
		tile := s.Tile(i)
		if !textReadAlike(tile.Prompt, s.Notation, true) || !textReadAlike(tile.Negative, s.Notation, false) {
			return false
		}
		if len(s.Tiles) == 0 {
			break
		}
	}
	return true
}

func textReadAlike(text string, n picture.Notation, composed bool) bool {
	text, _ = Addons(text)
	if !strings.Contains(text, breakWord) && !strings.ContainsFunc(text, unlikeASCII) {
		return true
	}
	now, before := []Term{{Text: text, Weight: 1}}, []Term{{Text: text, Weight: 1}}
	if composed {
		var nowErr, beforeErr error
		now, nowErr = Current.Terms(n, text)
		before, beforeErr = V2.Terms(n, text)
		if nowErr != nil || beforeErr != nil {
			return nowErr != nil && beforeErr != nil
		}
	}
	if !slices.Equal(now, before) {
		return false
	}
	for _, term := range now {
		if !stagesReadAlike(term.Text) {
			return false
		}
	}
	return true
}

// unlikeASCII tells whether a character can belong to a class that is larger in Unicode than in ASCII.
func unlikeASCII(r rune) bool {
	return r == '\v' || r >= 0x1c && r <= 0x1f || r >= 0x80 && (pyre.IsSpace(r) || pyre.IsWord(r))
}

// mostCalls is the most calls of the model in a pass: alternation gives a text of its own to each.
const mostCalls = 2 * picture.MaxSteps

func stagesReadAlike(text string) bool {
	calls := Calls{Count: 20}
	if strings.Contains(text, "|") {
		calls.Count = mostCalls
	}
	now, before := Current.Stages(text, calls), V2.Stages(text, calls)
	if !slices.Equal(now, before) {
		return false
	}
	seen := map[string]bool{}
	for _, stage := range now {
		if !seen[stage.Text] && !slices.Equal(Current.Parse(stage.Text), V2.Parse(stage.Text)) {
			return false
		}
		seen[stage.Text] = true
	}
	return true
}
