package dynamic_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf16"

	"darkroom/render/prompt/dynamic"
)

// wildcardsIn writes files below a folder of their own, and opens it. bad gets what cannot be read.
func wildcardsIn(t *testing.T, files map[string]string, bad *[]string) (dynamic.Folder, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	f := dynamic.Folder{FS: os.DirFS(dir)}
	if bad != nil {
		f.Bad = func(path string, _ error) { *bad = append(*bad, path) }
	}
	return f, dir
}

func expandIn(t *testing.T, f dynamic.Folder, text string) (string, error) {
	rows, err := dynamic.Expand(t.Context(), []string{text}, 1, f, 10)
	if err != nil {
		return "", err
	}
	return rows[0][0], nil
}

// TestUnusualNames: dynamicprompts 0.31 reads any name; here only one that exists, so that other text stays.
func TestUnusualNames(t *testing.T) {
	t.Parallel()
	f, _ := wildcardsIn(t, map[string]string{
		"my birds.txt": "owl", "Japanese Art/yoga.txt": "crane", "salt&pepper.txt": "mill", "artist's.txt": "brush",
		"a,b.txt": "comma", "x+y.txt": "sum", "a b c.txt": "letters", "birds.txt": "wren", "мои птицы.txt": "сова",
	}, nil)
	for text, want := range map[string]string{
		"a __my birds__ sings":          "a owl sings",
		"__MY BIRDS__":                  "owl",
		"__Japanese Art/yoga__":         "crane",
		"__Japanese Art/*__":            "crane",
		"__salt&pepper__":               "mill",
		"__artist's__":                  "brush",
		"__a,b__":                       "comma",
		"{__a,b__|__a,b__}":             "comma",
		"__x+y__ and __a b c__":         "sum and letters",
		"__мои птицы__":                 "сова",
		"__underline this__":            "__underline this__",
		"__an underline__birds__":       "__an underlinewren",
		"an __underlined word, a bird_": "an __underlined word, a bird_",
		"__no * such__":                 "__no * such__",
		"__my\nbirds__":                 "__my\nbirds__",
	} {
		if got, err := expandIn(t, f, text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	if rows, err := dynamic.Expand(t.Context(), []string{"{__a,b__, x}"}, 1, f, 10); err != nil || len(rows) != 2 ||
		rows[0][0] != "comma" {
		t.Errorf("a comma in a name in a permutation: got %q, %v", rows, err)
	}
	unknown := &dynamic.UnknownError{}
	if _, err := expandIn(t, f, "__brids__"); !errors.As(err, &unknown) {
		t.Errorf("a usual name that is missing: got %v, want it told", err)
	}
	for _, name := range unknown.Known { // each name of the hint works
		if got, err := expandIn(t, f, "__"+name+"__"); err != nil || strings.Contains(got, "_") {
			t.Errorf("%s of the hint: got %q, %v", name, got, err)
		}
	}
}

// TestBadEntries: one entry that cannot be read does not spoil the others.
func TestBadEntries(t *testing.T) {
	t.Parallel()
	var bad []string
	f, dir := wildcardsIn(t, map[string]string{
		"birds.txt": "owl", "lost+found/x.txt": "never", "more/fish.txt": "carp", "binary.txt": "\x00\x01\xff\x00",
	}, &bad)
	outside := t.TempDir()
	if err := errors.Join(
		os.WriteFile(filepath.Join(outside, "far.txt"), []byte("ant"), 0o600),
		os.Chmod(filepath.Join(dir, "lost+found"), 0), os.Symlink("nowhere", filepath.Join(dir, "dangling.txt")),
		os.Symlink("more", filepath.Join(dir, "link.txt")), os.Symlink(outside, filepath.Join(dir, "outside")),
		os.Symlink("..", filepath.Join(dir, "more", "circle")), os.Symlink("birds.txt", filepath.Join(dir, "alias.txt")),
	); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(filepath.Join(dir, "lost+found"), 0o755) })
	names, err := f.Names()
	want := []string{"alias", "binary", "birds", "link.txt/fish", "more/fish", "outside/far"}
	if os.Geteuid() == 0 { // who may read everything
		want = append(want[:4:4], "lost+found/x", "more/fish", "outside/far")
	}
	if err != nil || !slices.Equal(names, want) {
		t.Errorf("got %q, %v, want %q", names, err, want)
	}
	if !slices.Contains(bad, "dangling.txt") || os.Geteuid() != 0 && !slices.Contains(bad, "lost+found") {
		t.Errorf("told of %q, want what cannot be read", bad)
	}
	for text, want := range map[string]string{
		"__birds__": "owl", "__alias__": "owl", "__outside/far__": "ant", "__link.txt/fish__": "carp", "__b*__": "owl",
	} {
		if got, err := expandIn(t, f, text); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
	var unreadable *dynamic.UnreadableError
	if _, err := expandIn(t, f, "__binary__"); !errors.As(err, &unreadable) || unreadable.Name != "binary" {
		t.Errorf("a file that is no text: got %v, want it named", err)
	}
}

// TestUnreadableFolder does with a file system of its own what root cannot try.
func TestUnreadableFolder(t *testing.T) {
	t.Parallel()
	var bad []string
	f := dynamic.Folder{
		FS:  unreadable{fstest.MapFS{"birds.txt": {Data: []byte("owl")}, "lost/x.txt": {Data: []byte("x")}}},
		Bad: func(path string, _ error) { bad = append(bad, path) },
	}
	if got, err := expandIn(t, f, "__*__"); err != nil || got != "owl" || !slices.Contains(bad, "lost") {
		t.Errorf("got %q, %v, told of %q, want owl and lost", got, err, bad)
	}
}

func TestTextFiles(t *testing.T) {
	t.Parallel()
	utf16of := func(text string, big, mark bool) string {
		if mark {
			text = "\ufeff" + text
		}
		var b []byte
		for _, u := range utf16.Encode([]rune(text)) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	for name, text := range map[string]string{
		"UTF-8":                 "café\nsmörgås\n",
		"UTF-8 with a mark":     "\ufeffcafé\nsmörgås",
		"lone CR":               "café\rsmörgås\r",
		"CRLF":                  "café\r\nsmörgås\r\n",
		"Latin-1":               "caf\xe9\nsm\xf6rg\xe5s\n",
		"UTF-16LE with a mark":  utf16of("café\r\nsmörgås\r\n", false, true),
		"UTF-16BE with a mark":  utf16of("café\nsmörgås", true, true),
		"UTF-16LE without mark": utf16of("café\nsmörgås\n", false, false),
		"UTF-16BE without mark": utf16of("café\rsmörgås\r", true, false),
	} {
		f, _ := wildcardsIn(t, map[string]string{"x.txt": text}, nil)
		got, err := f.Lines("x")
		if want := []string{"café", "smörgås"}; err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v, want %q", name, got, err, want)
		}
	}
	for name, text := range map[string]string{
		"a picture": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "U+FFFD": "caf\ufffd", "a NUL": "a\x00b", "half a pair": "\xff\xfe\x3d\xd8",
	} {
		f, _ := wildcardsIn(t, map[string]string{"x.txt": text}, nil)
		if got, err := f.Lines("x"); err == nil {
			t.Errorf("%s: got %q, want it refused", name, got)
		}
	}
	f, _ := wildcardsIn(t, map[string]string{"x.txt": strings.Repeat("é\n", 1<<19)}, nil)
	if got, err := f.Lines("x"); err != nil || slices.ContainsFunc(got, func(l string) bool { return l != "é" }) {
		t.Errorf("a file that is longer than what is read: got %d lines, %v, want whole ones", len(got), err)
	}
}

// TestTextLimits: only what choices add counts here; how long a prompt may be, the resolver tells.
func TestTextLimits(t *testing.T) {
	t.Parallel()
	for _, text := range []string{strings.Repeat("a", 20_000), strings.Repeat("a", 20_000) + "{b|b}"} {
		want := strings.ReplaceAll(text, "{b|b}", "b")
		if got, err := expandIn(t, dynamic.Folder{}, text); err != nil || got != want {
			t.Errorf("%d characters: got %d, %v", len(text), len(got), err)
		}
	}
}

func TestLargeCounts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"{10000$$a|a}", "{99999999999$$a|a}", "{2-10000$$a|a}"} {
		if got, err := expandIn(t, dynamic.Folder{}, text); err != nil || got != "a, a" {
			t.Errorf("%s: got %q, %v, want as many as there are", text, got, err)
		}
	}
}

// unreadable is a file system whose folder "lost" cannot be listed.
type unreadable struct{ fstest.MapFS }

func (u unreadable) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == "lost" {
		return nil, fs.ErrPermission
	}
	return u.MapFS.ReadDir(name)
}
