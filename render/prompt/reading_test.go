package prompt_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"darkroom/render/picture"
	"darkroom/render/prompt"
)

// reading is a text with its composed prompts and its weighted fragments, as recipe/readings.py recorded them.
type reading struct {
	text      string
	terms     []prompt.Term
	fragments []pair
}

func (r *reading) UnmarshalJSON(data []byte) error {
	var terms, fragments [][2]any
	if err := json.Unmarshal(data, &[]any{&r.text, &terms, &fragments}); err != nil {
		return err
	}
	for _, t := range terms {
		r.terms = append(r.terms, prompt.Term{Text: t[0].(string), Weight: t[1].(float64)})
	}
	for _, f := range fragments {
		r.fragments = append(r.fragments, pair{f[0].(string), f[1].(float64)})
	}
	return nil
}

func readings(t testing.TB) (all []reading) {
	t.Helper()
	data, err := os.ReadFile("testdata/readings.json")
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestReadsLikePython compares with Python's re, whose \b, \s, \d and \w are Unicode's.
func TestReadsLikePython(t *testing.T) {
	t.Parallel()
	faults := 0
	for _, r := range readings(t) {
		if got := prompt.Current.Compose(r.text); !reflect.DeepEqual(got, r.terms) {
			t.Errorf("Compose(%q)\n got %+v\nwant %+v", r.text, got, r.terms)
			faults++
		}
		if got := pairs(prompt.Fragments(r.text)); !reflect.DeepEqual(got, r.fragments) {
			t.Errorf("Fragments(%q)\n got %+v\nwant %+v", r.text, got, r.fragments)
			faults++
		}
		if faults > 10 {
			t.FailNow()
		}
	}
}

// TestEditsLikePython: A1111's WHITESPACE is Python's \s, and lark's numbers are ASCII.
func TestEditsLikePython(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]string{
		"[boat:star:0.5]":              {"boat", "star"},
		"[boat:star:0.5\u3000]":        {"boat", "star"},
		"[boat:star:\u00a00.5]":        {"boat", "star"},
		"[boat:star:\v5\x1c]":          {"boat", "star"},
		"[boat:star:\u2028 10 \u0085]": {"boat", "star"},
		"[boat:star:０.５]":              {"[boat:star:０.５]", "[boat:star:０.５]"},
		"[boat:star:0.5\u200b]":        {"[boat:star:0.5\u200b]", "[boat:star:0.5\u200b]"},
	} {
		stages := prompt.Current.Stages(text, prompt.Calls{Count: 20})
		if first, last := stages[0].Text, stages[len(stages)-1].Text; first != want[0] || last != want[1] {
			t.Errorf("%q: got %q, then %q, want %q", text, first, last, want)
		}
	}
}

// TestV2StaysAsItWas holds how Specs of versions 1 and 2 are read: their images must not change.
func TestV2StaysAsItWas(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]prompt.Term{
		"猫AND狗":                     {{Text: "猫", Weight: 1}, {Text: "狗", Weight: 1}},
		"１AND２":                     {{Text: "１", Weight: 1}, {Text: "２", Weight: 1}},
		"boat AND star:0.5\u3000":   {{Text: "boat", Weight: 1}, {Text: " star:0.5\u3000", Weight: 1}},
		"boat AND star:0.5 ":        {{Text: "boat", Weight: 1}, {Text: " star", Weight: 0.5}},
		"dog AND cat:０.５":           {{Text: "dog", Weight: 1}, {Text: " cat:０.５", Weight: 1}},
		"a AND b\u00a0:\u00a0２ AND": {{Text: "a", Weight: 1}, {Text: " b\u00a0:\u00a0２", Weight: 1}, {Text: "", Weight: 1}},
	} {
		if got, err := prompt.V2.Terms(picture.NotationA1111, text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string][]pair{
		"(cat:１.５)":       {{"cat:１.５", 1.1}},
		"(a BREAK b)":     {{"a", 1.1}, {"BREAK", -1}, {"b", 1.1}},
		"(a BREAK b:1.5)": {{"a", 1.5}, {"BREAK", -1}, {"b", 1.5}},
		"(cat:\u30001.5)": {{"cat", 1.5}},
	} {
		if got := pairs(prompt.V2.Parse(text)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %+v, want %+v", text, got, want)
		}
	}
	if got := prompt.V2.Stages("[boat:star:0.5\u3000]", prompt.Calls{Count: 20}); len(got) != 1 {
		t.Errorf("an edit before U+3000: got %+v, want it as text", got)
	}
	if got, err := prompt.V2.Terms(picture.NotationMidjourney, "hot::２ dog"); err != nil || got[1].Text != "２ dog" {
		t.Errorf("full-width digits behind ::: got %+v, %v", got, err)
	}
}

func TestBreakInsideBrackets(t *testing.T) {
	t.Parallel()
	got := pairs(prompt.Current.Parse("sea (a BREAK b:1.5) BREAK sky"))
	want := []pair{{"sea ", 1}, {"a", 1.5}, {"BREAK", -1.5}, {"b", 1.5}, {"BREAK", -1}, {"sky", 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v, as A1111 has it", got, want)
	}
}

func TestMidjourneyDigits(t *testing.T) {
	t.Parallel()
	got, err := prompt.Current.Terms(prompt.DetectNotation("hot::３ dog"), "hot::３ dog")
	want := []prompt.Term{{Text: "hot", Weight: 0.75}, {Text: "dog", Weight: 0.25}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestSettleVersion(t *testing.T) {
	t.Parallel()
	tile := []picture.TilePrompt{{Prompt: "a boat"}, {Prompt: "a boat AND star:０.５"}}
	for name, tt := range map[string]struct {
		was, fields int // the version, and that of the fields
		prompt      string
		tiles       []picture.TilePrompt
		want        int
		reading     picture.Reading
	}{
		"plain words":                  {was: 3, fields: 1, prompt: "a (red:1.2) boat AND [a:b:0.5] BREAK café 猫", want: 2},
		"plain words in later fields":  {was: 1, fields: 2, prompt: "a boat", want: 2},
		"words of one letter":          {was: 3, fields: 1, prompt: "猫AND狗", want: 3},
		"the same of an old Spec":      {was: 2, fields: 1, prompt: "猫AND狗", want: 2},
		"the same with a new field":    {was: 2, fields: 3, prompt: "猫AND狗", want: 3, reading: picture.ReadingV2},
		"plain words with a new field": {was: 2, fields: 3, prompt: "猫 AND 狗", want: 3},
		"a weight with wide digits":    {was: 3, fields: 2, prompt: "(cat:１.５)", want: 3},
		"an edit before a wide blank":  {was: 3, fields: 1, prompt: "[a:a:0.5\u3000]", want: 3},
		"the same of version 1":        {was: 1, fields: 1, prompt: "猫AND狗", want: 1},
		"in the last of many options":  {was: 3, fields: 1, prompt: "[" + strings.Repeat("x|", 40) + "(y:１.５)]", want: 3},
		"a BREAK in brackets":          {was: 3, fields: 1, prompt: "(a BREAK b)", want: 3},
		"a BREAK in an edit":           {was: 3, fields: 1, prompt: "[a BREAK b:c:0.5] BREAK", want: 2},
		"in the second tile alone":     {was: 3, fields: 3, prompt: "a boat", tiles: tile, want: 3},
		"of old tiles, with a new field": {
			was: 2, fields: 3, prompt: "a boat", tiles: tile, want: 3, reading: picture.ReadingV2,
		},
		"plain words with a schedule": {was: 2, fields: 4, prompt: "a boat", want: 4},
		"new words with a schedule":   {was: 4, fields: 4, prompt: "猫AND狗", want: 4},
		"old words with a schedule":   {was: 2, fields: 4, prompt: "猫AND狗", want: 4, reading: picture.ReadingV2},
		"a schedule that went":        {was: 4, fields: 1, prompt: "猫AND狗", want: 3},
	} {
		s := picture.Spec{Version: tt.was, Notation: picture.NotationA1111, Prompt: tt.prompt, Count: 2, Tiles: tt.tiles}
		s.Tiling = tt.fields == 2
		switch tt.fields {
		case 3:
			s.Upscaler = &picture.Ref{}
		case 4:
			s.Schedule = &picture.Schedule{}
		}
		before := prompt.ReadingOf(s)
		prompt.SettleVersion(&s)
		if s.Version != tt.want || s.Reading != tt.reading {
			t.Errorf("%s: got version %d with reading %q, want %d with %q", name, s.Version, s.Reading, tt.want, tt.reading)
		}
		if again := s; true {
			if prompt.SettleVersion(&again); !reflect.DeepEqual(again, s) {
				t.Errorf("%s: settled twice: got %+v, want %+v", name, again, s)
			}
		}
		same := reflect.DeepEqual(prompt.V2.Compose(tt.prompt), prompt.Current.Compose(tt.prompt))
		if !same && prompt.ReadingOf(s) != before {
			t.Errorf("%s: the reading changed", name)
		}
	}
}

// FuzzReading sees that no reading panics, and that a Spec whose readings are said to agree is read alike.
func FuzzReading(f *testing.F) {
	for _, r := range readings(f)[:60] {
		f.Add(r.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := picture.Spec{Version: 3, Notation: picture.NotationA1111, Prompt: text, Count: 1}
		if prompt.SettleVersion(&s); s.Version == 3 {
			return
		}
		text, _ = prompt.Addons(text)
		now, before := prompt.Current.Compose(text), prompt.V2.Compose(text)
		if !reflect.DeepEqual(now, before) {
			t.Fatalf("composed: got %+v, want %+v", before, now)
		}
		for _, term := range now {
			for _, calls := range []prompt.Calls{{Count: 7}, {Count: 20, Before: 5}} {
				for _, stage := range prompt.Current.Stages(term.Text, calls) {
					if !reflect.DeepEqual(prompt.Current.Parse(stage.Text), prompt.V2.Parse(stage.Text)) {
						t.Fatalf("%q is read in two ways", stage.Text)
					}
				}
			}
		}
	})
}
