package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// odd are turns of phrase that native speakers stumbled over in messages, help and pages.
var odd = regexp.MustCompile(`(?i)posted nowhere|come with it in small|words are (weighed|painted)|` +
	`that many were used|is no (PNG|file)\b|picture that I can read|I know no |all of it erased|take a pause back|` +
	`busy beyond|what they may have|of yesterday|folder lies at\b|never saw:|are no finite`)

// TestPlainEnglish looks for them in the program's sources and the documents that people read.
func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	read := 0
	for _, top := range []string{"bot", "cmd", "config", "docs", "queue", "render", "store", "README.md", "CHANGELOG.md"} {
		err := filepath.WalkDir(filepath.Join("../..", top), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() && (e.Name() == "testdata" || e.Name() == "recipe") {
				return skipOr(err)
			}
			ext := filepath.Ext(path)
			if e.IsDir() || strings.HasSuffix(path, "_test.go") || ext != ".go" && ext != ".md" && ext != ".js" {
				return nil
			}
			data, err := os.ReadFile(path)
			read++
			for i, line := range strings.Split(string(data), "\n") {
				if found := odd.FindString(line); found != "" {
					t.Errorf("%s:%d: %q", strings.TrimPrefix(path, "../../"), i+1, found)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if read < 300 {
		t.Errorf("read %d files, too few to be all of them", read)
	}
}

func skipOr(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}
