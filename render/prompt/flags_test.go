package prompt_test

import (
	"fmt"
	"strings"
	"testing"

	"darkroom/render/prompt"
)

// formatFlags writes flags as name=value, with ! when there is a fault.
func formatFlags(flags []prompt.Flag) string {
	var out []string
	for _, f := range flags {
		mark := ""
		if !f.Fault.IsZero() {
			mark = "!"
		}
		out = append(out, f.Name+"="+f.Value+mark)
	}
	return strings.Join(out, " | ")
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, rest, flags, unknown string }{
		"none":                {"a red boat", "a red boat", "", ""},
		"an aspect ratio":     {"a boat --ar 3:2", "a boat", "ar=3:2", ""},
		"its long name":       {"a boat --aspect 16:9", "a boat", "ar=16:9", ""},
		"an equals sign":      {"a boat --ar=3:2 --seed=7", "a boat", "ar=3:2 | seed=7", ""},
		"blanks in the ratio": {"a boat --ar 3 : 2", "a boat", "ar=3:2", ""},
		"an x for the colon":  {"a boat --ar 3x2", "a boat", "ar=3:2", ""},
		"all four": {
			"a boat --ar 3:2 --no text, people --seed 7 --steps 20", "a boat", "ar=3:2 | no=text, people | seed=7 | steps=20",
			"",
		},
		"case does not matter":          {"a boat --AR 3:2 --Seed 7", "a boat", "ar=3:2 | seed=7", ""},
		"an em dash":                    {"a boat —ar 3:2", "a boat", "ar=3:2", ""},
		"an en dash":                    {"a boat –seed 7", "a boat", "seed=7", ""},
		"a non-breaking hyphen":         {"a boat ‑steps 20", "a boat", "steps=20", ""},
		"two non-breaking hyphens":      {"a boat ‑‑steps 20", "a boat", "steps=20", ""},
		"two en dashes":                 {"a boat ––no text", "a boat", "no=text", ""},
		"a dash and a hyphen":           {"a boat —-ar 3:2", "a boat", "ar=3:2", ""},
		"a horizontal bar":              {"a boat ―ar 3:2", "a boat", "ar=3:2", ""},
		"a minus sign":                  {"a boat −−ar 3:2", "a boat", "ar=3:2", ""},
		"a newline before it":           {"a boat\n--ar 3:2\n--seed 7", "a boat", "ar=3:2 | seed=7", ""},
		"only flags":                    {"--ar 3:2", "", "ar=3:2", ""},
		"a flag given twice":            {"a --seed 1 --seed 2", "a", "seed=1 | seed=2", ""},
		"punctuation behind a value":    {"a boat --seed 7, --ar 3:2.", "a boat", "seed=7 | ar=3:2", ""},
		"words behind a value go back":  {"a boat --ar 3:2 on the sea", "a boat on the sea", "ar=3:2", ""},
		"leading zeros":                 {"a --seed 007", "a", "seed=7", ""},
		"any seed":                      {"a --seed -1, --ar 3:2 sea", "a sea", "ar=3:2", ""},
		"any seed by a minus sign":      {"a --seed −1", "a", "", ""},
		"the largest seed":              {"a --seed 9007199254740991", "a", "seed=9007199254740991", ""},
		"an unknown flag":               {"a boat --stylize 750", "a boat", "", "stylize=750"},
		"an unknown flag without value": {"a boat --turbo --ar 3:2", "a boat", "ar=3:2", "turbo="},
		"a flag that has no value":      {"a wall --tile --ar 3:2", "a wall", "tile= | ar=3:2", ""},
		"a mode":                        {"a boat --resize Fill. on the sea", "a boat on the sea", "fit=fill", ""},
		"a mode that is none":           {"a boat --resize half", "a boat", "fit=half!", ""},
		"the name of today":             {"a boat --fit crop", "a boat", "fit=crop", ""},
		"a second pass":                 {"a boat --hires 1.5 on the sea", "a boat on the sea", "hires=1.5", ""},
		"as people write it":            {"a boat --hires 2x --private", "a boat", "hires=2 | private=", ""},
		"with punctuation":              {"a boat --hires 2×, red", "a boat red", "hires=2", ""},
		"no second pass":                {"a boat --hires 1", "a boat", "hires=1", ""},
		"one that shrinks":              {"a boat --hires 0.5", "a boat", "hires=0.5!", ""},
		"one without a number":          {"a boat --hires x", "a boat", "hires=x!", ""},
		"one of nothing":                {"a boat --hires", "a boat", "hires=!", ""},
		"a VAE with blanks":             {"a boat --vae My VAE 2 --seed 3", "a boat", "vae=My VAE 2 | seed=3", ""},
		"a VAE of no name":              {"a boat --vae", "a boat", "vae=!", ""},
		"an image weight":               {"a boat --iw 1.50 on the sea", "a boat on the sea", "iw=1.5", ""},
		"one that is too large":         {"a boat --iw 4", "a boat", "iw=4!", ""},
		"no number":                     {"a boat --cfg NaN", "a boat", "cfg=NaN!", ""},
		"a short name":                  {"a boat --r 3 --quality .5", "a boat", "repeat=3 | q=0.5", ""},
		"a sampler with blanks": {
			"a boat --sampler DPM++ 2M Karras --stop 60", "a boat", "sampler=DPM++ 2M Karras | stop=60", "",
		},
		"two ways to write a word":    {"a boat --emphasis no_norm", "a boat", "emphasis=no-norm", ""},
		"a stop that is too early":    {"a boat --stop 9", "a boat", "stop=9!", ""},
		"words behind it go back":     {"a wall --tile of stones", "a wall of stones", "tile=", ""},
		"raw style is unknown":        {"a boat --style raw", "a boat", "", "style=raw"},
		"an unknown flag among known": {"a --ar 3:2 --v 6 --seed 7", "a", "ar=3:2 | seed=7", "v=6"},
		"an unknown flag with many words": {
			"a --sref https://x/y.png https://z --seed 7", "a", "seed=7", "sref=https://x/y.png https://z",
		},
		"an unknown flag behind an em dash": {"a boat —chaos 10", "a boat", "", "chaos=10"},
		"an unheard-of one behind a dash":   {"a boat —foo 3", "a boat", "", "foo=3"},
		"two of those":                      {"a boat —foo 3 —bar", "a boat", "", "foo=3 | bar="},
		"a dash in prose is none":           {"a cat —asleep in the sun", "a cat —asleep in the sun", "", ""},
		"dashes between words are none":     {"a cat -- asleep -- in the sun", "a cat -- asleep -- in the sun", "", ""},
		"an em dash between words is none":  {"a cat — asleep", "a cat — asleep", "", ""},
		"dashes within a word are none":     {"a well--known cat—asleep", "a well--known cat—asleep", "", ""},
		"one hyphen is none":                {"a cat -ar 3:2", "a cat -ar 3:2", "", ""},
		"dashes before a number are none":   {"ages --5 and —7", "ages --5 and —7", "", ""},
		"dashes at the very end are none":   {"a cat --", "a cat --", "", ""},
		"prose dashes before real flags":    {"a cat -- asleep --ar 3:2", "a cat -- asleep", "ar=3:2", ""},
		"a ratio without colon":             {"a --ar 32", "a", "ar=32!", ""},
		"a ratio of nothing":                {"a --ar", "a", "ar=!", ""},
		"a ratio of zero":                   {"a --ar 0:1", "a", "ar=0:1!", ""},
		"a ratio of fractions":              {"a --ar 1.5:1", "a", "ar=1.5:1!", ""},
		"an enormous ratio":                 {"a --ar 99999999999999999999:1", "a", "ar=99999999999999999999:1!", ""},
		"a seed of letters":                 {"a --seed seven of nine", "a of nine", "seed=seven!", ""},
		"a negative seed":                   {"a --seed -2", "a", "seed=-2!", ""},
		"a seed too large":                  {"a --seed 9007199254740992", "a", "seed=9007199254740992!", ""},
		"no steps":                          {"a --steps 0", "a", "steps=0!", ""},
		"steps of a fraction":               {"a --steps 12.5", "a", "steps=12.5!", ""},
		"steps without value":               {"a --steps --seed 7", "a", "steps=! | seed=7", ""},
		"an empty exclusion":                {"a --no", "a", "no=!", ""},
		"an empty prompt":                   {"  ", "", "", ""},
		"brackets are left alone":           {"(a:1.2) [b] --ar 3:2", "(a:1.2) [b]", "ar=3:2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest, flags, unknown := prompt.Flags(tt.text)
			got := fmt.Sprintf("%q flags %s unknown %s", rest, formatFlags(flags), formatFlags(unknown))
			want := fmt.Sprintf("%q flags %s unknown %s", tt.rest, tt.flags, tt.unknown)
			if got != want {
				t.Errorf("Flags(%q)\n got %s\nwant %s", tt.text, got, want)
			}
		})
	}
}

func TestFlagsColumns(t *testing.T) {
	t.Parallel()
	_, flags, unknown := prompt.Flags("é boat --ar 3:2 —v 6 --seed 7")
	if flags[0].Column != 8 || unknown[0].Column != 17 || flags[1].Column != 22 {
		t.Errorf("columns: got %d, %d, %d, want 8, 17, 22", flags[0].Column, unknown[0].Column, flags[1].Column)
	}
}

func TestFlagsFaults(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a --ar wide":      "`--ar wide` was ignored: it must be two whole numbers, such as `--ar 3:2`.",
		"a --ar":           "`--ar` was ignored: it must be two whole numbers, such as `--ar 3:2`.",
		"a --seed ``@here": "`--seed ''@here` was ignored: it must be a whole number from 0 to 9007199254740991.",
		"a --steps many":   "`--steps many` was ignored: it must be a whole number from 1 to 10000.",
		"a --no":           "`--no` was ignored: say what to keep out of the image, such as `--no text, people`.",
		"a --steps " + strings.Repeat("9", 60): "`--steps " + strings.Repeat("9", 40) +
			"…` was ignored: it must be a whole number from 1 to 10000.",
	} {
		_, flags, _ := prompt.Flags(text)
		if got := flags[0].Fault.String(); got != want {
			t.Errorf("Flags(%q)\n got %s\nwant %s", text, got, want)
		}
	}
}

func FuzzFlags(f *testing.F) {
	for _, seed := range []string{
		"", "a --ar 3:2", "—", "--", "a —ar", "--no --no", "--ar 3 :\u3000 2 x", "\xff--ar 1:1", "--=", "--a=", "－－ar 1:1",
		"a --no --seed 1 b",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rest, flags, unknown := prompt.Flags(text)
		if len(flags)+len(unknown) == 0 && rest != strings.TrimSpace(text) {
			t.Errorf("Flags(%q) found nothing and changed the text to %q", text, rest)
		}
		if len([]rune(rest)) > len([]rune(text)) {
			t.Errorf("Flags(%q) made the text longer: %q", text, rest)
		}
	})
}

func TestSeedOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"a --seed 7": 7, "a --seed 7 --seed 8": 7, "a --seed x --seed 8": 8, "a --seed 0 --ar 3:2": 0, "a": -1,
		"a --seed {1, 2}": -1,
	} {
		got, given := prompt.SeedOf(text)
		if !given {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}

// TestFlagsBeyondASCII: keyboards for Chinese and Japanese type wide blanks, digits and colons.
func TestFlagsBeyondASCII(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"boat --ar 3:2\u3000--seed 7": "ar=3:2 seed=7", "boat\u3000--ar ３：２": "ar=3:2", "boat --seed １２": "seed=12",
		"boat --ar 3:2\u00a0red": "ar=3:2", "boat --steps ２０\v": "steps=20",
	} {
		_, flags, _ := prompt.Flags(text)
		var got []string
		for _, f := range flags {
			got = append(got, f.Name+"="+f.Value+f.Fault.String())
		}
		if joined := strings.Join(got, " "); joined != want {
			t.Errorf("%q: got %q, want %q", text, joined, want)
		}
	}
}
