package dynamic_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"darkroom/render/prompt/dynamic"
)

// Names with blanks and signs are read where there is such a file, and only there. dynamicprompts 0.31 reads them.
func TestUnusualWildcardNames(t *testing.T) {
	t.Parallel()
	names := []string{
		"my birds", "Japanese Art/yoga", "salt&pepper", "artist's", "a,b", "x+y", "a b c", "what?",
		"(old) masters", "50% grey",
	}
	files := fstest.MapFS{}
	for _, name := range names {
		files[name+".txt"] = &fstest.MapFile{Data: []byte("wren")}
	}
	folder := dynamic.Folder{FS: files}
	for _, name := range append(names, "MY BIRDS", "my b*", "* b c") {
		text := "a __" + name + "__ in {a|a} tree"
		got, err := dynamic.Expand(t.Context(), []string{text}, 1, folder, 1)
		if err != nil || got[0][0] != "a wren in a tree" {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
		if !dynamic.HasChoices("a __"+name+"__", folder) {
			t.Errorf("%s: not recognised as a choice", name)
		}
	}
	for _, text := range []string{
		"a __not a file__ b", "__ __", "____", "__my birds", "__my birds_ _", "__" + strings.Repeat("long ", 50) + "__",
	} {
		got, err := dynamic.Expand(t.Context(), []string{text}, 1, folder, 1)
		if err != nil || got[0][0] != text {
			t.Errorf("%q: got %q, %v; want it as it is", text, got, err)
		}
	}
}

// TestBadEntriesSpoilNoWildcard has a folder with what real folders hold: the other wildcards work.
func TestBadEntriesSpoilNoWildcard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, path string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, path)); err != nil {
			t.Skip("no symbolic links here: ", err)
		}
	}
	write("birds.txt", "wren")
	write("bad.txt", "a\x00b\x01\x00")
	write("sub/fish.txt", "carp")
	link("nowhere.txt", "dangling.txt")
	link("sub", "folder.txt") // a folder by a name like a wildcard's
	link("sub", "linked")
	link("..", "sub/up") // a circle
	link("birds.txt", "alias.txt")
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "far.txt"), []byte("kite"), 0o644); err != nil {
		t.Fatal(err)
	}
	link(elsewhere, "mounted")
	skipped := map[string]int{}
	folder := dynamic.Folder{FS: os.DirFS(dir), Skipped: func(path string, _ error) { skipped[path]++ }}
	for text, want := range map[string]string{
		"__birds__": "wren", "__alias__": "wren", "__linked/fish__": "carp", "__folder.txt/fish__": "carp",
		"__mounted/far__": "kite", "__sub/*__": "carp",
	} {
		got, err := dynamic.Expand(t.Context(), []string{text}, 1, folder, 1)
		if err != nil || got[0][0] != want {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
	if _, err := dynamic.Expand(t.Context(), []string{"__**__"}, 1, folder, 1); err != nil {
		t.Errorf("all wildcards: %v", err)
	}
	if skipped["dangling.txt"] == 0 || skipped["bad.txt"] == 0 || len(skipped) != 2 {
		t.Errorf("skipped %v, want the dangling link and the file that is no text", skipped)
	}
	_, err := dynamic.Expand(t.Context(), []string{"__bad__"}, 1, folder, 1)
	_, unreadable := errors.AsType[*dynamic.UnreadableError](err)
	if !unreadable || !strings.Contains(err.Error(), "bad") {
		t.Errorf("a file that is no text: %v, want it refused by name", err)
	}
}

func TestUnreadableFolderSpoilsNoWildcard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	closed := filepath.Join(dir, "lost+found")
	err := errors.Join(os.WriteFile(filepath.Join(dir, "birds.txt"), []byte("wren"), 0o644), os.Mkdir(closed, 0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadDir(closed); err == nil {
		t.Skip("this user may read every folder")
	}
	var skipped []string
	folder := dynamic.Folder{
		FS: os.DirFS(dir), Skipped: func(path string, _ error) { skipped = append(skipped, path) },
	}
	names, err := folder.Names()
	if err != nil || !slices.Equal(names, []string{"birds"}) || !slices.Equal(skipped, []string{"lost+found"}) {
		t.Errorf("names %q, skipped %q, error %v", names, skipped, err)
	}
}

// TestWildcardText has files as editors of several systems and times write them.
func TestWildcardText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data string
		want []string
	}{
		"line feeds":                   {"a\nb\n", []string{"a", "b"}},
		"carriage returns":             {"a\rb\r", []string{"a", "b"}},
		"both":                         {"a\r\nb\r\n", []string{"a", "b"}},
		"UTF-8 with a mark":            {"\xef\xbb\xbfcafé\n", []string{"café"}},
		"Latin-1":                      {"caf\xe9\nna\xefve", []string{"café", "naïve"}},
		"Windows-1252":                 {"\x93old\x94 \x80", []string{"“old” €"}},
		"UTF-16 LE with a mark":        {"\xff\xfec\x00a\x00f\x00\xe9\x00\n\x00b\x00", []string{"café", "b"}},
		"UTF-16 BE with a mark":        {"\xfe\xff\x00c\x00a\x00f\x00\xe9\x00\n\x00b", []string{"café", "b"}},
		"UTF-16 LE without a mark":     {"c\x00a\x00f\x00\xe9\x00\r\x00\n\x00b\x00", []string{"café", "b"}},
		"UTF-16 BE without a mark":     {"\x00c\x00a\x00f\x00\xe9\x00\n\x00b", []string{"café", "b"}},
		"Chinese, UTF-16 LE, no mark":  {"\x2b\x73\n\x00\xd7\x72", []string{"猫", "狗"}},
		"the last line is without end": {"a\nb", []string{"a", "b"}},
	} {
		folder := dynamic.Folder{FS: fstest.MapFS{"w.txt": {Data: []byte(tt.data)}}}
		if got, err := folder.Lines("w"); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v; want %q", name, got, err, tt.want)
		}
	}
	for name, data := range map[string]string{
		"a picture": "\x89PNG\r\n\x1a\n\x00\x00\x00\x0d", "U+FFFD": "a\ufffdb", "half a UTF-16 unit": "\xff\xfea\x00b",
	} {
		folder := dynamic.Folder{FS: fstest.MapFS{"w.txt": {Data: []byte(data)}}}
		if got, err := folder.Lines("w"); err == nil {
			t.Errorf("%s: got %q, want it refused", name, got)
		}
	}
}

// A prompt that is too long without any choice is judged by its own length.
func TestExpandLeavesLongTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 16_002)
	got, err := dynamic.Expand(t.Context(), []string{long}, 1, testWildcards(), 1)
	if err != nil || got[0][0] != long {
		t.Errorf("got %d texts, %v; want it as it is", len(got), err)
	}
	got, err = dynamic.Expand(t.Context(), []string{long + "{b|b}"}, 1, testWildcards(), 1)
	if err != nil || got[0][0] != long+"b" {
		t.Errorf("with a choice: got %d texts, %v; want it with its choice", len(got), err)
	}
	_, err = dynamic.Expand(t.Context(), []string{strings.Repeat("__wide__", 9)}, 1, testWildcards(), 1)
	if !errors.Is(err, dynamic.ErrTooLong) {
		t.Errorf("with what choices add: %v, want %v", err, dynamic.ErrTooLong)
	}
}
