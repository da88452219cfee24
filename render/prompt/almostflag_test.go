package prompt

import "testing"

func TestAlmostFlag(t *testing.T) {
	for text, want := range map[string][2]string{
		"a boat -ar 3:2":                {"-ar", "--ar"},
		"a boat -AR 3:2":                {"-AR", "--ar"},
		"a boat --ar3:2":                {"--ar3:2", "--ar 3:2"},
		"a boat -ar3:2":                 {"-ar3:2", "--ar 3:2"},
		"a boat -no fog":                {"-no", "--no"},
		"a boat":                        {},
		"a v-neck, well-known, -, -- x": {},
		"-5 degrees, -shiny":            {},
		"a boat -noble knight":          {},
		"---ar 3:2":                     {},
	} {
		if written, meant := AlmostFlag(text); written != want[0] || meant != want[1] {
			t.Errorf("%q: got %q for %q, want %q", text, meant, written, want)
		}
	}
}

func TestCutCommand(t *testing.T) {
	for text, want := range map[string]string{
		"/imagine prompt: a red boat": "a red boat",
		" /Imagine Prompt:a boat":     "a boat",
		"/imagine a boat":             "a boat",
		"/imagine":                    "",
		"/imagined a boat":            "/imagined a boat",
		"a boat /imagine":             "a boat /imagine",
		"imagine a boat":              "imagine a boat",
		"prompt: a boat":              "a boat",
		"PROMPT:a boat":               "a boat",
		"prompts: a boat":             "prompts: a boat",
		"a boat, prompt: a star":      "a boat, prompt: a star",
	} {
		if got, cut := CutCommand(text); got != want || (cut != "") != (got != text) {
			t.Errorf("%q: got %q without %q, want %q", text, got, cut, want)
		}
	}
}
