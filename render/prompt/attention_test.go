package prompt_test

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/prompt"
)

type pair struct {
	text   string
	weight float64
}

func pairs(parts []prompt.Part) []pair {
	var out []pair
	for _, p := range parts {
		out = append(out, pair{p.Text, p.Weight})
	}
	return out
}

func TestParse(t *testing.T) {
	t.Parallel()
	down := 1.0
	down /= 1.1
	for name, tt := range map[string]struct {
		text string
		want []pair
	}{
		"plain text has weight one": {"normal text", []pair{{"normal text", 1}}},
		"a bracket strengthens": {
			"an (important) word", []pair{{"an ", 1}, {"important", 1.1}, {" word", 1}},
		},
		"an unclosed bracket reaches to the end":        {"(unbalanced", []pair{{"unbalanced", 1.1}}},
		"escaped brackets are literal":                  {`\(literal\]`, []pair{{"(literal]", 1}}},
		"neighbours of one weight are joined":           {"(unnecessary)(parens)", []pair{{"unnecessaryparens", 1.1}}},
		"square brackets weaken":                        {"[less]", []pair{{"less", down}}},
		"an explicit weight replaces the bracket's own": {"(a:1.5)", []pair{{"a", 1.5}}},
		"blanks may surround the number":                {"(a : 1.5 )", []pair{{"a ", 1.5}}},
		"weights multiply":                              {"((a:1.2):1.5)", []pair{{"a", 1.7999999999999998}}},
		"a stray closing bracket is literal text":       {"a) b]", []pair{{"a) b]", 1}}},
		"a weight without bracket is literal text":      {"a:1.2)", []pair{{"a:1.2)", 1}}},
		"a number with two points is literal text":      {"(a:1.2.3)", []pair{{"a:1.2.3", 1.1}}},
		"a weight beyond all numbers is literal text": {
			"(a:1" + strings.Repeat("0", 400) + ")", []pair{{"a:1" + strings.Repeat("0", 400), 1.1}},
		},
		"square brackets take no number":   {"[a:1.2]", []pair{{"a:1.2", down}}},
		"a lone backslash disappears":      {`a\b`, []pair{{"ab", 1}}},
		"a doubled backslash is one":       {`a\\b`, []pair{{`a\b`, 1}}},
		"BREAK takes the blanks around it": {"a BREAK b", []pair{{"a", 1}, {"BREAK", -1}, {"b", 1}}},
		"BREAK within a word is text":      {"aBREAK BREAKb", []pair{{"aBREAK BREAKb", 1}}},
		"BREAK in brackets is a word":      {"(a BREAK b)", []pair{{"a", 1.1}, {"BREAK", -1.1}, {"b", 1.1}}},
		"two breaks are two breaks": {
			"a BREAK BREAK b", []pair{{"a", 1}, {"BREAK", -1}, {"BREAK", -1}, {"b", 1}},
		},
		"nothing is one empty part":               {"", []pair{{"", 1}}},
		"only brackets are one empty part":        {"(([]))", []pair{{"", 1}}},
		"an unscheduled edit is text in brackets": {"[a:b:0.5]", []pair{{"a:b:0.5", down}}},
		"everything together": {"a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", []pair{
			{"a ", 1}, {"house", 1.5730000000000004}, {" ", 1.1}, {"on", 1}, {" a ", 1.1},
			{"hill", 0.55}, {", sun, ", 1.1}, {"sky", 1.4641000000000006}, {".", 1.1},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pairs(prompt.Current.Parse(tt.text)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("Parse(%q)\n got %v\nwant %v", tt.text, got, tt.want)
			}
		})
	}
}

// TestFragments compares with what parse_prompt_attention of AUTOMATIC1111/stable-diffusion-webui
// (modules/prompt_parser.py at 0674fab) gave for hand-made and random prompts, recorded with CPython 3.
func TestFragments(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/attention.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Text  string
		Parts json.RawMessage
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 300 {
		t.Fatalf("got %d recorded prompts, want at least 300", len(cases))
	}
	for _, tt := range cases {
		written, err := json.Marshal(prompt.Fragments(tt.Text))
		if err != nil {
			t.Fatal(err)
		}
		var got, want any
		if err := json.Unmarshal(written, &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(tt.Parts, &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("Fragments(%q)\n got %s\nwant %s", tt.Text, written, tt.Parts)
		}
	}
}

func TestFragmentsBreakInBrackets(t *testing.T) {
	t.Parallel()
	got := prompt.Fragments("(a BREAK b) BREAK c")
	if got[1].Text != "BREAK" || got[1].Break {
		t.Errorf("a BREAK in brackets: got %+v, want a word and no break", got[1])
	}
	breaks := 0
	for _, p := range got {
		if p.Break {
			breaks++
		}
	}
	if breaks != 1 {
		t.Errorf("got %d breaks in %+v, want 1", breaks, got)
	}
}

func TestParseColumns(t *testing.T) {
	t.Parallel()
	var got []int
	for _, p := range prompt.Current.Parse("日本 (b:1.2) c BREAK d") {
		got = append(got, p.Column)
	}
	if want := []int{1, 5, 11, 14, 20}; !reflect.DeepEqual(got, want) {
		t.Errorf("columns: got %v, want %v", got, want)
	}
}

func TestParseDepth(t *testing.T) {
	t.Parallel()
	t.Run("brackets beyond the depth are literal", func(t *testing.T) {
		t.Parallel()
		got := prompt.Current.Parse(strings.Repeat("(", prompt.MaxDepth+2) + "a")
		if len(got) != 1 || got[0].Text != "((a" {
			t.Errorf("got %d parts, first %q, want one part %q", len(got), got[0].Text, "((a")
		}
	})
	t.Run("weights stay finite", func(t *testing.T) {
		t.Parallel()
		text := strings.Repeat("(", 200) + "a" + strings.Repeat(":-9999999)", 200)
		got := prompt.Current.Parse(text)
		if w := got[0].Weight; math.IsInf(w, 0) || math.IsNaN(w) {
			t.Errorf("got weight %v, want a finite one", w)
		}
	})
	t.Run("a long prompt of any shape is read", func(t *testing.T) {
		t.Parallel()
		for _, piece := range []string{"(", "(a", "[a", ")", "a:", "BREAK ", `\`, "(a:1.1)", "(a:1", "<a:"} {
			text := strings.Repeat(piece, 40_000/len(piece))
			if n := len(prompt.Current.Parse(text)); n == 0 {
				t.Errorf("%q repeated: got no part", piece)
			}
		}
	})
}
