package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"darkroom/bot/language"
	"darkroom/config"
)

// TestExportLanguage: what export prints has all sentences, with the plural forms of the language.
func TestExportLanguage(t *testing.T) {
	t.Parallel()
	code, stdout, _ := call(t, "languages", "export", "pl")
	var list map[string]any
	if err := json.Unmarshal([]byte(stdout), &list); err != nil || code != exitOK {
		t.Fatal(code, err)
	}
	forms, _ := list["%d images"].(map[string]any)
	if _, few := forms["few"]; list["Cancelled: %s"] != "" || !few || len(list) < 300 {
		t.Errorf("got %d sentences, %v", len(list), forms)
	}
	if _, de, _ := call(t, "languages", "export", "de"); !strings.Contains(de, `"Cancel": "Abbrechen"`) {
		t.Error("the German that is built in is not exported")
	}
	if code, _, stderr := call(t, "languages", "export", "no language"); code == exitOK ||
		!strings.Contains(stderr, "such as fr") {
		t.Errorf("got %d, %q", code, stderr)
	}
}

// TestLoadLanguages: a filled in list is loaded, also while some of it is empty, and a bad file is named in one line.
func TestLoadLanguages(t *testing.T) {
	dir := t.TempDir()
	list, err := language.Export("eo")
	if err != nil {
		t.Fatal(err)
	}
	list = []byte(strings.Replace(string(list), `"Cancel": ""`, `"Cancel": "Nuligi"`, 1))
	path := filepath.Join(dir, "eo.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := loadLanguages(config.Languages{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	l := language.Find("eo")
	if l.Text("Cancel") != "Nuligi" || l.Text("Delete") != "Delete" ||
		l.Count(2, "%d image", "%d images", 2) != "2 images" {
		t.Errorf("got %q, %q", l.Text("Cancel"), l.Text("Delete"))
	}
	if err := os.WriteFile(path, []byte(`{"%d images": {"other": "bildoj"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	err = loadLanguages(config.Languages{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "eo.json") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
