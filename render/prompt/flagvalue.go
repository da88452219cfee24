package prompt

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"darkroom/render/pyre"
)

// flagKind is a known flag: its canonical name and the reader of its value. The reader returns the normalized value,
// the words after it that belong to the prompt, and a sentence when the value cannot be used; then the value is as
// typed.
type flagKind struct {
	name string
	read func(text string) (value, left, fault string)
}

// knownFlag returns the known flag of that name.
func knownFlag(name string) (kind flagKind, ok bool) {
	switch name {
	case "ar", "aspect":
		return flagKind{FlagAspect, readAspect}, true
	case "no":
		return flagKind{FlagNegative, readNegative}, true
	case "resize":
		return flagKind{FlagResize, readResize}, true
	case "seed":
		return flagKind{FlagSeed, readSeed}, true
	case "steps":
		return flagKind{FlagSteps, readSteps}, true
	case "tile":
		return flagKind{FlagTile, readNothing}, true
	}
	return flagKind{}, false
}

// usedElsewhere reports whether Midjourney or similar programs have a flag of that name. After a single dash such a
// name is a flag, where any other unknown name may be prose.
func usedElsewhere(name string) bool {
	switch name {
	case "c", "cfg", "chaos", "count", "cref", "cw", "draft", "exp", "fast", "hd", "iw", "lora", "model", "niji", "oref",
		"ow", "p", "profile", "q", "quality", "r", "raw", "relax", "repeat", "s", "sampler", "sref", "stealth", "stop",
		"style", "stylize", "sv", "sw", "turbo", "uplight", "v", "version", "video", "w", "weird", "zoom":
		return true
	}
	return false
}

var aspectValue = regexp.MustCompile(strings.NewReplacer(`\s`, pyre.Space, `\d`, pyre.Digit).Replace(
	`^(\d+)\s*[:：xX×/]\s*(\d+)([.,;]*)(?:\s+|$)`))

// maxAspect bounds each side of an aspect ratio, so that arithmetic on it is safe anywhere.
const maxAspect = 10000

func readAspect(text string) (value, left, fault string) {
	m := aspectValue.FindStringSubmatch(text)
	if m == nil {
		value, left = firstWord(text)
		return value, left, ignored("ar", value, "it must be two whole numbers, such as `--ar 3:2`")
	}
	left = text[len(m[0]):]
	w, errW := pyre.Atoi(m[1])
	h, errH := pyre.Atoi(m[2])
	if errW != nil || errH != nil || w < 1 || h < 1 || w > maxAspect || h > maxAspect {
		value = m[1] + ":" + m[2]
		return value, left, ignored("ar", value, fmt.Sprintf("both numbers must be from 1 to %d", maxAspect))
	}
	return fmt.Sprintf("%d:%d", w, h), left, ""
}

func readNegative(text string) (value, left, fault string) {
	if text == "" {
		return "", "", ignored("no", "", "say what to keep out of the image, such as `--no text, people`")
	}
	return text, "", ""
}

func readResize(text string) (value, left, fault string) {
	value, left = firstWord(text)
	mode := strings.ToLower(strings.TrimRight(value, ".,;"))
	if mode != "crop" && mode != "fill" && mode != "stretch" {
		return value, left, ignored("resize", value, "it must be `crop`, `fill` or `stretch`")
	}
	return mode, left, ""
}

// maxSeed is the largest seed a Spec can hold: 2^53 - 1.
const maxSeed = 1<<53 - 1

// anySeed is A1111's way to ask for a seed that is drawn.
const anySeed = "-1"

func readSeed(text string) (value, left, fault string) {
	value, left, ok := wholeNumber(text, 0, maxSeed)
	if typed := strings.TrimRight(value, ".,;"); typed == anySeed || typed == "−1" {
		return anySeed, left, ""
	}
	if !ok {
		fault = ignored("seed", value, fmt.Sprintf("it must be a whole number from 0 to %d", int64(maxSeed)))
	}
	return value, left, fault
}

// readNothing is the value of a flag that has none: all words after it belong to the prompt.
func readNothing(text string) (value, left, fault string) { return "", text, "" }

// maxSteps bounds --steps to sensible numbers; the limit of a server is checked elsewhere.
const maxSteps = 10000

func readSteps(text string) (value, left, fault string) {
	value, left, ok := wholeNumber(text, 1, maxSteps)
	if !ok {
		fault = ignored("steps", value, fmt.Sprintf("it must be a whole number from 1 to %d", maxSteps))
	}
	return value, left, fault
}

// ignored says that a flag was ignored, and why. why is a clause.
func ignored(flag, value, why string) string {
	return fmt.Sprintf("`--%s%s` was ignored: %s.", flag, quoted(value), why)
}

// wholeNumber reads the first word of text as a number from lowest to highest.
func wholeNumber(text string, lowest, highest int64) (value, left string, ok bool) {
	value, left = firstWord(text)
	digits := pyre.ASCIIDigits(strings.TrimRight(value, ".,;"))
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < lowest || n > highest {
		return value, left, false
	}
	return strconv.FormatInt(n, 10), left, true
}

// firstWord cuts text after its first word.
func firstWord(text string) (word, left string) {
	n := wordLength(text)
	return text[:n], strings.TrimLeftFunc(text[n:], pyre.IsSpace)
}

// quoted is a value inside a sentence: a blank and at most 40 characters of it, without what would end the code span.
func quoted(value string) string {
	if value == "" {
		return ""
	}
	value = strings.ReplaceAll(value, "`", "'")
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	return " " + value
}
