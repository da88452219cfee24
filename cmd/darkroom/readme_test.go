package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	// namedPath is a file or folder of the repository in backticks, such as `bot/admit` or `queue/lua/reserve.lua`.
	namedPath = regexp.MustCompile("`((?:cmd|bot|queue|render|store|config|docs)(?:/[A-Za-z0-9_.-]+)*/?)`")
	// pageLink is the target of a Markdown link, without its fragment.
	pageLink = regexp.MustCompile(`\]\(([^)#\s]+)[^)\s]*\)`)
)

// TestPagesNameFilesThatExist keeps "to change X, open Y" true, and every link between the pages.
func TestPagesNameFilesThatExist(t *testing.T) {
	t.Parallel()
	const root = "../.."
	pages, err := filepath.Glob(root + "/docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("found %d pages in docs, error %v", len(pages), err)
	}
	for _, page := range append(pages, root+"/README.md") {
		text := readText(t, page)
		for _, m := range namedPath.FindAllStringSubmatch(text, -1) {
			mustExist(t, page, filepath.Join(root, m[1]))
		}
	}
	records, err := filepath.Glob(root + "/docs/decisions/*.md")
	if err != nil || len(records) == 0 {
		t.Fatalf("found %d decisions, error %v", len(records), err)
	}
	for _, page := range append(append(pages, records...), root+"/README.md") {
		for _, m := range pageLink.FindAllStringSubmatch(readText(t, page), -1) {
			if !strings.Contains(m[1], "://") {
				mustExist(t, page, filepath.Join(filepath.Dir(page), m[1]))
			}
		}
	}
}

// namedFunction is a name that the README gives with its file, such as `limitOptions` in `bot/command/commands.go`.
var namedFunction = regexp.MustCompile(
	"((?:`[A-Za-z]+`(?:, | and )?)+) in `((?:cmd|bot|queue|render|store|config)/[^`]+)`",
)

// declaration is what stands before a name where Go or Lua declares it. A field or constant may stand alone.
const declaration = `(?m)^\s*(?:(?:local )?function (?:\w+\.)?|func (?:\([^)]*\) )?|type |const |var )?`

// TestReadmeNamesFunctionsThatExist holds the names in "to change X, open Y" against the files they are said to be in.
func TestReadmeNamesFunctionsThatExist(t *testing.T) {
	t.Parallel()
	found := 0
	for _, m := range namedFunction.FindAllStringSubmatch(readText(t, "../../README.md"), -1) {
		text := readText(t, filepath.Join("../..", m[2]))
		for _, name := range regexp.MustCompile("[A-Za-z]+").FindAllString(strings.ReplaceAll(m[1], " and ", ""), -1) {
			found++
			if !regexp.MustCompile(declaration + name + `\b`).MatchString(text) {
				t.Errorf("README.md names %s in %s, which does not declare it", name, m[2])
			}
		}
	}
	if found < 20 {
		t.Errorf("found %d names with their files, want at least 20", found)
	}
}

// TestReadmeListsEveryRecord holds the index of decisions against the files beside it.
func TestReadmeListsEveryRecord(t *testing.T) {
	t.Parallel()
	const folder = "../../docs/decisions"
	index := readText(t, folder+"/README.md")
	records, _ := filepath.Glob(folder + "/0*.md")
	for _, path := range records {
		if !strings.Contains(index, "]("+filepath.Base(path)+")") {
			t.Errorf("docs/decisions/README.md does not list %s", filepath.Base(path))
		}
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func mustExist(t *testing.T, page, path string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("%s names %s, which does not exist", filepath.Base(page), strings.TrimPrefix(path, "../../"))
	}
}
