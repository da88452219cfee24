package prompt

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"darkroom/render/phrase"
	"darkroom/render/pyre"
)

// The supported flags, by their canonical names. The first group is Midjourney's.
const (
	FlagAspect      = "ar"     // value "3:2"
	FlagNegative    = "no"     // value: what the image should not show
	FlagSeed        = "seed"   // value: a whole number from 0
	FlagTile        = "tile"   // no value: a tileable image
	FlagImageWeight = "iw"     // value: a number from 0 to MaxImageWeight
	FlagQuality     = "q"      // value: a number from MinQuality to MaxQuality
	FlagRepeat      = "repeat" // value: a whole number from 1 to MaxRepeat
	FlagStop        = "stop"   // value: percent, from MinStop to 100

	FlagClipSkip = "clip-skip" // value: a whole number from 1
	FlagCount    = "count"     // value: a whole number from 1
	FlagDraft    = "draft"     // no value: few steps first
	FlagEmphasis = "emphasis"  // value: original or no-norm
	FlagFit      = "fit"       // value: crop, fill or stretch
	FlagGuidance = "cfg"       // value: a number from 0
	FlagHires    = "hires"     // value: a number from 1, which is none, to MaxHires
	FlagNotation = "notation"  // value: a1111 or midjourney
	FlagPrivate  = "private"   // no value: only who asks sees the answer
	FlagSampler  = "sampler"   // value: a sampler's name, which may have blanks
	FlagSpoiler  = "spoiler"   // no value: the images are hidden until they are clicked
	FlagSteps    = "steps"     // value: a whole number from 1
	FlagStrength = "strength"  // value: a number from 0 to 1
	FlagVAE      = "vae"       // value: its name, which may have blanks
)

// Bounds of the values of flags, which are Midjourney's where it has the flag.
const (
	MaxHires       = 4.0
	MaxImageWeight = 3.0
	MinQuality     = 0.25
	MaxQuality     = 4.0
	MaxRepeat      = 20
	MinStop        = 10 // percent
)

// Flag is one --name value of a prompt.
type Flag struct {
	Name   string        // canonical for a known flag, as typed but in lower case for an unknown one; without dashes
	Value  string        // normalized for a known flag without fault, as typed otherwise
	Fault  phrase.Phrase // why the value of a known flag cannot be used: a sentence for the person; none when it can
	Column int           // where the dashes stand, in characters from 1
}

// Flags takes the flags off the end of a prompt: from the first word that is a flag on, every word belongs to a flag. A
// flag is two or more hyphens, or a dash that phones type for them (— – ‑ and similar), directly followed by a name, at
// the start of a word. Words after a complete value go back to the prompt, but for --no, --sampler and --vae, which
// take all.
//
// Known flags are returned in the order typed, with Fault set where a value cannot be used. --seed -1 asks for any
// seed, as in A1111, which is what nobody need ask for: it is left out. A flag that is not known is
// returned in unknown, with all words up to the next flag as its value. Dashes that are not a flag stay where they are.
//
// After a single dash an unknown name is a flag only if others use that name or at most one word follows: "a cat
// —asleep in the sun" is prose.
func Flags(text string) (rest string, flags, unknown []Flag) {
	marks := findFlags(text)
	if len(marks) == 0 {
		return strings.TrimSpace(text), nil, nil
	}
	kept := []string{strings.TrimSpace(text[:marks[0].start])}
	column := 1 + utf8.RuneCountInString(text[:marks[0].start])
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1].start
		}
		f, left, known := m.read(text[:end])
		f.Column = column
		column += utf8.RuneCountInString(text[m.start:end])
		switch {
		case !known:
			unknown = append(unknown, f)
		case f.Name == FlagSeed && f.Value == anySeed:
			kept = append(kept, left)
		default:
			flags, kept = append(flags, f), append(kept, left)
		}
	}
	return joinWords(kept), flags, unknown
}

// read reads the flag's value, which reaches to the end of text, and what of it belongs to the prompt.
func (m flagMark) read(text string) (f Flag, left string, known bool) {
	value := strings.TrimSpace(text[m.value:])
	kind, known := knownFlag(m.name)
	if !known {
		return Flag{Name: m.name, Value: value}, "", false
	}
	f.Name = kind.name
	f.Value, left, f.Fault = kind.read(value)
	return f, left, true
}

// joinWords joins the non-empty pieces of prompt with a blank.
func joinWords(stretches []string) string {
	out := stretches[:0]
	for _, s := range stretches {
		if s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, " ")
}

// flagMark is a flag found in the text, by byte offsets.
type flagMark struct {
	name  string // lower case
	start int    // of the dashes
	value int    // after the name and its equals sign
}

// findFlags returns the flags of text in order.
func findFlags(text string) []flagMark {
	var marks []flagMark
	for at := 0; at < len(text); {
		at += spaces(text[at:])
		end := at + wordLength(text[at:])
		if m, ok := asFlag(text, at, end); ok && (m.certain || len(marks) > 0 || endsSoon(text[end:])) {
			marks = append(marks, m.flagMark)
		}
		at = end
	}
	return marks
}

func wordLength(text string) int {
	if n := strings.IndexFunc(text, pyre.IsSpace); n >= 0 {
		return n
	}
	return len(text)
}

// candidate is a word that looks like a flag. It is certain when it was typed with two dashes or has a name in use.
type candidate struct {
	flagMark
	certain bool
}

// asFlag reads the word text[at:end] as a flag.
func asFlag(text string, at, end int) (candidate, bool) {
	word := text[at:end]
	dashes := len(word) - len(strings.TrimLeftFunc(word, isDash))
	lead := word[:dashes]
	if !leadsFlag(lead) {
		return candidate{}, false
	}
	name, _, _ := strings.Cut(word[dashes:], "=")
	value := at + dashes + len(name)
	if value < end {
		value++ // the equals sign
	}
	name = strings.ToLower(strings.TrimRight(name, ".,;:"))
	if !isName(name) {
		return candidate{}, false
	}
	_, known := knownFlag(name)
	sure := utf8.RuneCountInString(lead) > 1 || known || usedElsewhere(name)
	return candidate{flagMark{name: name, start: at, value: value}, sure}, true
}

// isDash reports whether r is a hyphen or dash of any length: Unicode's dash punctuation and the minus sign.
func isDash(r rune) bool { return r == '−' || unicode.Is(unicode.Pd, r) }

// leadsFlag reports whether dashes can begin a flag: two or more of them, or a single one that is longer than a hyphen
// or that keyboards put for two (a lone "-" or "‐" never).
func leadsFlag(dashes string) bool {
	switch utf8.RuneCountInString(dashes) {
	case 0:
		return false
	case 1:
		return dashes != "-" && dashes != "‐" && dashes != "﹣" && dashes != "－"
	}
	return true
}

// isName reports whether a flag can have that name: a letter, then letters, digits, hyphens and underscores.
func isName(name string) bool {
	for i, r := range name {
		if !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && r != '-' && r != '_') {
			return false
		}
	}
	return name != ""
}

// endsSoon reports whether at most one word stands in text before its end or the next dashes. It distinguishes "a cat
// —foo 3" from prose like "a cat —asleep in the sun", where a single dash and an unknown name are not a flag.
func endsSoon(text string) bool {
	first, left := firstWord(strings.TrimLeftFunc(text, pyre.IsSpace))
	second, _ := firstWord(left)
	return second == "" || startsDashed(first) || startsDashed(second)
}

func startsDashed(word string) bool {
	r, _ := utf8.DecodeRuneInString(word)
	return isDash(r)
}

// SeedOf returns the seed that a prompt's flags name, if they name one that can be used.
func SeedOf(text string) (seed int64, given bool) {
	f, given := FindFlag(text, FlagSeed)
	if !given {
		return 0, false
	}
	n, err := strconv.ParseInt(f.Value, 10, 64)
	return n, err == nil
}

// FindFlag returns the first flag of that canonical name whose value can be used.
func FindFlag(text, name string) (f Flag, given bool) {
	_, flags, _ := Flags(text)
	i := slices.IndexFunc(flags, func(f Flag) bool { return f.Name == name && f.Fault.IsZero() })
	if i < 0 {
		return Flag{}, false
	}
	return flags[i], true
}
