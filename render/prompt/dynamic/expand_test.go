package dynamic_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"pgregory.net/rapid"

	"darkroom/render/prompt/dynamic"
)

// testWildcards is a folder of wildcards.
func testWildcards() dynamic.Folder {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	return dynamic.Folder{FS: fstest.MapFS{
		"colour.txt":          file("# colours\nred\n\n  blue  \r\n"),
		"animals/birds.txt":   file("owl\nwren\nkite\n"),
		"animals/fish.txt":    file("carp"),
		"animals/far/bug.txt": file("ant"),
		"painted.txt":         file("__colour__ {owl|wren}"),
		"heavy.txt":           file("99999::stone\n0::feather"),
		"loop.txt":            file("a __loop__"),
		"wide.txt":            file(strings.Repeat("__wide__ __wide__ ", 20)),
		"empty.txt":           file("# nothing\n"),
		"notes.md":            file("no wildcard"),
		"both.txt":            file("{x, y}"),
	}}
}

func expand(t *testing.T, seed int64, texts ...string) [][]string {
	t.Helper()
	got, err := dynamic.Expand(t.Context(), texts, seed, testWildcards(), 1000)
	if err != nil {
		t.Fatalf("%q: %v", texts, err)
	}
	return got
}

// outcomes are the different prompts that many seeds give.
func outcomes(t *testing.T, text string) []string {
	t.Helper()
	seen := map[string]bool{}
	for seed := range int64(400) {
		seen[expand(t, seed, text)[0][0]] = true
	}
	var all []string
	for s := range seen {
		all = append(all, s)
	}
	slices.Sort(all)
	return all
}

func TestChoices(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"nothing open": {
			"a (red:1.2) [boat|ship] <lora:x:1>", []string{"a (red:1.2) [boat|ship] <lora:x:1>"},
		},
		"one of several":                      {"a {red|blue} boat", []string{"a blue boat", "a red boat"}},
		"an option may be empty":              {"{fe|}male", []string{"female", "male"}},
		"blanks belong to an option":          {"a{ red|} boat", []string{"a boat", "a red boat"}},
		"groups nest":                         {"{a|{b|c} d}", []string{"a", "b d", "c d"}},
		"commas in a choice are text":         {"{a, b|c}", []string{"a, b", "c"}},
		"two of three, none twice":            {"{2$$a|b|c}", []string{"a, b", "a, c", "b, a", "b, c", "c, a", "c, b"}},
		"a separator of one's own":            {"{2$$ and $$a|b}", []string{"a and b", "b and a"}},
		"a range":                             {"{1-2$$ $$a|b}", []string{"a", "a b", "b", "b a"}},
		"a range without beginning":           {"{-2$$+$$a|b}", []string{"a", "a+b", "b", "b+a"}},
		"a range without end":                 {"{2-$$+$$a|b}", []string{"a+b", "b+a"}},
		"none at all":                         {"x{0$$a|b}", []string{"x"}},
		"more than there are":                 {"{5$$+$$a|b}", []string{"a+b", "b+a"}},
		"several lose the blanks around them": {"{2$$+$$ a | b }", []string{"a+b", "b+a"}},
		"no weight is never chosen":           {"{0::a|2::b|.5::c}", []string{"b", "c"}},
		"all without weight are alike":        {"{0::a|0::b}", []string{"a", "b"}},
		"a weight is a number":                {"{hot:: a|b}", []string{"b", "hot:: a"}},
		"a group of one is what it holds":     {"a {red} boat", []string{"a red boat"}},
		"an open brace is text":               {"a {b|d{ c", []string{"a {b|d{ c"}},
		"a closing brace is text":             {"a|b} c", []string{"a|b} c"}},
		"only the inner half is a group":      {"{a {b|c}", []string{"{a b", "{a c"}},
		"an escaped brace is text":            {`\{a|b\}`, []string{`\{a|b\}`}},
		"an escaped stroke is text":           {`{a\|b|c}`, []string{`a\|b`, "c"}},
		"dollars that count nothing are text": {"{x$$a|b}", []string{"b", "x$$a"}},
		"a wildcard":                          {"a __colour__ boat", []string{"a blue boat", "a red boat"}},
		"a wildcard in a folder":              {"__animals/birds__", []string{"kite", "owl", "wren"}},
		"case does not count":                 {"__Animals/Birds__", []string{"kite", "owl", "wren"}},
		"a star is any name":                  {"__animals/*__", []string{"carp", "kite", "owl", "wren"}},
		"two stars are any folders":           {"__animals/**__", []string{"ant", "carp", "kite", "owl", "wren"}},
		"a wildcard in a choice":              {"{__animals/fish__|dog}", []string{"carp", "dog"}},
		"several values of a wildcard": {
			"{3$$-$$__animals/birds__}",
			[]string{"kite-owl-wren", "kite-wren-owl", "owl-kite-wren", "owl-wren-kite", "wren-kite-owl", "wren-owl-kite"},
		},
		"what stands in a file is expanded":   {"__painted__", []string{"blue owl", "blue wren", "red owl", "red wren"}},
		"a file's lines may have weights":     {"__heavy__", []string{"stone"}},
		"an empty file is nothing":            {"a__empty__b", []string{"ab"}},
		"underscores without a name are text": {"a __ b ____ c__d e__", []string{"a __ b ____ c__d e__"}},
		"a name with a blank is text":         {"__not a name__", []string{"__not a name__"}},
		"a group without anything is nothing": {"a{}b", []string{"ab"}},
		"the rest of the notations stays": {
			"(a:1.2) AND [b:c:0.5] BREAK hot::2 --ar 3:2", []string{"(a:1.2) AND [b:c:0.5] BREAK hot::2 --ar 3:2"},
		},
		"other scripts are letters like all":     {"{日本|ελ}é", []string{"ελé", "日本é"}},
		"a group within editing is chosen first": {"[{a|b}:c:0.5]", []string{"[a:c:0.5]", "[b:c:0.5]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := outcomes(t, tt.text); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q\n got %q\nwant %q", tt.text, got, tt.want)
			}
		})
	}
}

func TestPermutations(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		texts []string
		want  []string // the texts of each joined by |
	}{
		"each option": {
			[]string{"a {red, blue, } boat"}, []string{"a red boat", "a blue boat", "a  boat"},
		},
		"each with each, the last first": {[]string{"{a, b} {c, d}"}, []string{"a c", "a d", "b c", "b d"}},
		"nested": {
			[]string{"{red, pastel {yellow, green}} bird"}, []string{"red bird", "pastel yellow bird", "pastel green bird"},
		},
		"an escaped comma is text": {[]string{`{red\, dark, blue}`}, []string{"red, dark", "blue"}},
		"in flags": {
			[]string{"a boat --ar {3:2, 1:1} --seed {1, 2}"},
			[]string{
				"a boat --ar 3:2 --seed 1", "a boat --ar 3:2 --seed 2", "a boat --ar 1:1 --seed 1", "a boat --ar 1:1 --seed 2",
			},
		},
		"over several texts": {
			[]string{"{a, b}", "x", "{c, d}"}, []string{"a|x|c", "a|x|d", "b|x|c", "b|x|d"},
		},
		"from a wildcard":                      {[]string{"__both__"}, []string{"x", "y"}},
		"a choice of one that has none":        {[]string{"{{a, b}}"}, []string{"a", "b"}},
		"of what is chosen within them":        {[]string{"{a, {b}}"}, []string{"a", "b"}},
		"nothing open is one":                  {[]string{"", "a"}, []string{"|a"}},
		"commas outside of groups are nothing": {[]string{"a, b {c, d}, e"}, []string{"a, b c, e", "a, b d, e"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, row := range expand(t, 1, tt.texts...) {
				got = append(got, strings.Join(row, "|"))
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%q\n got %q\nwant %q", tt.texts, got, tt.want)
			}
		})
	}
	t.Run("share what is chosen", func(t *testing.T) {
		t.Parallel()
		for seed := range int64(20) {
			got := expand(t, seed, "{cat, dog} {red|blue|green}")
			if a, b := strings.Fields(got[0][0])[1], strings.Fields(got[1][0])[1]; a != b {
				t.Errorf("seed %d: got %s and %s, want one colour", seed, a, b)
			}
		}
	})
}

// The same seed chooses the same for ever: what is written down here was drawn by the first version.
func TestSeedsAreStable(t *testing.T) {
	t.Parallel()
	var got []string
	for seed := range int64(8) {
		got = append(got, expand(t, seed, "{a|b|c} {2$$ $$1|2|3} __animals/birds__")[0][0])
	}
	want := []string{
		"c 2 1 kite", "b 3 2 wren", "b 3 2 kite", "a 3 2 owl", "b 3 2 wren", "b 3 1 owl", "c 2 1 owl", "b 1 3 wren",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWeightsOfChoices(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range int64(4000) {
		seen[expand(t, seed, "{3::a|b}")[0][0]]++
	}
	if n := seen["a"]; n < 2880 || n > 3120 { // 3,000 expected; four and a half standard deviations
		t.Errorf("3::a of 4,000: got %d, want about 3,000", n)
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("{a, b}", 40)
	var tooMany *dynamic.TooManyError
	if _, err := dynamic.Expand(t.Context(), []string{"{a, b} {c, d}"}, 1, testWildcards(), 3); !errors.As(
		err, &tooMany,
	) ||
		tooMany.Count != 4 ||
		tooMany.Max != 3 {
		t.Errorf("four of at most three: got %v", err)
	}
	if _, err := dynamic.Expand(t.Context(), []string{many}, 1, testWildcards(), 40); !errors.As(err, &tooMany) ||
		tooMany.Count != 1_000_000 {
		t.Errorf("2^40 permutations: got %v", err)
	}
	for _, text := range []string{"__loop__", "__wide__", strings.Repeat("{a|b}", 2001)} {
		if _, err := dynamic.Expand(t.Context(), []string{text}, 1, testWildcards(), 40); !errors.Is(
			err, dynamic.ErrTooLong,
		) {
			t.Errorf("%.20s: got %v, want ErrLong", text, err)
		}
	}
	for text, line := range map[string]string{"{2500$$__many__}": "a", "{500$$__many__}": strings.Repeat("a", 1000)} {
		s := &countingWildcards{names: []string{"many"}, lines: slices.Repeat([]string{line}, 3000)}
		if _, err := dynamic.Expand(t.Context(), []string{text}, 1, s, 40); !errors.Is(err, dynamic.ErrTooLong) {
			t.Errorf("%s of %.20s: got %v, want ErrLong", text, line, err)
		}
	}
	var unknown *dynamic.UnknownError
	_, err := dynamic.Expand(t.Context(), []string{"a __fowl__"}, 1, testWildcards(), 40)
	if !errors.As(err, &unknown) || unknown.Name != "fowl" ||
		!strings.Contains(unknown.Hint().String(), "__animals/birds__") {
		t.Errorf("an unknown wildcard: got %v", err)
	}
	_, err = dynamic.Expand(t.Context(), []string{"a __fowl__"}, 1, dynamic.Folder{}, 40)
	if !errors.As(err, &unknown) || !strings.Contains(unknown.Hint().String(), "There are no wildcards yet") {
		t.Errorf("no wildcards at all: got %v", err)
	}
	for _, name := range []string{"../secret", "/etc/passwd", "..", ".", "animals"} {
		if _, err := dynamic.Expand(t.Context(), []string{"__" + name + "__"}, 1, testWildcards(), 40); !errors.As(
			err, &unknown,
		) {
			t.Errorf("%s: got %v, want it unknown", name, err)
		}
	}
}

func TestHasChoices(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"a boat": false, "{a|b}": true, "{a, b}": true, "__a__": true, "{a": false, `\{a|b\}`: false, "a | b": false,
		"{a}": false, "": false,
	} {
		if got := dynamic.HasChoices(text, nil); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

// checkExpand reports what is wrong with an expansion of any text.
func checkExpand(text string, seed int64) error {
	got, err := dynamic.Expand(context.Background(), []string{text}, seed, testWildcards(), 30)
	if err != nil {
		return nil // refused, which is an answer
	}
	if len(got) < 1 || len(got) > 30 {
		return fmt.Errorf("%d permutations", len(got))
	}
	again, err := dynamic.Expand(context.Background(), []string{text}, seed, testWildcards(), 30)
	if err != nil {
		return fmt.Errorf("the second time: %w", err)
	}
	if !reflect.DeepEqual(got, again) {
		return fmt.Errorf("the second time: %q, want %q", again, got)
	}
	for _, row := range got {
		tooLong := len(row[0]) > 20_000+len(text) // how long a text may be as it was typed, others judge
		if tooLong || utf8.ValidString(text) && !utf8.ValidString(row[0]) {
			return fmt.Errorf("got %d bytes: %.80q", len(row[0]), row[0])
		}
	}
	if !strings.ContainsAny(text, "{_") && got[0][0] != text {
		return fmt.Errorf("nothing is open: got %q", got)
	}
	return nil
}

func TestExpandAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(
			rapid.SliceOf(
				rapid.SampledFrom(
					[]string{"{", "}", "|", ",", "a", " ", "2", "$$", "::", `\`, "__", "__colour__", "-", "é", "__loop__"},
				),
			).Draw(
				t, "text",
			),
			"",
		)
		if err := checkExpand(text, rapid.Int64().Draw(t, "seed")); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

func TestExpandLongAndDeep(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"{", "}", "{a|", "{a,", "__", "__a", "{2$$", `\`, "_", "{}", "$$", "{{a|b},"} {
		text := strings.Repeat(piece, 15_000/len(piece))
		if err := checkExpand(text, 1); err != nil {
			t.Errorf("%q repeated: %v", piece, err)
		}
		if deep := text + "x" + strings.Repeat("}", 8000); checkExpand(deep, 1) != nil {
			t.Errorf("%q repeated and closed: %v", piece, checkExpand(deep, 1))
		}
	}
}

func FuzzExpand(f *testing.F) {
	for _, seed := range []string{
		"a {red|blue} boat", "{2$$ and $$a|b|c}", "{3::a|{b, c}}", "__animals/*__", `{a\,b, c}`, "{{{", "__a__b__",
	} {
		f.Add(seed, int64(7))
	}
	f.Fuzz(func(t *testing.T, text string, seed int64) {
		if err := checkExpand(text, seed); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// BenchmarkExpand measures what a character costs, whatever brackets it is.
func BenchmarkExpand(b *testing.B) {
	for _, piece := range []string{"a red boat, ", "{a|b} ", "{{a|b}|c", "{", "__a"} {
		for _, n := range []int{1000, 16_000} {
			text := strings.Repeat(piece, n/len(piece))
			b.Run(fmt.Sprintf("%.8s/%d", piece, n), func(b *testing.B) {
				for b.Loop() {
					_, _ = dynamic.Expand(b.Context(), []string{text}, 1, dynamic.Folder{}, 1)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/char")
			})
		}
	}
}
