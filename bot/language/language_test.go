package language

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"darkroom/render/phrase"
)

// more loads languages for one test.
func more(t *testing.T, files map[string]string) error {
	t.Helper()
	dir, was := t.TempDir(), current.Load()
	t.Cleanup(func() { current.Store(was) })
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	current.Store(nil)
	return Load(dir)
}

type tooLarge struct{ size int }

func (e tooLarge) Error() string { return e.Phrase().String() }

func (e tooLarge) Phrase() phrase.Phrase { return phrase.Of("image too large: %d MB", e.size) }

func TestPrint(t *testing.T) {
	err := more(t, map[string]string{
		"pl.json": `{
			"%d images": {"one": "%d obraz", "few": "%d obrazy", "many": "%d obrazów", "other": "%d obrazu"},
			"%s of %s is too much.": "Za dużo: %[2]s z %[1]s.",
			"image too large: %d MB": "obraz za duży: %d MB",
			"Cancelled": "Anulowano"
		}`,
		"notes.txt": "no catalogue",
	})
	if err != nil {
		t.Fatal(err)
	}
	pl, en := Find("pl"), Language{}
	images := func(n int) phrase.Phrase { return phrase.Count(n, "%d image", "%d images", n) }
	for _, c := range []struct{ got, want string }{
		{pl.Text("Cancelled"), "Anulowano"},
		{pl.Text("Not translated, 100%"), "Not translated, 100%"},
		{pl.Count(1, "%d image", "%d images", 1), "1 obraz"},
		{pl.Count(3, "%d image", "%d images", 3), "3 obrazy"},
		{pl.Count(5, "%d image", "%d images", 5), "5 obrazów"},
		{en.Count(1, "%d image", "%d images", 1), "1 image"},
		{en.Count(5, "%d image", "%d images", 5), "5 images"},
		{pl.Sprintf("%s of %s is too much.", images(5), images(1)), "Za dużo: 1 obraz z 5 obrazów."},
		{en.Sprintf("%s of %s is too much.", images(5), images(1)), "5 images of 1 image is too much."},
		{pl.Print(phrase.Of("%s of %s is too much.", "a", fmt.Errorf("x: %w", tooLarge{3}))),
			"Za dużo: obraz za duży: 3 MB z a."},
		{en.Print(phrase.Of("100%")), "100%"},
		{en.Print(phrase.Phrase{}), ""},
		{pl.Sprintf("%v", errors.New("plain")), "plain"},
		{pl.Name(), "polski"}, {Find("de").Name(), "Deutsch"}, {en.Name(), "English"},
		{en.Integer(1234567), "1,234,567"}, {Find("de").Integer(1234567), "1.234.567"},
		{Find("de").Sprintf("%s MB", phrase.Decimal(1234.5, 1)), "1.234,5 MB"},
		{en.Sprintf("%s MB", phrase.Decimal(1234.5, 1)), "1,234.5 MB"},
		{en.Decimal(2.5, 1), "2.5"}, {Find("de").Decimal(2.5, 1), "2,5"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		tags []string
		want string
	}{
		{nil, "en"}, {[]string{""}, "en"}, {[]string{"en-US"}, "en"}, {[]string{"en-GB", "de"}, "en"},
		{[]string{"de"}, "de"}, {[]string{"de-AT"}, "de"}, {[]string{"", "de"}, "de"}, {[]string{"ja", "de"}, "de"},
		{[]string{"ja"}, "en"}, {[]string{"no such language at all"}, "en"}, {[]string{"xx-\x00"}, "en"},
	} {
		if got := Find(c.tags...).String(); got != c.want {
			t.Errorf("Find(%q) = %s, want %s", c.tags, got, c.want)
		}
	}
	if Find("en-GB") != (Language{}) {
		t.Error("English is not the zero value")
	}
}

func TestJSON(t *testing.T) {
	for tag, want := range map[string]string{`"de"`: `"de"`, `""`: `""`, `"xx"`: `""`, `"en"`: `""`} {
		var l Language
		if err := json.Unmarshal([]byte(tag), &l); err != nil {
			t.Fatal(err)
		}
		if got, err := json.Marshal(l); err != nil || string(got) != want {
			t.Errorf("%s became %s (%v), want %s", tag, got, err, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"fr.json": `{"a": `, "my texts.json": `{}`, "it.json": `{"a": ["b"]}`,
		"pt.json": `{"%d images": "imagens"}`, "es.json": `{"%d of %s": "%s de %d"}`, "nl.json": `{"a": {"one": "b"}}`,
		"sv.json": `{"a": {"other": "b", "more": "c"}}`,
	} {
		if err := more(t, map[string]string{name: text}); err == nil {
			t.Errorf("%s with %s was read", name, text)
		}
	}
	if err := Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a missing folder was read")
	}
}

// TestCatalogues holds the built-in catalogues to their English: the same values, in every plural form.
func TestCatalogues(t *testing.T) {
	files, err := embedded.ReadDir("catalogues")
	if err != nil || len(files) == 0 {
		t.Fatal("no catalogue is built in", err)
	}
	for _, f := range files {
		data, err := embedded.ReadFile("catalogues/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(data); err != nil {
			t.Errorf("%s: %v", f.Name(), err)
		}
	}
}

func TestValuesOf(t *testing.T) {
	if got := valuesOf("%d of %[1]d: %[3]s, 5 %% of %.1f"); !slices.Equal(got, []string{"1 d", "3 s", "4 f"}) {
		t.Error(got)
	}
}
