package prompt

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"darkroom/render/phrase"
	"darkroom/render/pyre"
)

// flagKind is a known flag: its canonical name and the reader of its value. The reader returns the normalized value,
// the words after it that belong to the prompt, and a sentence when the value cannot be used; then the value is as
// typed.
type flagKind struct {
	name string
	read func(text string) (value, left string, fault phrase.Phrase)
}

// knownFlags are the known flags by every name that people type for them.
var knownFlags = map[string]flagKind{
	"ar":        {FlagAspect, readAspect},
	"aspect":    {FlagAspect, readAspect},
	"cfg":       {FlagGuidance, numberReader(FlagGuidance, 0, maxGuidance)},
	"guidance":  {FlagGuidance, numberReader(FlagGuidance, 0, maxGuidance)},
	"clip-skip": {FlagClipSkip, wholeReader(FlagClipSkip, 1, maxClipSkip)},
	"clip_skip": {FlagClipSkip, wholeReader(FlagClipSkip, 1, maxClipSkip)},
	"count":     {FlagCount, wholeReader(FlagCount, 1, maxSteps)},
	"draft":     {FlagDraft, readNothing},
	"emphasis":  {FlagEmphasis, wordReader(FlagEmphasis, "original", "no-norm")},
	"fit":       {FlagFit, wordReader(FlagFit, "crop", "fill", "stretch")},
	"hires":     {FlagHires, readHires},
	"iw":        {FlagImageWeight, numberReader(FlagImageWeight, 0, MaxImageWeight)},
	"no":        {FlagNegative, readNegative},
	"notation":  {FlagNotation, wordReader(FlagNotation, "a1111", "midjourney")},
	"private":   {FlagPrivate, readNothing},
	"q":         {FlagQuality, numberReader(FlagQuality, MinQuality, MaxQuality)},
	"quality":   {FlagQuality, numberReader(FlagQuality, MinQuality, MaxQuality)},
	"r":         {FlagRepeat, wholeReader(FlagRepeat, 1, MaxRepeat)},
	"repeat":    {FlagRepeat, wholeReader(FlagRepeat, 1, MaxRepeat)},
	"resize":    {FlagFit, wordReader(FlagFit, "crop", "fill", "stretch")}, // its former name
	"sampler":   {FlagSampler, nameReader(FlagSampler, "`--%s%s` was ignored: say which, such as `--sampler Euler a`.")},
	"seed":      {FlagSeed, readSeed},
	"spoiler":   {FlagSpoiler, readNothing},
	"steps":     {FlagSteps, wholeReader(FlagSteps, 1, maxSteps)},
	"stop":      {FlagStop, wholeReader(FlagStop, MinStop, 100)},
	"strength":  {FlagStrength, numberReader(FlagStrength, 0, 1)},
	"tile":      {FlagTile, readNothing},
	"vae":       {FlagVAE, nameReader(FlagVAE, "`--%s%s` was ignored: say which; `--vae none` is the model's own.")},
}

// knownFlag returns the known flag of that name.
func knownFlag(name string) (kind flagKind, ok bool) {
	kind, ok = knownFlags[name]
	return kind, ok
}

// Sentences that several flags share.
const (
	fairTurn      = "Every job waits its fair turn."
	otherModel    = "The option model names another model."
	upscaleButton = "The upscale button comes nearest."
)

// nearest says what comes nearest to the flags of Midjourney that nothing here can honour.
var nearest = map[string]phrase.Phrase{
	"chaos":   phrase.Of("Choices such as {red|blue} or --repeat make the images differ more."),
	"cref":    phrase.Of("A start image, or a LoRA of the character, comes nearest."),
	"cw":      phrase.Of("The strength of a LoRA comes nearest."),
	"exp":     phrase.Of("--cfg comes nearest."),
	"fast":    phrase.Of(fairTurn),
	"hd":      phrase.Of(upscaleButton),
	"model":   phrase.Of("The option model names the model."),
	"lora":    phrase.Of("<lora:name:0.8> in the prompt names one."),
	"niji":    phrase.Of(otherModel),
	"oref":    phrase.Of("A start image, or a LoRA of the object, comes nearest."),
	"ow":      phrase.Of("The strength of a LoRA comes nearest."),
	"p":       phrase.Of("A preset comes nearest: /preset save."),
	"profile": phrase.Of("A preset comes nearest: /preset save."),
	"raw":     phrase.Of("Nothing is added to a prompt here."),
	"relax":   phrase.Of(fairTurn),
	"sref":    phrase.Of("A LoRA or an embedding of the style, or a start image, comes nearest."),
	"style":   phrase.Of("A LoRA, an embedding or a preset comes nearest."),
	"stylize": phrase.Of("--cfg says how closely the prompt is followed."),
	"sv":      phrase.Of(otherModel),
	"sw":      phrase.Of("The strength of a LoRA comes nearest."),
	"turbo":   phrase.Of(fairTurn),
	"v":       phrase.Of(otherModel),
	"version": phrase.Of(otherModel),
	"w":       phrase.Of("<hypernet:name> or a higher --cfg comes nearest."),
	"weird":   phrase.Of("A LoRA of an unusual style comes nearest."),
	"zoom":    phrase.Of("The buttons below an image zoom out."),
	"c":       phrase.Of("Choices such as {red|blue} or --repeat make the images differ more."),
	"s":       phrase.Of("--cfg says how closely the prompt is followed."),
	"stealth": phrase.Of("--private comes nearest."),
	"uplight": phrase.Of(upscaleButton),
	"video":   phrase.Of("Only still images are made here."),
}

// Nearest returns a sentence about what comes nearest to a flag that other programs have and this one does not; none
// where there is nothing to say.
func Nearest(flag string) phrase.Phrase { return nearest[flag] }

// usedElsewhere reports whether Midjourney or similar programs have a flag of that name. After a single dash such a
// name is a flag, where any other unknown name may be prose.
func usedElsewhere(name string) bool {
	_, used := nearest[name]
	return used
}

var aspectValue = regexp.MustCompile(strings.NewReplacer(`\s`, pyre.Space, `\d`, pyre.Digit).Replace(
	`^(\d+)\s*[:：xX×/]\s*(\d+)([.,;]*)(?:\s+|$)`))

// maxAspect bounds each side of an aspect ratio, so that arithmetic on it is safe anywhere.
const maxAspect = 10000

func readAspect(text string) (value, left string, fault phrase.Phrase) {
	m := aspectValue.FindStringSubmatch(text)
	if m == nil {
		value, left = firstWord(text)
		return value, left, ignored("ar", value,
			"`--%s%s` was ignored: it must be two whole numbers, such as `--ar 3:2`.")
	}
	left = text[len(m[0]):]
	w, errW := pyre.Atoi(m[1])
	h, errH := pyre.Atoi(m[2])
	if errW != nil || errH != nil || w < 1 || h < 1 || w > maxAspect || h > maxAspect {
		value = m[1] + ":" + m[2]
		return value, left, ignored("ar", value,
			"`--%s%s` was ignored: both numbers must be from 1 to %d.", maxAspect)
	}
	return fmt.Sprintf("%d:%d", w, h), left, phrase.Phrase{}
}

func readNegative(text string) (value, left string, fault phrase.Phrase) {
	if text == "" {
		return "", "", ignored("no", "",
			"`--%s%s` was ignored: say what to keep out of the image, such as `--no text, people`.")
	}
	return text, "", phrase.Phrase{}
}

// wordReader reads one of these words.
func wordReader(flag string, words ...string) func(string) (value, left string, fault phrase.Phrase) {
	return func(text string) (value, left string, fault phrase.Phrase) {
		value, left = firstWord(text)
		word := strings.ReplaceAll(strings.ToLower(strings.TrimRight(value, ".,;")), "_", "-")
		if !slices.Contains(words, word) {
			var all []string
			for _, w := range words {
				all = append(all, "`"+w+"`")
			}
			return value, left, ignored(flag, value, "`--%s%s` was ignored: it must be %s.", phrase.Or(all))
		}
		return word, left, phrase.Phrase{}
	}
}

// nameReader reads all words as one name: there are samplers such as DPM++ 2M Karras. missing says that there is none.
func nameReader(flag, missing string) func(string) (value, left string, fault phrase.Phrase) {
	return func(text string) (value, left string, fault phrase.Phrase) {
		if text == "" {
			return "", "", ignored(flag, "", missing)
		}
		return strings.TrimRight(text, ".,;"), "", phrase.Phrase{}
	}
}

// readHires reads how many times larger an image becomes. People write 2x, too.
func readHires(text string) (value, left string, fault phrase.Phrase) {
	word, rest := firstWord(text)
	if number := strings.TrimRight(word, "xX×.,;"); number != "" {
		value, _, fault = numberReader(FlagHires, 1, MaxHires)(number)
		return value, rest, fault
	}
	return numberReader(FlagHires, 1, MaxHires)(text)
}

// numberReader reads a number from lowest to highest.
func numberReader(flag string, lowest, highest float64) func(string) (value, left string, fault phrase.Phrase) {
	return func(text string) (value, left string, fault phrase.Phrase) {
		value, left = firstWord(text)
		n, err := strconv.ParseFloat(pyre.ASCIIDigits(strings.TrimRight(value, ".,;")), 64)
		if err != nil || !(n >= lowest && n <= highest) { // NaN is neither
			return value, left, ignored(flag, value,
				"`--%s%s` was ignored: it must be a number from %g to %g.", lowest, highest)
		}
		return strconv.FormatFloat(n, 'g', -1, 64), left, phrase.Phrase{}
	}
}

// wholeReader reads a whole number from lowest to highest.
func wholeReader(flag string, lowest, highest int64) func(string) (value, left string, fault phrase.Phrase) {
	return func(text string) (value, left string, fault phrase.Phrase) {
		value, left, ok := wholeNumber(text, lowest, highest)
		if !ok {
			fault = ignored(flag, value, notWhole, lowest, highest)
		}
		return value, left, fault
	}
}

// Bounds of numbers that are sensible at all; those of the model and of a server are checked elsewhere.
const (
	maxSteps    = 10000
	maxGuidance = 100
	maxClipSkip = 12
)

// maxSeed is the largest seed a Spec can hold: 2^53 - 1.
const maxSeed = 1<<53 - 1

// anySeed is A1111's way to ask for a seed that is drawn.
const anySeed = "-1"

func readSeed(text string) (value, left string, fault phrase.Phrase) {
	value, left, ok := wholeNumber(text, 0, maxSeed)
	if typed := strings.TrimRight(value, ".,;"); typed == anySeed || typed == "−1" {
		return anySeed, left, phrase.Phrase{}
	}
	if !ok {
		fault = ignored("seed", value, notWhole, 0, int64(maxSeed))
	}
	return value, left, fault
}

// readNothing is the value of a flag that has none: all words after it belong to the prompt.
func readNothing(text string) (value, left string, fault phrase.Phrase) {
	return "", text, phrase.Phrase{}
}

// notWhole is said of what must be a whole number.
const notWhole = "`--%s%s` was ignored: it must be a whole number from %d to %d."

// ignored says that a flag was ignored, and why. The first values of the format are the flag and its value.
func ignored(flag, value, format string, args ...any) phrase.Phrase {
	return phrase.Of(format, append([]any{flag, quoted(value)}, args...)...)
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
